"""Commands with this deployment's own ids."""

import pytest

from shared.rules.cures import Ids, filled

IDS = Ids(client_id="5b0d0f0c-6f0e-4d7a-9a55-1f2d7a3c9e11", mailbox="alerts@contoso.test", from_mailbox="info@contoso.test")


def test_known_ids_are_filled_in_and_others_stay() -> None:
    """Nothing is invented."""
    fix = "Add-X -App <client id> -Box <mailbox> -As <from-mailbox> -Object <object id>"
    assert filled(fix, IDS) == (
        "Add-X -App 5b0d0f0c-6f0e-4d7a-9a55-1f2d7a3c9e11 -Box alerts@contoso.test -As info@contoso.test -Object <object id>"
    )


@pytest.mark.parametrize(
    ("mailbox", "shown"),
    [("o'brien@contoso.test", "'o''brien@contoso.test'"), ("a;b@contoso.test", "'a;b@contoso.test'"), ("$x@y", "'$x@y'")],
)
def test_what_a_shell_would_read_is_quoted(mailbox: str, shown: str) -> None:
    """An address is data."""
    assert filled("Get-Mailbox <mailbox>", Ids(mailbox=mailbox)) == f"Get-Mailbox {shown}"


def test_what_was_filled_in_is_not_filled_again() -> None:
    """An id that looks like a placeholder stays what it is."""
    assert filled("<app> <group>", Ids(app="<group>", group="g")) == "'<group>' g"


def test_other_brackets_stay() -> None:
    """They are not ours."""
    assert filled("a < b > c <Mailbox> <nsg>", IDS) == "a < b > c <Mailbox> <nsg>"

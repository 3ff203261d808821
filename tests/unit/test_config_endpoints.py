"""Senders that use High Volume Email: which clouds have it, what it reaches, and whose limits it has."""

import pytest

from shared.rules.config_checks import advise
from tests.unit.mail_toml_texts import changed, names, read

HIGH_VOLUME = 'on_unknown = "hold"\nendpoint = "high-volume"'
"""In place of the second sender's `on_unknown`."""


@pytest.mark.parametrize(
    ("cloud", "faults"),
    [
        ("worldwide", []),
        ("custom", []),
        ("gcc-high", ["senders.reports.endpoint"]),
        ("dod", ["senders.reports.endpoint"]),
        ("china", ["senders.reports.endpoint"]),
    ],
)
def test_high_volume_email_needs_a_cloud_that_has_it(cloud: str, faults: list[str]) -> None:
    """The fault names the sender's key; a relay or the local cloud answers at its one server."""
    text = f'[cloud]\nname = "{cloud}"\n' + changed('on_unknown = "hold"', HIGH_VOLUME)
    assert names(text) == faults


def test_an_endpoint_is_one_of_two() -> None:
    """Without the key it is client submission; anything else is refused with what to say."""
    tables, faults = read(changed('on_unknown = "hold"', HIGH_VOLUME))
    assert not faults
    assert {name: sender.endpoint.value for name, sender in tables.senders.items()} == {
        "alerts": "submission",
        "reports": "high-volume",
    }
    (fault,) = read(changed('on_unknown = "hold"', 'on_unknown = "hold"\nendpoint = "hve"'))[1]
    assert (fault.name, fault.cure) == ("senders.reports.endpoint", 'say "submission" or "high-volume"')


def test_senders_that_share_a_mailbox_say_the_same_endpoint() -> None:
    """A mailbox logs in at one server; the two accounts are of different kinds anyway."""
    shared = changed('mailboxes = ["reports@contoso.test"]', 'mailboxes = ["Alerts@contoso.test"]')
    mixed = changed('on_unknown = "hold"', HIGH_VOLUME, shared)
    assert names(mixed) == ["senders.reports.endpoint"]
    assert names(changed('on_unknown = "resend"', 'on_unknown = "resend"\nendpoint = "high-volume"', mixed)) == []


@pytest.mark.parametrize(
    ("more", "warned"),
    [
        ("", []),
        ('allow_recipients = ["contoso.test", "example.com"]', []),
        ('allow_recipients = ["contoso.test", "*"]', ["senders.reports.allow_recipients"]),
        ("messages_per_minute = 600\nconnections = 20\nrecipients_per_day = 100000", []),
    ],
)
def test_high_volume_email_reaches_nobody_outside_and_has_other_limits(more: str, warned: list[str]) -> None:
    """`"*"` promises what it cannot do; the limits of client submission are not its own."""
    tables, faults = read(changed('on_unknown = "hold"', f"{HIGH_VOLUME}\n{more}"))
    assert not faults
    assert [warning.name for warning in advise(tables)] == warned

"""The arithmetic of a token's life."""

import pytest

from shared.rules.token import Token

SECRET = "eyJ0.secret.part"


@pytest.mark.parametrize(
    ("life", "refresh_after"),
    [(86_400, 43_200), (7_200, 3_600), (3_600, 3_000), (600, 300)],
    ids=["a day: half", "two hours: half", "an hour: ten minutes before", "ten minutes: half"],
)
def test_when_the_next_token_is_due(life: float, refresh_after: float) -> None:
    """Long tokens are renewed at half their life, short ones ten minutes before the end but not before half."""
    token = Token(SECRET, fetched_at=1000.0, expires_at=1000.0 + life)
    assert not token.due(1000.0 + refresh_after - 1)
    assert token.due(1000.0 + refresh_after)


def test_a_token_about_to_expire_is_not_used_for_a_login() -> None:
    """Five minutes before the end it counts as gone."""
    token = Token(SECRET, fetched_at=0.0, expires_at=3600.0)
    assert token.usable(3299.0)
    assert not token.usable(3300.0)


def test_an_endpoint_may_need_more_of_a_token_s_life() -> None:
    """Then it counts as gone for a login there, and is good for the others."""
    token = Token(SECRET, fetched_at=0.0, expires_at=3600.0)
    assert token.usable(2999.0, 600.0)
    assert not token.usable(3000.0, 600.0)
    assert token.usable(3000.0)


@pytest.mark.parametrize(("life", "refresh_after"), [(86_400, 43_200), (7_200, 3_600), (3_600, 2_640), (1_200, 600)])
def test_the_next_token_is_due_as_long_before_an_endpoint_s_margin(life: float, refresh_after: float) -> None:
    """Five minutes, whatever the margin, so that there is time for a second try; half of a life stays half of it."""
    token = Token(SECRET, fetched_at=1000.0, expires_at=1000.0 + life)
    assert not token.due(1000.0 + refresh_after - 1, 660.0)
    assert token.due(1000.0 + refresh_after, 660.0)


def test_a_token_never_prints_itself() -> None:
    """Neither repr nor str shows the token's text."""
    token = Token(SECRET, fetched_at=0.0, expires_at=3600.0)
    assert "secret" not in f"{token!r} {token}"

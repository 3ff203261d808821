"""Why there is no token, and how long to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules import token_errors
from shared.rules.outcome import Reason
from shared.rules.token_errors import LONGEST_PAUSE, THROTTLED_PAUSE, TokenUnavailable, of_status, pause

WAITS_FOR_A_PERSON = {"identity-endpoint-missing", "identity-refused", "federation-refused", "authority-not-trusted"}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "identity-throttled"),
        (400, "identity-refused"),
        (401, "identity-refused"),
        (403, "identity-refused"),
        (404, "identity-refused"),
        (408, "identity-down"),
        (500, "identity-down"),
        (503, "identity-down"),
        (200, "identity-answer-unreadable"),
    ],
)
def test_a_status_has_its_reason(status: int, code: str) -> None:
    """Throttled, refused, down, or an answer without a token in it."""
    assert of_status(status, None).reason.code == code


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17.0),
        ("0", 0.0),
        (None, THROTTLED_PAUSE),
        ("soon", THROTTLED_PAUSE),
        ("-5", THROTTLED_PAUSE),
        ("999999", LONGEST_PAUSE),
    ],
)
def test_retry_after_is_kept_within_reason(header: str | None, seconds: float) -> None:
    """RFC 9110 10.2.3 in its number form; anything else is the usual pause, and nothing stops the mail for days."""
    assert of_status(429, header).retry_after == seconds


@given(st.text())
def test_any_header_gives_a_pause(header: str) -> None:
    """It comes from outside."""
    assert 0.0 <= pause(header) <= LONGEST_PAUSE


def test_every_reason_says_what_happened_and_a_persons_fault_also_the_cure() -> None:
    """One plain sentence each, and unique codes."""
    reasons = [value for value in vars(token_errors).values() if isinstance(value, Reason)]
    assert len({reason.code for reason in reasons}) == len(reasons)
    for reason in reasons:
        assert reason.text
        assert reason.fix or reason.code not in WAITS_FOR_A_PERSON


def test_the_error_shows_its_code_and_nothing_else() -> None:
    """What is logged as an exception is a stable word."""
    assert str(TokenUnavailable(Reason("identity-down", "text"), 30.0)) == "identity-down"

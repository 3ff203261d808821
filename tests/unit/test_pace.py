"""The arithmetic of a mailbox's minute."""

from hypothesis import given
from hypothesis import strategies as st

from shared.rules.pace import JITTER, WINDOW, next_slot


def test_the_mail_after_a_full_minute_waits_for_the_first_to_leave_the_window() -> None:
    """With two a minute, booked at 0 and 10, the third goes a minute and the jitter after the first."""
    assert next_slot([0.0, 10.0], 2, 20.0) == WINDOW + JITTER


@given(st.integers(1, 30), st.lists(st.floats(0, 5), min_size=1, max_size=200))
def test_no_sliding_minute_holds_more_than_the_allowance(per_minute: int, gaps: list[float]) -> None:
    """However the mails come in, any `per_minute` + 1 of them span more than a minute."""
    now = 0.0
    booked: list[float] = []
    for gap in gaps:
        now += gap
        booked.append(next_slot(booked, per_minute, max(now, booked[-1] if booked else now)))
    spans = [later - first for first, later in zip(booked, booked[per_minute:], strict=False)]
    assert all(span >= WINDOW for span in spans)

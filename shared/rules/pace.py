"""The arithmetic of one mailbox's pace: how many final dots fit into a sliding minute."""

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 60.0
"""Seconds over which Exchange counts a mailbox's mails (Exchange reference, section 5)."""

JITTER = 1.2
"""Seconds added to the window: a slot is booked before the mail travels, Exchange counts at its final dot."""


def next_slot(booked: Sequence[float], per_minute: int, now: float) -> float:
    """The earliest time for one more mail, `booked` being the ascending times of the last mails (at least `per_minute`)."""
    if len(booked) < per_minute:
        return now
    return max(now, booked[-per_minute] + WINDOW + JITTER)


@dataclass(frozen=True, slots=True)
class Later:
    """No turn within the time that a mail waits in place: come back in so many seconds."""

    seconds: float

"""When the next mail of a mailbox may leave: never more than its allowance in any sliding minute, and evenly."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from math import ceil, inf
from operator import attrgetter

from shared.rules.pace import JITTER, WINDOW, Limits, Slot

MOST_SLOTS = 1_200
"""Slot times that a row holds: a few kilobytes. A mailbox that may send more is counted over a shorter window."""

CATCHING_UP = 0.8
"""Shortest distance between two mails of a backlog, in intervals: what a slot that was missed may be made up by."""

BURST, BURST_PART = 3, 6
"""An idle mailbox may send three mails at once, at most a sixth of its minute: alerts of one moment need not wait for each
other, and whoever comes behind them not for long."""

_at = attrgetter("at")


def effective(limits: Limits, rate: float) -> tuple[int, float]:
    """How many mails fit into how many seconds, where foreign load leaves the part `rate`.

    Where more than `MOST_SLOTS` fit into a minute, each of equal parts of it gets its share: any minute is covered by as
    many such parts, so that it holds no more than all of them.
    """
    count = max(1, int(limits.messages_per_minute * rate))
    parts = ceil(count / MOST_SLOTS)
    return count // parts, WINDOW / parts


def next_slot(slots: Sequence[Slot], limits: Limits, rate: float, now: float) -> float:
    """The earliest time from `now` on for one more mail."""
    count, window = effective(limits, rate)
    window += JITTER
    interval = window / count
    if not slots:
        return now
    last = slots[-1].at
    full = slots[-count].at + window if len(slots) >= count else -inf
    earliest = max(now, full)
    if _may_burst(slots, count, interval, earliest):
        return max(earliest, last)
    return max(earliest, last + _distance(slots, count, window, max(earliest, last)))


def _may_burst(slots: Sequence[Slot], count: int, interval: float, at: float) -> bool:
    """Whether the mailbox was so idle that its next mails need no distance."""
    burst = min(BURST, count // BURST_PART)
    return len(slots) - _index(slots, at - (burst + 2) * interval) < burst


def _distance(slots: Sequence[Slot], count: int, window: float, at: float) -> float:
    """Seconds from the last slot: what is left of the minute is spread until its oldest slot is over.

    A burst would otherwise come back every minute, and behind it a gap in which an urgent mail waits.
    """
    oldest = _index(slots, at - window)
    free = count - (len(slots) - oldest)
    shortest = CATCHING_UP * window / count
    if free <= 0 or oldest >= len(slots):
        return shortest
    return max(shortest, min((slots[oldest].at + window - at) / free, 1.25 * window / count))


def rounded(at: float) -> float:
    """To the millisecond after, as the row holds times: a slot must be found again by its time."""
    return ceil(at * 1000) / 1000


def booked(slots: Sequence[Slot], slot: Slot) -> tuple[Slot, ...]:
    """With one more slot, in order."""
    longer = list(slots)
    insort(longer, slot, key=_at)
    return tuple(longer)


def corrected(slots: Sequence[Slot], was: float, at: float | None) -> tuple[Slot, ...]:
    """A mail that left later than booked counts from then on; None: it did not leave, its slot is free."""
    found = next((slot for slot in slots if slot.at == was), None)
    if found is None:
        return tuple(slots)
    rest = tuple(slot for slot in slots if slot is not found)
    return rest if at is None else booked(rest, Slot(rounded(at), found.lane))


def pruned(slots: Sequence[Slot], limits: Limits, now: float) -> tuple[Slot, ...]:
    """Without the slots that no decision needs any more.

    Those of the last minute stay however many they are: a slot ahead may be given back, and then the older ones count again.
    """
    _, window = effective(limits, 1.0)
    old = _index(slots, now - window - 2 * JITTER)
    return tuple(slots[max(0, min(old, len(slots) - 1)) :])


def recent(slots: Sequence[Slot], now: float) -> Sequence[Slot]:
    """The slots of the last minute, those that lie ahead included."""
    return slots[_index(slots, now - WINDOW) :]


def _index(slots: Sequence[Slot], at: float) -> int:
    return bisect_left(slots, at, key=_at)

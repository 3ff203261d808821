"""The lines of the lanes: where a mail stands, and how long that is from now.

A place is a number of seconds at full speed, so that it stays true when the speed changes: the line moves on slower while
other lanes have their mails, and whoever comes back finds how far it really got.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from shared.rules.pace import Lane, Limits, Line, Pace
from shared.rules.pace_slots import recent

LANES = tuple(Lane)
"""A tuple: going through an enumeration costs a call for each member, and a line is looked at several times a mail."""

NORMAL_PART = 0.75
"""What the normal lane gets of the time that the high lane leaves, while the bulk lane has a line too."""

LEAST_LEFT = 0.1
"""However much the lanes above have: a line is never taken to stand still."""

TRUST = 0.5
"""How far one booked mail moves the idea of where its line is; less than 1, as mails come back in no exact order."""

LEAP = 2.0
"""Intervals that one mail moves it forward at most: a mail may be sent out of line where a slot would be lost otherwise."""

NEAR = 30.0
"""Seconds at full speed. A mail further back than this was away (a retry, a dead host) and says nothing about the line."""


_NO_LINE = Line()


def joined(pace: Pace, lane: Lane, limits: Limits, now: float) -> tuple[Pace, float]:
    """One more mail at the end of the line, and its place."""
    known, here = _line(pace, lane), Lines(pace, limits, now).head[lane]
    place = known.tail + limits.interval
    return _with(pace, lane, Line(tail=place, head=here, at=now)), place


def served(pace: Pace, lane: Lane, place: float, limits: Limits, at: float) -> Pace:
    """The mail at this place leaves at `at`."""
    known, here = _line(pace, lane), Lines(pace, limits, at).head[lane]
    if place < here - NEAR:
        return pace
    moved = min(TRUST * (place - here), LEAP * limits.interval)
    return _with(pace, lane, replace(known, head=min(known.tail, here + moved), at=max(known.at, at)))


def stands_at(pace: Pace, lane: Lane, place: float, now: float) -> Pace:
    """A mail at this place waited in vain: the line is no further than that."""
    known = _line(pace, lane)
    return _with(pace, lane, replace(known, head=min(known.tail, place), at=now))


@dataclass(frozen=True)
class Lines:
    """The three lines of a row as they stand at one moment."""

    pace: Pace
    limits: Limits
    now: float

    def wait(self, lane: Lane, place: float) -> float:
        """Seconds until a mail at this place is at the head of its line."""
        ahead = max(0.0, place - self.limits.interval - self.head[lane])
        if lane is Lane.HIGH:
            return ahead / self._left[lane]
        return _two_lanes(ahead, self.length[_other(lane)], _part(lane), self._left[lane])

    @cached_property
    def head(self) -> dict[Lane, float]:
        """The places that are served now: they move on with time too, as some mails never come (cancelled, held)."""
        return {lane: self._head(lane, _line(self.pace, lane)) for lane in LANES}

    @cached_property
    def length(self) -> dict[Lane, float]:
        """Seconds of full speed from head to tail; a line of one mail is none."""
        return {lane: self._length(lane, _line(self.pace, lane)) for lane in LANES}

    def _head(self, lane: Lane, known: Line) -> float:
        shared = lane is not Lane.HIGH and self.length[_other(lane)] > 0
        speed = self._left[lane] * (_part(lane) if shared else 1.0)
        return min(known.tail, known.head + speed * max(0.0, self.now - known.at))

    def _length(self, lane: Lane, known: Line) -> float:
        rest = known.tail - known.head - self._left[lane] * max(0.0, self.now - known.at)
        return rest if rest > self.limits.interval else 0.0

    @cached_property
    def _left(self) -> dict[Lane, float]:
        """The part of full speed that lanes without a line leave to the others, as the last minute showed."""
        rate, served = self.pace.share.rate, [slot.lane for slot in recent(self.pace.slots, self.now)]
        used = {lane: served.count(lane) if _has_no_line(self.pace, lane, self.limits) else 0 for lane in LANES}
        each = {lane: count / self.limits.messages_per_minute for lane, count in used.items()}
        left = {lane: rate - sum(part for other, part in each.items() if other is not lane) for lane in LANES}
        return {lane: rate if lane is Lane.HIGH else max(LEAST_LEFT, part) for lane, part in left.items()}


def _line(pace: Pace, lane: Lane) -> Line:
    return pace.lines.get(lane, _NO_LINE)


def _with(pace: Pace, lane: Lane, changed: Line) -> Pace:
    return replace(pace, lines={**pace.lines, lane: changed})


def _other(lane: Lane) -> Lane:
    return Lane.BULK if lane is Lane.NORMAL else Lane.NORMAL


def _part(lane: Lane) -> float:
    return NORMAL_PART if lane is Lane.NORMAL else 1 - NORMAL_PART


def _has_no_line(pace: Pace, lane: Lane, limits: Limits) -> bool:
    known = _line(pace, lane)
    return lane is Lane.HIGH or known.tail - known.head <= limits.interval


def _two_lanes(ahead: float, other: float, part: float, left: float) -> float:
    """Both lanes move in proportion until the other one is empty; from then on this one has all that is left."""
    if other <= 0:
        return ahead / left
    until_empty = other / ((1 - part) * left)
    done = part * left * until_empty
    if ahead <= done:
        return ahead / (part * left)
    return until_empty + (ahead - done) / left

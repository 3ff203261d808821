"""One instance's decision about one mailbox: what it asks of the row, and what the row gives it. Pure.

One conditional write serves all the mails that an instance has in hand (pacing reference, 1): it corrects what became of
its last slots, renews, takes or gives back turns, lets new mails join their lines, and books slots for those at the head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from shared.rules import pace_day, pace_line, pace_share, pace_slots, pace_turns
from shared.rules.pace import LATE, Lane, Limits, Pace, Slot

AHEAD = 0.6
"""Seconds that slots are booked ahead at least: a write to storage and a command to the server take part of that."""

AHEAD_PART = 0.5
"""Of the interval, where that is longer: a booked slot cannot be given to a more urgent mail."""


@dataclass(frozen=True, slots=True)
class Want:
    """A mail in hand that waits for its slot; `place` is where it stands in its line (None: nowhere yet).

    A `ready` one has a connection and an envelope that the server took: it comes before the others.
    """

    mail_id: str
    lane: Lane
    recipients: int
    external: int = 0
    place: float | None = None
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """What became of a booked slot: the mail left at `at`, or it did not leave (None) and gives everything back."""

    booked: float
    at: float | None
    recipients: int = 0
    external: int = 0

    @property
    def matters(self) -> bool:
        """Whether it is worth a write of its own: a slot is free, or a minute would be counted wrong."""
        return self.at is None or self.at - self.booked > LATE


@dataclass(frozen=True, slots=True)
class Ask:
    """What an instance wants: slots for at most `room` of its mails, and `turns` connections for them.

    `prepare` is how many seconds it takes until a mail with a slot is ready to leave. `refused` and `slowed` say what
    Exchange answered since the last time, `in_vain` are mails that waited for long although it should be their time.
    """

    owner: str
    wants: Sequence[Want] = ()
    room: int = 0
    turns: int = 0
    prepare: float = 0.0
    in_vain: Sequence[Want] = ()
    corrections: Sequence[Correction] = ()
    refused: bool = False
    slowed: bool = False


@dataclass(frozen=True, slots=True)
class Booking:
    """The row afterwards, the instance's turns, and for each mail its slot, or its place and the seconds until its time.

    `look` is how many seconds later the next of its mails may book.
    """

    pace: Pace
    turns: int = 0
    look: float = inf
    slots: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, float] = field(default_factory=dict)
    waits: Mapping[str, float] = field(default_factory=dict)


OUT_OF_LINE = 0.25
"""Seconds ahead that a mail books whose place in line is further back: a slot that nobody before it seems to want."""


def horizon(limits: Limits) -> float:
    """How many seconds ahead slots are booked."""
    return max(AHEAD, AHEAD_PART * limits.interval)


def may_book(slot: float, line: float, lane: Lane, limits: Limits) -> float:
    """Seconds from now until a mail may book a slot `slot` seconds ahead, with `line` seconds of others before it.

    The high lane books further ahead than the others: it gets the next slot, from whichever instance it is at.
    """
    if lane is Lane.HIGH:
        return slot - horizon(limits)
    first = max(AHEAD, limits.interval)
    return min(slot - OUT_OF_LINE, max(slot - horizon(limits) / 2, line - first))


def soonest(pace: Pace, wants: Sequence[Want], limits: Limits, now: float) -> float:
    """Seconds until the first of these mails may book, as far as this row tells."""
    lines = pace_line.Lines(pace, limits, now)
    slot = pace_slots.next_slot(pace.slots, limits, pace_share.recovered(pace.share, now).rate, now) - now

    def when(want: Want) -> float:
        line = lines.length[want.lane] if want.place is None else lines.wait(want.lane, want.place)
        return may_book(slot, 0.0 if want.ready else line, want.lane, limits)

    return min(map(when, wants), default=inf)


def book(pace: Pace, ask: Ask, limits: Limits, now: float) -> Booking:
    """The booking that this ask gets from this row."""
    learned = _learned(_corrected(_pruned(pace, limits, now), ask.corrections), ask, limits, now)
    joined, places = _joined(learned, ask.wants, limits, now)
    lines = pace_line.Lines(joined, limits, now)
    wants = _in_order(lines, ask.wants, places)
    lane = wants[0].lane if wants else Lane.BULK
    taken = pace_turns.take(joined, ask.owner, ask.turns, lane, limits, now)
    first = [_Placed(want, places[want.mail_id], lines) for want in wants[: ask.room]]
    got = pace_turns.held(taken, ask.owner, now) is not None
    booked, slots = _slots(taken, first if got else (), limits, now + ask.prepare)
    if not slots and pace_turns.held(joined, ask.owner, now) is None and got:
        # A turn is taken together with the first slot: until then the connection may be another instance's.
        booked = pace_turns.take(joined, ask.owner, 0, lane, limits, now)
    mine = pace_turns.held(booked, ask.owner, now)
    waits = _waits(booked, [want for want in wants if want.mail_id not in slots], places, limits, now)
    look = _look(booked, [one for one in first if one.want.mail_id not in slots], limits, now + ask.prepare)
    return Booking(booked, mine.count if mine else 0, look, slots, places, waits)


def _in_order(lines: pace_line.Lines, wants: Sequence[Want], places: Mapping[str, float]) -> list[Want]:
    """Those that are ready, then the high lane; the others by when their line serves them."""

    def when(want: Want) -> tuple[bool, bool, float, int, float]:
        place = places[want.mail_id]
        wait = lines.wait(want.lane, place)
        return not want.ready, want.lane is not Lane.HIGH, wait, pace_turns.rank(want.lane), place

    return sorted(wants, key=when)


def _pruned(pace: Pace, limits: Limits, now: float) -> Pace:
    return replace(
        pace,
        slots=pace_slots.pruned(pace.slots, limits, now),
        days=pace_day.pruned(pace.days, now),
        external=pace_day.pruned(pace.external, now),
        share=pace_share.recovered(pace.share, now),
    )


def _corrected(pace: Pace, corrections: Sequence[Correction]) -> Pace:
    for one in corrections:
        pace = replace(pace, slots=pace_slots.corrected(pace.slots, one.booked, one.at))
        days = pace_day.returned(pace.days, one.booked, one.recipients)
        external = pace_day.returned(pace.external, one.booked, one.external)
        if one.at is not None:
            days = pace_day.taken(days, one.at, one.recipients)
            external = pace_day.taken(external, one.at, one.external)
        pace = replace(pace, days=days, external=external)
    return pace


def _learned(pace: Pace, ask: Ask, limits: Limits, now: float) -> Pace:
    if ask.refused:
        pace = pace_share.refused(pace, ask.owner, limits, now)
    if ask.slowed:
        pace = pace_share.slowed(pace, now)
    for lane, first in _first_places(ask.in_vain).items():
        if first < pace_line.Lines(pace, limits, now).head[lane]:
            pace = pace_line.stands_at(pace, lane, first, now)
    return pace_share.tried(pace, limits, now) if ask.wants else pace


def _first_places(wants: Sequence[Want]) -> dict[Lane, float]:
    """The first place of each lane's mails; one that stands nowhere yet says nothing about a line."""
    first: dict[Lane, float] = {}
    for want in wants:
        if want.place is not None:
            first[want.lane] = min(want.place, first.get(want.lane, inf))
    return first


def _joined(pace: Pace, wants: Sequence[Want], limits: Limits, now: float) -> tuple[Pace, dict[str, float]]:
    places = {want.mail_id: want.place for want in wants if want.place is not None}
    for want in wants:
        if want.place is None:
            pace, places[want.mail_id] = pace_line.joined(pace, want.lane, limits, now)
    return pace, places


class _Placed:
    """A mail with its place; `line` is how many seconds of others are before it."""

    def __init__(self, want: Want, place: float, lines: pace_line.Lines) -> None:
        self.want = want
        self.place = place
        self.line = 0.0 if want.ready or want.lane is Lane.HIGH else lines.wait(want.lane, place)


def _slots(pace: Pace, wants: Sequence[_Placed], limits: Limits, earliest: float) -> tuple[Pace, dict[str, float]]:
    slots: dict[str, float] = {}
    for one in wants:
        want = one.want
        at = pace_slots.rounded(pace_slots.next_slot(pace.slots, limits, pace.share.rate, earliest))
        # Whoever writes books up to the horizon, so that a busy row is written three times a second and not ten; the high
        # lane does so anyway.
        ahead = at - earliest - (horizon(limits) / 2 if slots and want.lane is not Lane.HIGH else 0.0)
        if may_book(ahead, one.line, want.lane, limits) > 0:
            break
        limit = pace_day.allowance(limits.recipients_per_day, want.lane)
        if pace_day.free_at(pace.days, min(want.recipients, limit), limit, earliest) > earliest:
            continue
        slots[want.mail_id] = at
        pace = replace(
            pace_line.served(pace, want.lane, one.place, limits, at),
            slots=pace_slots.booked(pace.slots, Slot(at, want.lane)),
            days=pace_day.taken(pace.days, at, want.recipients),
            external=pace_day.taken(pace.external, at, want.external),
        )
    return pace, slots


def _look(pace: Pace, wants: Sequence[_Placed], limits: Limits, earliest: float) -> float:
    slot = pace_slots.next_slot(pace.slots, limits, pace.share.rate, earliest) - earliest
    return min((may_book(slot, one.line, one.want.lane, limits) for one in wants), default=inf)


def _waits(pace: Pace, wants: Sequence[Want], places: Mapping[str, float], limits: Limits, now: float) -> dict[str, float]:
    """Seconds until each mail's time: its line's, the mailbox's next slot, and the end of the day's wall."""
    lines = pace_line.Lines(pace, limits, now)
    slot = pace_slots.next_slot(pace.slots, limits, pace.share.rate, now) - now
    used = pace_day.used(pace.days, now)

    def wait(want: Want) -> float:
        line = lines.wait(want.lane, places[want.mail_id])
        # Those before it in line are counted as one recipient each.
        recipients = int(line / limits.interval) + min(want.recipients, limits.recipients_per_day)
        limit = pace_day.allowance(limits.recipients_per_day, want.lane)
        if used + recipients <= limit:
            return max(line, slot)
        return max(line, slot, pace_day.free_at(pace.days, recipients, limit, now) - now)

    return {want.mail_id: wait(want) for want in wants}

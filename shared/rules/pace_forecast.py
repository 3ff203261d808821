"""What a mailbox's row says of the next hours: the rate, the backlog and its end, the day's wall, foreign load. Pure.

A forecast takes things to go on as they are: at the speed that foreign load leaves now, with no new mails, and with one
recipient for each mail of the backlog, as the row knows no more (`pace_booking` counts them so, too). New mails, and mails
with more recipients, bring the wall nearer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.rules import pace_day, pace_share, pace_slots, pace_turns
from shared.rules.pace import JITTER, WINDOW, Lane, Limits, Line, Pace
from shared.rules.pace_line import Lines

TRIAL_LIMIT = 5_000
"""External recipients in 24 hours that a trial tenant has, whatever its licences (Exchange reference, section 5)."""

HORIZON = 7 * pace_day.DAY
"""Seconds that a forecast looks ahead: what is not sent within a week needs a person and no time of day."""


@dataclass(frozen=True, slots=True)
class Wall:
    """The day's recipients run out at `at` (now or earlier: they have), when `limit` of them are used up.

    So many mails of the backlog lie behind it, and the first of them can go at `first_at`. Times are epoch seconds.
    """

    at: float
    limit: int
    mails: int
    first_at: float


@dataclass(frozen=True, slots=True)
class Foreign:
    """What other programs take of the mailbox: mails of a minute, connections.

    One more connection is tried at `next_try`, in epoch seconds, or with the next mail where that is over; None: no
    connection is missing.
    """

    messages: int = 0
    connections: int = 0
    next_try: float | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """One mailbox's now and next. Times are epoch seconds.

    `sent` mails left in the last minute, of `allowed` that we allow ourselves now; `held` connections are open at most, of
    `connections` that we allow ourselves. `backlog` counts mails in line; `drains_at` is when they have left (None: there
    are none, or it takes more than a week). `recipients` and `external` ones, those of other domains, count in the sliding
    day.
    """

    limits: Limits
    sent: int
    allowed: int
    held: int
    connections: int
    backlog: Mapping[Lane, int]
    drains_at: float | None
    recipients: int
    external: int
    wall: Wall | None
    foreign: Foreign

    @property
    def mails(self) -> int:
        """All mails in line."""
        return sum(self.backlog.values())


def external_limit(licences: int) -> int:
    """External recipients in any 24 hours of a tenant with so many licences (TERRL; Exchange reference, section 5)."""
    return int(500 * licences**0.7 + 9_500)


def forecast(pace: Pace, limits: Limits, now: float) -> Forecast:
    """What this row says at this moment."""
    pace = replace(pace, share=pace_share.recovered(pace.share, now))
    allowed = max(1, int(limits.messages_per_minute * pace.share.rate))
    connections = pace_turns.cap(pace, limits)
    backlog = _backlog(pace, limits, now)
    drains_at, wall = _Way(pace, limits, now).walk(backlog)
    return Forecast(
        limits=limits,
        sent=_sent(pace, limits, now),
        allowed=allowed,
        held=pace_turns.live(pace, now),
        connections=connections,
        backlog=backlog,
        drains_at=drains_at,
        recipients=pace_day.used(pace.days, now),
        external=pace_day.used(pace.external, now),
        wall=wall,
        foreign=Foreign(
            messages=limits.messages_per_minute - allowed,
            connections=limits.connections - connections,
            next_try=pace.share.next_try if connections < limits.connections else None,
        ),
    )


def _sent(pace: Pace, limits: Limits, now: float) -> int:
    """A row holds the slots of less than a minute where very many fit into one: what it holds then stands for the rest."""
    _, window = pace_slots.effective(limits, 1.0)
    return round(sum(now - window < slot.at <= now for slot in pace.slots) * WINDOW / window)


def _backlog(pace: Pace, limits: Limits, now: float) -> dict[Lane, int]:
    """Lines move on with time, but not while the day's wall stands before them: they are as they were seen last."""

    def length(lane: Lane) -> float:
        free = _allowance(limits, lane) > pace_day.used(pace.days, now)
        at = now if free else min(now, pace.lines.get(lane, Line()).at)
        return Lines(pace, limits, at).length[lane]

    return {lane: round(length(lane) / limits.interval) for lane in Lane}


def _allowance(limits: Limits, lane: Lane) -> int:
    return pace_day.allowance(limits.recipients_per_day, lane)


def _bucket(at: float) -> int:
    return int(at // pace_day.BUCKET)


class _Way:
    """The mailbox's next days, bucket by bucket: recipients that leave the day's count make room for the backlog."""

    def __init__(self, pace: Pace, limits: Limits, now: float) -> None:
        count, window = pace_slots.effective(limits, pace.share.rate)
        self._step = (window + JITTER) / count
        self._limits = limits
        self._now = now
        # A week has two thousand buckets: this one is changed in place, where `pace_day` would copy it each time.
        self._days = pace_day.pruned(pace.days, now)
        self._used = sum(self._days.values())
        self._left = {Lane.HIGH: 0, Lane.BULK: 0}
        self._wall: Wall | None = None

    def walk(self, backlog: Mapping[Lane, int]) -> tuple[float | None, Wall | None]:
        """When the backlog has left, and the first wall on its way; a wall that stands now also without a backlog."""
        # The normal and the bulk lane have the same wall.
        self._left = {Lane.HIGH: backlog[Lane.HIGH], Lane.BULK: backlog[Lane.NORMAL] + backlog[Lane.BULK]}
        self._note_wall(self._now, Lane.HIGH)
        self._note_wall(self._now, Lane.BULK)
        at, saved, drained = self._now, 0.0, None
        while any(self._left.values()) and at < self._now + HORIZON:
            ends = (at // pace_day.BUCKET + 1) * pace_day.BUCKET
            saved += (ends - at) / self._step
            fits = int(saved)
            sent = self._send(at, fits)
            # A mail that the wall kept has no claim on the time that it lost there.
            saved = saved - fits if sent == fits else 0.0
            drained = at + sent * self._step
            at = ends
            self._used -= self._days.pop(_bucket(at - pace_day.DAY) - 1, 0)
        return None if any(self._left.values()) else drained, self._wall

    def _send(self, at: float, fits: int) -> int:
        """Send what fits into this bucket, the high lane first, and note a wall; gives how many mails leave."""
        high = self._take(at, fits, Lane.HIGH)
        return high + self._take(at + high * self._step, fits - high, Lane.BULK)

    def _take(self, at: float, fits: int, lane: Lane) -> int:
        wanted = min(self._left[lane], fits)
        taken = max(0, min(wanted, _allowance(self._limits, lane) - self._used))
        self._left[lane] -= taken
        self._used += taken
        self._days[_bucket(at)] = self._days.get(_bucket(at), 0) + taken
        if taken < wanted:
            self._note_wall(at + taken * self._step, lane)
        return taken

    def _note_wall(self, at: float, lane: Lane) -> None:
        limit = _allowance(self._limits, lane)
        if self._wall is None and self._used >= limit:
            # Where the high lane has to wait, all have to.
            mails = self._left[Lane.BULK] + (self._left[Lane.HIGH] if lane is Lane.HIGH else 0)
            self._wall = Wall(at, limit, mails, pace_day.free_at(self._days, 1, limit, at))

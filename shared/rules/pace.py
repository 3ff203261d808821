"""One mailbox's pace as a value: what all instances together have booked, hold, wish for and learned.

It rests in one row that is changed by conditional writes only (`docs/pacing.md`). Every time in it is storage's time in
epoch seconds, so that instances whose clocks differ agree. `pace_booking.py` says how it changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.rules.config import Sender
from shared.rules.stops import mailbox

WINDOW = 60.0
"""Seconds over which Exchange counts a mailbox's mails (Exchange reference, section 5)."""

JITTER = 0.6
"""Seconds added to the window: a slot is booked before its mail travels, Exchange counts at the final dot. A mail that is
later than this writes down when it really left (`Ask.corrections`)."""

LATE = 0.5
"""Seconds after which a mail gives its slot back and books another one: below `JITTER`, so that no window overflows."""


class Lane(StrEnum):
    """A mail's priority: which line it stands in."""

    HIGH = "high"
    NORMAL = "normal"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one mailbox may do: mails in any minute, connections at a time, recipients in any 24 hours."""

    messages_per_minute: int
    connections: int
    recipients_per_day: int

    @property
    def interval(self) -> float:
        """Seconds from mail to mail at full speed."""
        return (WINDOW + JITTER) / self.messages_per_minute


def limits_of(sender: Sender) -> Limits:
    """The limits of each of the sender's mailboxes."""
    return Limits(sender.messages_per_minute, sender.connections, sender.recipients_per_day)


def pace_key(address: str) -> str:
    """The key of a mailbox's row: no address in it, and one for all spellings."""
    return mailbox(address.lower()).key


@dataclass(frozen=True, slots=True)
class Slot:
    """One mail's time to leave; it stays as long as it counts, whether the mail left or not."""

    at: float
    lane: Lane


@dataclass(frozen=True, slots=True)
class Hold:
    """An instance's turns: it may have `count` connections open until `expires`; it has had some since `since`."""

    owner: str
    count: int
    since: float
    expires: float


@dataclass(frozen=True, slots=True)
class Wish:
    """An instance that waits for a turn since `since`, for a mail of this lane; forgotten at `until`."""

    owner: str
    lane: Lane
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Line:
    """One lane's line, in seconds of full speed: the last place given out, and the place that was served at time `at`."""

    tail: float = 0.0
    head: float = 0.0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """What foreign load leaves us: at most `connections` (None: all), and the part `rate` of the mails of a minute.

    One more connection is tried at `next_try` and was tried last at `raised`; a try that fails doubles `patience`, the
    seconds until the next one. `slowed` is when the rate was last lowered or gained back.
    """

    connections: int | None = None
    next_try: float = 0.0
    raised: float = 0.0
    patience: float = 0.0
    rate: float = 1.0
    slowed: float = 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The row. `slots` ascend; `days` counts recipients by `pace_day` bucket, `external` those of other domains."""

    slots: tuple[Slot, ...] = ()
    holds: tuple[Hold, ...] = ()
    wishes: tuple[Wish, ...] = ()
    lines: Mapping[Lane, Line] = field(default_factory=dict)
    share: Share = field(default_factory=Share)
    days: Mapping[int, int] = field(default_factory=dict)
    external: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaceEntry:
    """The row as read, with the ETag that a conditional write needs; '' for a mailbox that has none yet."""

    pace: Pace
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A mail's place in its lane's line at one mailbox (by the key of its row)."""

    mailbox: str
    number: float


@dataclass(frozen=True, slots=True)
class Later:
    """No turn within the time that a mail waits in place: come back in so many seconds, and stand at `place` then."""

    seconds: float
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A mail that wants to leave: its lane, its recipients, and where it stands in line since it was deferred."""

    mail_id: str
    lane: Lane
    recipients: int
    external: int = 0
    place: Place | None = None

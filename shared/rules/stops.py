"""What holds mails back: stops that a breaker set because Exchange refuses, and pauses that a person set. One mechanism.

A stop stands at one place (a mailbox, a sender, a caller …). Mails that would pass there wait without being tried, and their
time to live stands still. A pause ends by hand; a breaker's stop ends when a trial goes well.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.rules.outcome import Reason

TRIAL_LEASE = 900.0
"""Seconds for which one mail may be the trial: longer than an attempt takes and than a dead host's message is hidden."""


class Scope(StrEnum):
    """What kind of place a stop stands at."""

    ALL = "all"
    SENDER = "sender"
    CALLER = "caller"
    TEMPLATE = "template"
    MAILBOX = "mailbox"
    SEND_AS = "send-as"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stop stands: the name of a sender, caller or template, a mailbox, or `mailbox as from-address`; '' for all."""

    scope: Scope
    name: str = ""

    @property
    def key(self) -> str:
        """A name without any address in it, for rows and keys."""
        return hashlib.sha256(f"{self.scope}\n{self.name}".encode()).hexdigest()[:16]


EVERYTHING = Place(Scope.ALL)


def mailbox(address: str) -> Place:
    """All mail that logs in as this mailbox."""
    return Place(Scope.MAILBOX, address)


def send_as(address: str, from_address: str) -> Place:
    """All mail of this mailbox under this From address."""
    return Place(Scope.SEND_AS, f"{address} as {from_address}")


class Phase(StrEnum):
    """Where a stop's record is: faults are counted, it stands, or it is over and its mails are being put back."""

    COUNTING = "counting"
    STANDING = "standing"
    LIFTED = "lifted"


class Trial(StrEnum):
    """How a stop ends: by hand, by a login without a mail, or by one mail that is let through."""

    BY_HAND = "by-hand"
    LOGIN = "login"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Stop:
    """One place's record. Times are epoch seconds.

    `until` is the time of the next trial (None: there is none). `trips` counts the faults and failed trials that set it,
    `strikes` are the times of faults that have not tripped it yet, `trial_mail` is the one mail that may pass until `until`.
    `by` says who paused or resumed it, and why. `since` of a lifted one is when it was lifted.
    """

    place: Place
    phase: Phase
    reason: Reason
    since: float
    trial: Trial = Trial.BY_HAND
    until: float | None = None
    trips: int = 0
    strikes: tuple[float, ...] = ()
    trial_mail: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class StopEntry:
    """A stop as read from storage, with the ETag that a conditional write needs."""

    stop: Stop
    etag: str


def standing_at(entries: Iterable[StopEntry], places: Sequence[Place], mail_id: str) -> StopEntry | None:
    """The stop that holds this mail back, pauses before breakers; None where it may pass (also as a stop's trial)."""
    found = {entry.stop.place: entry for entry in entries if entry.stop.phase is Phase.STANDING}
    for place in places:
        if (entry := found.get(place)) is not None and entry.stop.trial_mail != mail_id:
            return entry
    return None


def wants_trial(stop: Stop, now: float) -> bool:
    """Whether it is time to find out if the stop is over."""
    return stop.phase is Phase.STANDING and stop.until is not None and stop.until <= now


def on_trial(stop: Stop, mail_id: str, now: float) -> Stop:
    """The stop with this mail let through, and nobody else until its time is over."""
    return replace(stop, trial_mail=mail_id, until=now + TRIAL_LEASE)

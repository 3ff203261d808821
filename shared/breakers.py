"""The breakers as a mail meets them: may it pass, and what does its outcome say about the mails behind it?

Records of stops are read at most every few seconds by one process, so that mails pay nothing for them and a pause works
everywhere within five seconds.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from shared.ports import Stops
from shared.rules.breakers import RULES, Breaker, breaker_of, reason_for, tripped
from shared.rules.config import Sender
from shared.rules.mail_row import MailRow
from shared.rules.outcome import Outcome, Reason, Sent
from shared.rules.stops import (
    EVERYTHING,
    Phase,
    Place,
    Scope,
    Stop,
    StopEntry,
    Trial,
    mailbox,
    on_trial,
    send_as,
    standing_at,
    wants_trial,
)
from shared.rules.storage_errors import Conflict
from shared.telemetry import Attr, Metric, Telemetry

log = logging.getLogger("keyless_mail")

FRESH = 4.0
"""Seconds for which records count that were read: a pause works within five."""

FRESH_TO_HOLD = 1.0
"""Seconds, before a mail is held: nobody looks after a held mail, so that a stop that was just lifted must be noticed."""

RACES = 4
"""Tries to write a record that others write too; they say the same, so that losing all of them loses nothing."""


@dataclass(frozen=True, slots=True)
class Way:
    """One mail's way through one mailbox, and the places on it."""

    mail_id: str
    sender: str
    mailbox: str
    places: tuple[Place, ...]

    def at(self, scope: Scope) -> Place:
        """The place of this kind on the way."""
        return next(place for place in self.places if place.scope is scope)


def pool(row: MailRow, sender: Sender) -> tuple[str, ...]:
    """The sender's mailboxes: always the same one first for the same mail."""
    first = int(row.id, 16) % len(sender.mailboxes)
    return (*sender.mailboxes[first:], *sender.mailboxes[:first])


def ways(row: MailRow, sender: Sender, mailboxes: Sequence[str]) -> tuple[Way, ...]:
    """The mail's ways, one for each of these mailboxes, in their order."""
    common = [EVERYTHING, Place(Scope.SENDER, sender.name), Place(Scope.CALLER, row.provenance.caller)]
    if row.provenance.template:
        common.append(Place(Scope.TEMPLATE, row.provenance.template))
    own = sender.from_address
    return tuple(Way(row.id, sender.name, box, (*common, mailbox(box), send_as(box, own))) for box in mailboxes)


class Breakers:
    """Knows the records of stops. Raises the storage's errors: what cannot be read may say that nothing may be sent."""

    def __init__(self, stops: Stops, telemetry: Telemetry, clock: Callable[[], float]) -> None:
        self._stops = stops
        self._telemetry = telemetry
        self._clock = clock
        self._reading = asyncio.Lock()
        self._records: Sequence[StopEntry] = ()
        self._read_at: float | None = None

    async def records(self, *, within: float = FRESH) -> Sequence[StopEntry]:
        """All records, at most `within` seconds old."""
        if self._fresh(within):
            return self._records
        async with self._reading:
            if not self._fresh(within):
                began = self._clock()
                self._records = await self._stops.all()
                self._read_at = began
            return self._records

    def _fresh(self, within: float) -> bool:
        return self._read_at is not None and 0 <= self._clock() - self._read_at < within

    async def open_way(self, candidates: Sequence[Way]) -> Way | Stop:
        """The first way on which nothing holds the mail back; otherwise the stop of the first one."""
        held: Stop | None = None
        for way in candidates:
            stop = await self.holding(way)
            if stop is None:
                return way
            held = held or stop
        assert held is not None  # noqa: S101 - a sender has a mailbox; says so to the type checker
        return held

    async def holding(self, way: Way) -> Stop | None:
        """What holds the mail back on this way; None where it may pass, be it as the trial of a stop whose time has come."""
        if standing_at(await self.records(), way.places, way.mail_id) is None:
            return None
        entry = standing_at(await self.records(within=FRESH_TO_HOLD), way.places, way.mail_id)
        if entry is None or await self._let_through(entry, way.mail_id):
            return None
        return entry.stop

    async def _let_through(self, entry: StopEntry, mail_id: str) -> bool:
        now = self._clock()
        if entry.stop.trial is not Trial.MAIL or not wants_trial(entry.stop, now):
            return False
        return await self.write(on_trial(entry.stop, mail_id, now), entry)

    async def learn(self, outcome: Outcome, way: Way) -> Stop | None:
        """Count or trip what the outcome asks for, lift what it proves over; gives the stop that holds the mail now."""
        breaker = breaker_of(outcome)
        if isinstance(outcome, Sent):
            await self._proved(way, spare=breaker)
        if breaker is None:
            return None
        stop = await self._tripped(way.at(RULES[breaker].scope), breaker, reason_for(breaker, outcome))
        if stop is not None:
            self._say(stop, way.sender)
        return stop

    async def _tripped(self, place: Place, breaker: Breaker, reason: Reason) -> Stop | None:
        for _ in range(RACES):
            now = self._clock()
            known = record_at(await self.records(within=0.0), place)
            stop = tripped(known.stop if known else None, place, breaker, reason, now)
            if (known is not None and stop == known.stop) or await self.write(stop, known):
                return stop if stop.phase is Phase.STANDING else None
        return None

    async def _proved(self, way: Way, *, spare: Breaker | None) -> None:
        """A mail went through: what counted faults on its way begins anew, and a stop whose trial it was is over."""
        for entry in await self.records():
            stop = entry.stop
            if stop.place not in way.places or (spare and RULES[spare].scope is stop.place.scope):
                continue
            if stop.phase is Phase.COUNTING:
                await self.forget(entry)
            elif stop.phase is Phase.STANDING and stop.trial_mail == way.mail_id:
                await self.lift(stop.place)

    async def lift(self, place: Place, *, by: str = "") -> Stop | None:
        """The stop at this place is over, and its mails are still to be put back; None where none stands."""
        for _ in range(RACES):
            known = record_at(await self.records(within=0.0), place)
            if known is None or known.stop.phase is not Phase.STANDING:
                return None
            lifted = replace(known.stop, phase=Phase.LIFTED, since=self._clock(), until=None, trial_mail="", by=by)
            if await self.write(lifted, known):
                return lifted
        return None

    async def write(self, stop: Stop, known: StopEntry | None) -> bool:
        """Write the record that was read as `known`; False if somebody was quicker."""
        try:
            await self._stops.write(stop, known)
        except Conflict:
            return False
        finally:
            self._read_at = None
        return True

    async def forget(self, entry: StopEntry) -> None:
        """Remove a record that has nothing more to do, unless somebody has news of its place."""
        self._read_at = None
        try:
            await self._stops.remove(entry)
        except Conflict:
            return

    def _say(self, stop: Stop, sender: str) -> None:
        """One line for the log, without the mailbox's address."""
        cure = f"; {stop.reason.fix}" if stop.reason.fix else ""
        log.error("sending as %s is stopped (%s): %s%s", sender, stop.place.scope, stop.reason.text, cure)
        self._telemetry.count(Metric.STOPS, {Attr.REASON: stop.reason.code, Attr.SCOPE: stop.place.scope.value})


def record_at(entries: Sequence[StopEntry], place: Place) -> StopEntry | None:
    """The record of this place; the last one, because a broken record counts as one more stop of everything."""
    found = [entry for entry in entries if entry.stop.place == place]
    return found[-1] if found else None

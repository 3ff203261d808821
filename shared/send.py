"""The one way out: from an order on `sending` to a mail at Exchange and its outcome in the ledger.

    find the mail → wait if it is not its time → take a turn → token → session → MAIL, RCPT → slot → claim → DATA → outcome

`process` never raises for anything that passes by itself: a delay is a new message, and the host's own repetition and
poison queue are left for crashes and bugs (design rule 3).
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from shared.attempt import Attempt, Times
from shared.breakers import Breakers, Way, pool, ways
from shared.pace_ports import Pace, Turn
from shared.placing import SENDING, Placer
from shared.ports import Ledger
from shared.rules.config import MailConfig, Sender
from shared.rules.mail import BROKEN_PAYLOAD, Mail, decode
from shared.rules.mail_row import Entry, MailRow, move, note, woken
from shared.rules.orders import Order
from shared.rules.outcome import (
    NOTHING_TO_DO,
    PAYLOAD_CHANGED,
    PAYLOAD_GONE,
    PUT_BACK,
    UNKNOWN_SENDER,
    Outcome,
    Parked,
    Reason,
    Rejected,
    Retry,
    Sent,
    Unknown,
)
from shared.rules.pace import Later
from shared.rules.pace_request import request_of
from shared.rules.permissions import allow_mail
from shared.rules.states import State
from shared.rules.stops import Stop
from shared.rules.storage_errors import (
    BrokenRow,
    Conflict,
    NewerRow,
    PayloadChanged,
    PayloadGone,
    StorageForbidden,
    StorageUnavailable,
)
from shared.rules.strict import Refused
from shared.telemetry import QUEUE_SYSTEM, Attr, Kind, Metric, Span, Telemetry
from shared.transmission import Letter, Transmission

log = logging.getLogger("keyless_mail")

EARLY = 2.0
"""Seconds. A message this much before its mail's due time is on time: clocks differ, and queues count in whole seconds."""

STORAGE_PAUSE = 60.0
"""Seconds until a mail is looked at again whose row cannot be read for want of a right or of a newer program."""


Assemble = Callable[[Mail, MailRow, Sender], Awaitable[bytes]]
"""The mail's bytes, ready for the wire; raises `Refused` where they cannot be made."""


@dataclass(frozen=True, slots=True)
class Send:
    """The story."""

    config: MailConfig
    ledger: Ledger
    placer: Placer
    breakers: Breakers
    pace: Pace
    transmission: Transmission
    assemble: Assemble
    telemetry: Telemetry
    times: Times

    async def process(self, order: Order) -> None:
        """Take one order from `sending` as far as it goes; raises only what is a bug, or storage that is gone altogether."""
        attributes: dict[Attr, str | int | float | bool] = {
            Attr.MESSAGING_SYSTEM: QUEUE_SYSTEM,
            Attr.MESSAGING_OPERATION: "process",
            Attr.MESSAGING_OPERATION_TYPE: "process",
            Attr.MESSAGING_DESTINATION: SENDING,
            Attr.MAIL_ID: order.id,
        }
        with self.telemetry.span(
            f"process {SENDING}", kind=Kind.CONSUMER, attributes=attributes, parent=order.traceparent
        ) as span:
            began, outcome = self.times.clock(), PUT_BACK
            try:
                outcome = await self._deliver(order, span)
            except Conflict as overtaken:
                await self._give_way(order, overtaken)
            except (StorageUnavailable, StorageForbidden, NewerRow, BrokenRow) as later:
                span.fail(type(later).__name__)
                await self.placer.copy(order, delay=STORAGE_PAUSE)
            took = max(0.0, self.times.clock() - began)
            said = {Attr.MESSAGING_DESTINATION: SENDING, Attr.OUTCOME: outcome}
            self.telemetry.record(Metric.PROCESS_DURATION, took, said)

    async def _give_way(self, order: Order, overtaken: Conflict) -> None:
        """Somebody else wrote the row and takes care of the mail, unless all they wrote is this very order's ticket.

        A message is put before its row learns the ticket: whoever takes it so soon loses the row to just that write.
        """
        row = overtaken.current.row if overtaken.current else None
        if row is not None and row.state is State.WAITING and order.ticket >= row.ticket:
            await self.placer.copy(order, delay=EARLY)

    async def _deliver(self, order: Order, span: Span) -> str:
        """The outcome in one word, for the telemetry."""
        entry = await self._live(order)
        if entry is None:
            return NOTHING_TO_DO
        span.link(entry.row.attempt_trace)
        span.set({Attr.ATTEMPT: entry.row.attempts + 1})
        sender = self.config.senders.get(entry.row.sender)
        way = await self._way(entry, sender) if sender else None
        if sender and way is None:
            return PUT_BACK
        awake = replace(entry, row=woken(entry.row, self.times.clock()))
        attempt = Attempt(awake, ledger=self.ledger, placer=self.placer, times=self.times, trace=span.traceparent)
        outcome = await self._try(awake, attempt, way, sender) if sender and way else Parked(UNKNOWN_SENDER)
        if outcome is None:
            return PUT_BACK
        if not isinstance(outcome, Sent):
            say(order.id, outcome)
        # Only a mail that waits needs to know of a stop; any other outcome is written first, lest it is lost meanwhile.
        stop = await self._learn(outcome, way) if way and isinstance(outcome, Retry) else None
        await attempt.conclude(outcome, stop)
        if way and not isinstance(outcome, Retry):
            await self._learn(outcome, way)
        word = type(outcome).__name__.lower()
        span.set({Attr.OUTCOME: word, Attr.STATE: attempt.row.state})
        return word

    async def _live(self, order: Order) -> Entry | None:
        """The mail's entry where this order is its live message and now is its time; None where nothing is left to do."""
        entry = await self._opened(order)
        if entry is None or order.ticket < entry.row.ticket:
            return None
        now = self.times.clock()
        match entry.row.state:
            case State.SENDING:
                await self._found_sending(order, entry, now)
            case State.WAITING if entry.row.due - now > EARLY:
                await self._defer(entry, entry.row.due - now, "not-yet-due")
            case State.WAITING:
                return entry
        return None

    async def _opened(self, order: Order) -> Entry | None:
        try:
            return await self.ledger.open(order.id)
        except PayloadGone:
            await self._park(order, PAYLOAD_GONE)
        except PayloadChanged:
            await self._park(order, PAYLOAD_CHANGED)
        except BrokenRow as broken:
            # Nothing can be written onto a row that cannot be read: the message goes, the row stays for a person.
            self.telemetry.count(Metric.FAULTS, {Attr.REASON: broken.reason.code})
        return None

    async def _found_sending(self, order: Order, entry: Entry, now: float) -> None:
        """Somebody claimed this mail: while the lease lives, look again later; afterwards nobody knows what became of it."""
        left = (entry.row.lease_until or 0.0) - now
        if left > 0:
            await self.placer.copy(order, delay=left + EARLY)
            return
        await Attempt(entry, ledger=self.ledger, placer=self.placer, times=self.times).declare_dead()

    async def _way(self, entry: Entry, sender: Sender) -> Way | None:
        """The mailbox that takes the mail; None where it ends here: held at a stop, or its time to live is over."""
        row, now = entry.row, self.times.clock()
        mailboxes = self.pace.in_order(pool(row, sender), sender, row.place)
        found = await self.breakers.open_way(ways(row, sender, mailboxes))
        ends_at = woken(row, now).ends_at
        if isinstance(found, Stop) and min(now, found.since) <= ends_at:
            since = max(found.since, row.accepted_at) if row.standstill is None else row.standstill
            await self._hold(entry, found, since=since)
            return None
        if now > ends_at:
            expired = move(woken(row, now), State.EXPIRED, at=now, reason="expired")
            await self.ledger.update(entry, replace(expired, ticket=row.ticket + 1))
            return None
        return found if isinstance(found, Way) else None

    async def _hold(self, entry: Entry, stop: Stop, *, since: float) -> None:
        held = note(entry.row, at=self.times.clock(), reason=f"stopped: {stop.reason.code}")
        await self.placer.hold(entry, held, stop, since=since)

    async def _try(self, entry: Entry, attempt: Attempt, way: Way, sender: Sender) -> Outcome | None:
        """One try; None where this process has nothing to write: the mail was deferred, or somebody else has it."""
        try:
            mail = decode(entry.payload or b"")
            allow_mail(self.config, mail)
            turn = await self.pace.turn(way.mailbox, sender, request_of(entry.row, mail, sender))
            outcome = turn if isinstance(turn, Later) else await self._leave(entry, attempt, way, turn, Letter(mail, sender))
        except Refused as refused:
            reason = Reason(refused.code, refused.problems[0].message)
            return Parked(reason) if refused.code == BROKEN_PAYLOAD else Rejected(reason)
        if not isinstance(outcome, Later):
            return outcome
        row = replace(entry.row, place=outcome.place or entry.row.place)
        await self._defer(replace(entry, row=row), outcome.seconds, "paced")
        return None

    async def _leave(self, entry: Entry, attempt: Attempt, way: Way, turn: Turn, letter: Letter) -> Outcome | Later | None:
        async with turn:
            stop = await self.breakers.holding(way)  # the turn may have taken a while to come
            if stop is not None:
                await self._hold(entry, stop, since=self.times.clock())
                return None
            content = await self.assemble(letter.mail, entry.row, letter.sender)
            return await self.transmission.through(way.mailbox, turn, attempt, letter, content)

    async def _learn(self, outcome: Outcome, way: Way) -> Stop | None:
        """What the outcome means for other mails; the outcome itself is not given up where that cannot be written."""
        try:
            return await self.breakers.learn(outcome, way)
        except (StorageUnavailable, StorageForbidden, BrokenRow) as fault:
            log.warning("what a refusal means for other mails could not be written: %s", type(fault).__name__)
            return None

    async def _defer(self, entry: Entry, seconds: float, reason: str) -> None:
        """Not an attempt: the mail goes back to the queue until its time."""
        now = self.times.clock()
        await self.placer.again(entry, note(entry.row, at=now, reason=reason), delay=seconds, now=now)

    async def _park(self, order: Order, reason: Reason) -> None:
        entry = await self.ledger.read(order.id)
        if entry is not None and entry.row.state is State.WAITING:
            now = self.times.clock()
            parked = move(replace(entry.row, why=reason), State.PARKED, at=now, reason=reason.code)
            await self.ledger.update(entry, replace(parked, ticket=parked.ticket + 1))


def say(mail_id: str, outcome: Retry | Rejected | Parked | Unknown) -> None:
    """One line for the log: which mail, what became of it, why, and what to do. It can be pasted in public."""
    reason = outcome.reason
    cure = f"; {reason.fix}" if reason.fix else ""
    log.warning("mail %s: %s: %s%s", mail_id, type(outcome).__name__.lower(), reason.text, cure)

"""The one way out: from an order on `sending` to a mail at Exchange and its outcome in the ledger.

    find the mail → wait if it is not its time → take a turn → token → session → MAIL, RCPT → claim → DATA → outcome

`process` never raises for anything that passes by itself: a delay is a new message, and the host's own repetition and
poison queue are left for crashes and bugs (design rule 3).
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from shared.attempt import Attempt, Times
from shared.placing import SENDING, Placer
from shared.ports import Gateway, Ledger, Pace, Session, Tokens
from shared.rules.config import MailConfig, Sender
from shared.rules.mail import Mail, decode
from shared.rules.mail_row import Entry, MailRow, move, note, pending
from shared.rules.orders import Order
from shared.rules.outcome import (
    NOTHING_TO_DO,
    PAYLOAD_CHANGED,
    PAYLOAD_GONE,
    PUT_BACK,
    UNKNOWN_SENDER,
    AuthRefused,
    NotSent,
    Outcome,
    Parked,
    Reason,
    Rejected,
    Retry,
    Sent,
    Unknown,
)
from shared.rules.pace import Later
from shared.rules.permissions import allow_mail
from shared.rules.states import State
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
from shared.rules.token_errors import TokenUnavailable
from shared.telemetry import QUEUE_SYSTEM, Attr, Kind, Metric, Span, Telemetry

log = logging.getLogger("keyless_mail")

EARLY = 2.0
"""Seconds. A message this much before its mail's due time is on time: clocks differ, and queues count in whole seconds."""

AUTH_PAUSE = 900.0
"""Seconds after a login was refused twice. Grants take up to hours to spread, and hammering locks the mailbox."""

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
    pace: Pace
    tokens: Tokens
    gateway: Gateway
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
            except (StorageUnavailable, StorageForbidden, NewerRow) as later:
                span.fail(type(later).__name__)
                await self.placer.copy(order, delay=STORAGE_PAUSE)
            took = max(0.0, self.times.clock() - began)
            said = {Attr.MESSAGING_DESTINATION: SENDING, Attr.OUTCOME: outcome}
            self.telemetry.record(Metric.PROCESS_DURATION, took, said)

    async def _deliver(self, order: Order, span: Span) -> str:
        """The outcome in one word, for the telemetry."""
        entry = await self._live(order)
        if entry is None:
            return NOTHING_TO_DO
        span.link(entry.row.attempt_trace)
        span.set({Attr.ATTEMPT: entry.row.attempts + 1})
        attempt = Attempt(entry, ledger=self.ledger, placer=self.placer, times=self.times, trace=span.traceparent)
        outcome = await self._attempt(entry, attempt)
        if outcome is None:
            return PUT_BACK
        if not isinstance(outcome, Sent):
            say(order.id, outcome)
        await attempt.conclude(outcome)
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
            case State.WAITING if now > entry.row.expires_at:
                await self._write(entry, move(entry.row, State.EXPIRED, at=now, reason="expired"))
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

    async def _attempt(self, entry: Entry, attempt: Attempt) -> Outcome | None:
        """One try; None where this process has nothing to write: the mail was deferred, or somebody else has it."""
        row = entry.row
        sender = self.config.senders.get(row.sender)
        if sender is None:
            return Parked(UNKNOWN_SENDER)
        try:
            mail = decode(entry.payload or b"")
            allow_mail(self.config, mail)
            content = await self.assemble(mail, row, sender)
        except Refused as refused:
            return Rejected(Reason(refused.code, refused.problems[0].message))
        mailbox = mailbox_of(sender, row.id)
        turn = await self.pace.turn(mailbox, sender)
        if isinstance(turn, Later):
            await self._defer(entry, turn.seconds, "paced")
            return None
        async with turn:
            session = await self._session(mailbox)
            if isinstance(session, Retry | Rejected | Parked):
                return session
            try:
                return await self._transact(session, attempt, mail, sender, content)
            finally:
                await session.release()

    async def _session(self, mailbox: str) -> Session | NotSent:
        """An authenticated session; after a refused login once more with a fresh token (Exchange reference 6.1, class T)."""
        refused: AuthRefused | None = None
        for _ in ("cached token", "fresh token"):
            try:
                token = await self.tokens.get()
            except TokenUnavailable as unavailable:
                return Retry(unavailable.retry_after, unavailable.reason)
            opened = await self.gateway.open(mailbox, token)
            if not isinstance(opened, AuthRefused):
                return opened
            refused = opened
            await self.tokens.drop(token)
        assert refused is not None  # noqa: S101 - the loop ran twice; says so to the type checker
        return Retry(AUTH_PAUSE, refused.reason, refused.reply)

    async def _transact(
        self, session: Session, attempt: Attempt, mail: Mail, sender: Sender, content: bytes
    ) -> Outcome | None:
        recipients = [(n, mail.recipients[n]) for n in pending(attempt.row)]
        offer = await session.offer(sender.from_address, recipients, len(content))
        if offer.outcome is not None:
            return offer.outcome
        if not await attempt.claim():
            await session.abandon()
            return None
        async with attempt.lease():
            return await session.transmit(content)

    async def _defer(self, entry: Entry, seconds: float, reason: str) -> None:
        """Not an attempt: the mail goes back to the queue until its time."""
        now = self.times.clock()
        try:
            await self.placer.again(entry, note(entry.row, at=now, reason=reason), delay=seconds, now=now)
        except Conflict:
            return  # whoever wrote the row placed a message of its own

    async def _park(self, order: Order, reason: Reason) -> None:
        entry = await self.ledger.read(order.id)
        if entry is not None and entry.row.state is State.WAITING:
            now = self.times.clock()
            await self._write(entry, move(replace(entry.row, why=reason), State.PARKED, at=now, reason=reason.code))

    async def _write(self, entry: Entry, row: MailRow) -> None:
        try:
            await self.ledger.update(entry, replace(row, ticket=row.ticket + 1))
        except Conflict:
            return  # somebody else moved the mail; what they wrote stands


def say(mail_id: str, outcome: Retry | Rejected | Parked | Unknown) -> None:
    """One line for the log: which mail, what became of it, why, and what to do. It can be pasted in public."""
    reason = outcome.reason
    cure = f"; {reason.fix}" if reason.fix else ""
    log.warning("mail %s: %s: %s%s", mail_id, type(outcome).__name__.lower(), reason.text, cure)


def mailbox_of(sender: Sender, mail_id: str) -> str:
    """One mailbox of the sender's pool, always the same one for a mail."""
    return sender.mailboxes[int(mail_id, 16) % len(sender.mailboxes)]

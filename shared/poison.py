"""Poison that explains itself: what the host gave up becomes a row in the ledger, and only then leaves its poison queue.

The host moves a message there after its last try, or when the process died in each of them: body only, under a new id, to
live for seven days. The row, not the queue, is where an operator looks.

    an order of `sending`     its mail is parked, if it still waits under this order
    a producer's message      a row of its own keeps the body, under the producer's key

Whatever dies on the way is done again by the next tick: written first, then deleted, and written twice is one row.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from shared.attempt import Attempt, Times
from shared.placing import SENDING, Placer
from shared.ports import Ledger, Queues
from shared.rules import callers
from shared.rules.config import MailConfig, Producer
from shared.rules.mail_row import Entry, move
from shared.rules.orders import Order, decode, from_newer
from shared.rules.outcome import Reason
from shared.rules.problems import Refused
from shared.rules.queue_bodies import claimed_key, claimed_trace
from shared.rules.received import Received
from shared.rules.states import State
from shared.rules.storage_errors import BrokenRow, Conflict, NewerRow, StorageForbidden, StorageUnavailable
from shared.rules.storage_names import poison_of
from shared.telemetry import Attr, Metric, Telemetry
from shared.unaccepted import Refusal, Unaccepted

log = logging.getLogger("keyless_mail")

HOST_TRIES = 20
"""The host's tries before it gives a message up: `maxDequeueCount` in host.json. Its copy does not carry the count."""

BATCHES = 10
"""Takes of up to 32 messages from one queue in one tick: more than people read, and far below the function's limit."""

HIDDEN = 60.0
"""Seconds for which messages are hidden while they are written down; one that is left comes back for another tick."""

READ_TRIES = 5
"""Ticks that look into a producer's body. Whoever took it this often did not live to delete it, or has a bug that it meets:
then it is kept unread."""

GAVE_UP = "host-gave-up"
ORIGIN_UNKNOWN = "origin-unknown"

STRANGER = "unknown"
"""The caller of an order that leads to no mail."""

_CURE = "look for the crash in the log, mend its cause, then put it back with python -m ops redrive"

NAMED = Reason(
    GAVE_UP,
    f"the host gave this message up after {HOST_TRIES} tries: the program crashed at it or has a bug",
    f"{_CURE}; if one of the tries had accepted it, there is still only one mail",
)
NAMELESS = Reason(
    ORIGIN_UNKNOWN,
    f"the host gave this message up after {HOST_TRIES} tries; it names no id that could be read, so nobody can know whether"
    " one of them had accepted it",
    f"look whether the mail was sent; if not, {_CURE}",
)
STRAY = Reason(
    ORIGIN_UNKNOWN,
    f"the host gave this message of the private queue up after {HOST_TRIES} tries; no mail belongs to it",
    "find out who writes to the queue; cancel this row",
)


class Left(Exception):
    """Somebody else has to take care of the message, or a later tick: it stays where it is."""


@dataclass(frozen=True, slots=True)
class Poison:
    """The story. One message's trouble never keeps another one from being read."""

    config: MailConfig
    ledger: Ledger
    queues: Queues
    placer: Placer
    unaccepted: Unaccepted
    telemetry: Telemetry
    times: Times

    async def run(self) -> int:
        """Read all poison queues; gives how many messages were taken care of."""
        done = await self._drain(SENDING, self._order)
        for producer in self.config.producers.values():
            done += await self._drain(producer.queue, partial(self._body, producer))
        return done

    async def _drain(self, queue: str, care: Callable[[Received], Awaitable[str]]) -> int:
        done = 0
        try:
            for _ in range(BATCHES):
                messages = await self.queues.take(poison_of(queue), hidden=HIDDEN)
                cared = sum(await asyncio.gather(*(self._one(queue, message, care) for message in messages)))
                done += cared
                if not cared:
                    break  # nothing is there, or storage is out
        except (StorageUnavailable, StorageForbidden) as trouble:
            log.warning("queue %s cannot be read: %s", poison_of(queue), trouble)
        return done

    async def _one(self, queue: str, message: Received, care: Callable[[Received], Awaitable[str]]) -> bool:
        """Whether the message was taken care of: first what it says is written, then it is deleted."""
        try:
            outcome = await care(message)
            await self.queues.delete(poison_of(queue), message)
        except (Left, NewerRow, Conflict):
            return False
        except Exception as trouble:  # noqa: BLE001 - one message's trouble, or storage's, is none of the others'
            log.warning("a message of queue %s is left for later: %s", poison_of(queue), type(trouble).__name__)
            self.telemetry.count(Metric.FAULTS, {Attr.REASON: type(trouble).__name__})
            return False
        self.telemetry.count(Metric.POISONED, {Attr.MESSAGING_DESTINATION: queue, Attr.OUTCOME: outcome})
        return True

    async def _order(self, message: Received) -> str:
        """What became of an order, in one word for the telemetry."""
        try:
            order = decode(message.text)
        except Refused:
            if from_newer(message.text):
                raise Left from None
            return await self._stray(message)
        try:
            entry = await self.ledger.read(order.id)
        except BrokenRow as broken:
            # Nothing can be written onto a row that cannot be read; the index leads a person to it.
            self.telemetry.count(Metric.FAULTS, {Attr.REASON: broken.reason.code})
            return "dropped"
        return await self._stray(message, order.traceparent) if entry is None else await self._mail(order, entry)

    async def _mail(self, order: Order, entry: Entry) -> str:
        if order.ticket < entry.row.ticket:
            return "dropped"
        match entry.row.state:
            case State.WAITING:
                await self._park(order, entry)
                return "parked"
            case State.SENDING:
                if (entry.row.lease_until or 0.0) > self.times.clock():
                    raise Left  # the attempt lives
                await Attempt(entry, ledger=self.ledger, placer=self.placer, times=self.times).declare_dead()
                return "declared-dead"
        return "dropped"

    async def _park(self, order: Order, entry: Entry) -> None:
        """The mail waits for a person, and no message of its old tickets counts any more."""
        reason = gave_up(order.traceparent)
        ticket = max(order.ticket, entry.row.ticket) + 1
        trace = order.traceparent or entry.row.attempt_trace
        parked = replace(entry.row, why=reason, ticket=ticket, attempt_trace=trace)
        attributes: dict[Attr, str | int | float | bool] = {Attr.MAIL_ID: order.id, Attr.REASON: reason.code}
        with self.telemetry.span("park", parent=order.traceparent, attributes=attributes):
            await self.ledger.update(entry, move(parked, State.PARKED, at=self.times.clock(), reason=reason.code))
        log.warning("mail %s: parked: %s; %s", order.id, reason.text, reason.fix)

    async def _stray(self, message: Received, trace: str = "") -> str:
        return await self._keep(message, STRANGER, STRAY, trace=trace)

    async def _body(self, producer: Producer, message: Received) -> str:
        """Keep a producer's message, with the key and trace that its body names."""
        caller = callers.producer(producer).name
        body = _bytes(message)
        key = claimed_key(body) if message.dequeue_count <= READ_TRIES else None
        if key is None:
            return await self._keep(message, caller, NAMELESS)
        return await self._keep(message, caller, NAMED, key=key, trace=claimed_trace(body))

    async def _keep(self, message: Received, caller: str, reason: Reason, *, key: str = "", trace: str = "") -> str:
        refusal = Refusal(
            caller=caller,
            door="queue",
            state=State.PARKED,
            reason=reason,
            key=key or message.id,
            own_key=message.id,
            body=_bytes(message),
            trace=trace,
            attempts=HOST_TRIES,
        )
        await self.unaccepted.keep(refusal)
        return "kept"


def gave_up(traceparent: str) -> Reason:
    """Why a mail is parked whose order the host gave up, with the trace in which its tries are found."""
    where = f"; trace {traceparent[3:35]}" if traceparent else ""
    text = f"the host gave this mail's order up after {HOST_TRIES} tries: the program crashed at it or has a bug{where}"
    return Reason(GAVE_UP, text, _CURE)


def _bytes(message: Received) -> bytes:
    """The body as the host would hand it over."""
    return message.text.encode("utf-8", "surrogatepass")

"""What a producer puts on its queue: an envelope that is accepted, or a body that is kept with the reason why not.

A producer cannot be answered, so the ledger answers: what is not accepted gets a row that says why and leaves the queue.
A temporary failure never raises: the body goes back under its own id, so that the host's poison queue is left for crashes.
"""

import base64
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from shared.accept import Accept, KeyConflict, Origin
from shared.ports import Ledger, Queues
from shared.rules import callers, identifiers
from shared.rules.config import OnUnknown, Producer
from shared.rules.envelope import QUEUE_BODY_LIMIT, Envelope, envelope_from
from shared.rules.field_rules import producer_key
from shared.rules.mail_row import MailRow, Provenance, begin
from shared.rules.orders import decode_body
from shared.rules.outcome import Reason
from shared.rules.states import State
from shared.rules.storage_errors import AlreadyThere, NotStorable, StorageForbidden, StorageUnavailable
from shared.rules.strict import Refused, parse_json
from shared.telemetry import Attr, Metric, Telemetry

log = logging.getLogger("keyless_mail")

PUT_BACK_AFTER = 30.0
"""Seconds until a body comes back that could not be stored: as long as the host's own pause after a failure."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message from a producer's queue; `trace` is the invocation's traceparent."""

    producer: Producer
    body: bytes
    message_id: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Intake:
    """The story of a producer's message."""

    accept: Accept
    ledger: Ledger
    queues: Queues
    telemetry: Telemetry
    clock: Callable[[], float]

    async def take(self, arrival: Arrival) -> None:
        """Accept the message, or keep it with the reason; afterwards it may leave the producer's queue."""
        try:
            envelope = _envelope(arrival.body)
        except Refused as refused:
            await self._keep(arrival, State.PARKED, refused, key=_claimed_key(arrival))
            return
        try:
            await self._accept(arrival, envelope)
        except Refused as refused:
            await self._keep(arrival, State.REJECTED, refused, key=envelope.id or arrival.message_id)
            await self._poison(arrival)
        except KeyConflict as conflict:
            await self._keep(arrival, State.REJECTED, conflict, key=arrival.message_id)
        except (StorageUnavailable, StorageForbidden):
            await self._put_back(arrival, envelope)

    async def _accept(self, arrival: Arrival, envelope: Envelope) -> None:
        parent = envelope.traceparent or arrival.trace
        links = (arrival.trace,) if envelope.traceparent else ()
        origin = Origin(door="queue", key=envelope.id or arrival.message_id, parent=parent, links=links)
        await self.accept(envelope, callers.producer(arrival.producer), origin)

    async def _keep(self, arrival: Arrival, state: State, why: Refused | KeyConflict, *, key: str) -> None:
        """Write a row that says why; the same message kept twice is one row."""
        reason = _reason(why)
        log.warning("a message of producer %s was not accepted: %s: %s", arrival.producer.name, reason.code, reason.text)
        self.telemetry.count(Metric.REFUSED, {Attr.DOOR: "queue", Attr.REASON: reason.code})
        attributes: dict[Attr, str | int | float | bool] = {Attr.DOOR: "queue", Attr.REASON: reason.code}
        with self.telemetry.span("accept", attributes=attributes, parent=arrival.trace) as span:
            row = self._row(arrival, state, reason, span.traceparent)
            try:
                await self.ledger.insert(replace(row, id=_row_id(arrival, key)), arrival.body)
            except AlreadyThere as there:
                if there.entry.row.payload_hash != row.payload_hash:
                    # Another body was refused under this key before; this one is kept under its message's own id.
                    with suppress(AlreadyThere):
                        await self.ledger.insert(replace(row, id=_row_id(arrival, arrival.message_id)), arrival.body)

    def _row(self, arrival: Arrival, state: State, reason: Reason, trace: str) -> MailRow:
        now = self.clock()
        caller = callers.producer(arrival.producer)
        body_hash = identifiers.payload_hash(arrival.body)
        row = MailRow(
            id=_row_id(arrival, arrival.message_id),
            why=reason,
            state=state,
            sender="",
            provenance=Provenance(caller=caller.name, door="queue", rule="", package_version=self.accept.version),
            content_hash=body_hash,
            payload_hash=body_hash,
            message_id="",
            date=now,
            accepted_at=now,
            due=now,
            expires_at=now,
            on_unknown=OnUnknown.HOLD,
            traceparent=trace,
        )
        return begin(row, reason=f"{reason.code}: {reason.text}")

    async def _poison(self, arrival: Arrival) -> None:
        """A refused body also goes where its producer's own tools look: into the poison queue of its queue."""
        poison = f"{arrival.producer.queue}-poison"
        try:
            await self.queues.put(poison, arrival.body.decode("utf-8", "replace"))
        except NotStorable:
            await self.queues.put(poison, base64.b64encode(arrival.body).decode())

    async def _put_back(self, arrival: Arrival, envelope: Envelope) -> None:
        value = parse_json(decode_body(arrival.body), limit=QUEUE_BODY_LIMIT)
        with_id = {**value, "id": envelope.id or arrival.message_id} if isinstance(value, dict) else value
        text = base64.b64encode(json.dumps(with_id).encode()).decode()
        await self.queues.put(arrival.producer.queue, text, delay=PUT_BACK_AFTER)


def _envelope(body: bytes) -> Envelope:
    return envelope_from(parse_json(decode_body(body), limit=QUEUE_BODY_LIMIT))


def _row_id(arrival: Arrival, key: str) -> str:
    return identifiers.refused_id(callers.producer(arrival.producer).name, key)


def _claimed_key(arrival: Arrival) -> str:
    """The id that an unsound envelope names, so that its producer finds the row under it; else the message's own.

    An id that is itself unsound is nobody's key: no request could ask for it.
    """
    try:
        value = parse_json(decode_body(arrival.body), limit=QUEUE_BODY_LIMIT)
    except Refused:
        return arrival.message_id
    claimed = value.get("id") if isinstance(value, dict) else None
    try:
        return producer_key(claimed) if isinstance(claimed, str) else arrival.message_id
    except ValueError:
        return arrival.message_id


def _reason(why: Refused | KeyConflict) -> Reason:
    """Code and explanation, without any value of the body."""
    if isinstance(why, KeyConflict):
        return Reason("key-conflict", str(why))
    return Reason(why.code, "; ".join(f"{problem.pointer or '/'} {problem.message}" for problem in why.problems))

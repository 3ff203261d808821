"""What a producer puts on its queue: an envelope that is accepted, or a body that is kept with the reason why not.

A producer cannot be answered, so the ledger answers: what is not accepted gets a row that says why and leaves the queue.
A temporary failure never raises: the body goes back under its own id, so that the host's poison queue is left for crashes.
"""

import logging
from dataclasses import dataclass

from shared.accept import Accept, KeyConflict, Origin
from shared.ports import Queues
from shared.rules import callers
from shared.rules.config import Producer
from shared.rules.envelope import Envelope, envelope_from
from shared.rules.outcome import Reason
from shared.rules.problems import Refused
from shared.rules.queue_bodies import claimed_key, queue_value, with_key
from shared.rules.states import State
from shared.rules.storage_errors import BrokenRow, NewerRow, NotStorable, StorageForbidden, StorageUnavailable
from shared.unaccepted import Refusal, Unaccepted, conflict_reason, refused_reason

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
    unaccepted: Unaccepted
    queues: Queues

    async def take(self, arrival: Arrival) -> None:
        """Accept the message, or keep it with the reason; afterwards it may leave the producer's queue."""
        try:
            await self._take(arrival)
        except (StorageUnavailable, StorageForbidden, NewerRow) as later:
            log.warning("a message of producer %s is put back: %s", arrival.producer.name, later)
            await self._put_back(arrival)

    async def _take(self, arrival: Arrival) -> None:
        try:
            envelope = envelope_from(queue_value(arrival.body))
        except Refused as refused:
            key = claimed_key(arrival.body) or arrival.message_id
            return await self._keep(arrival, State.PARKED, refused_reason(refused), key)
        key = envelope.id or arrival.message_id
        try:
            return await self._accept(arrival, envelope, key)
        except Refused as refused:
            return await self._keep(arrival, State.REJECTED, refused_reason(refused), key)
        except KeyConflict as conflict:
            return await self._keep(arrival, State.REJECTED, conflict_reason(conflict), arrival.message_id)
        except NotStorable as too_large:
            return await self._keep(arrival, State.REJECTED, too_large.reason, key)
        except BrokenRow as broken:
            return await self._keep(arrival, State.PARKED, broken.reason, key)

    async def _accept(self, arrival: Arrival, envelope: Envelope, key: str) -> None:
        parent = envelope.traceparent or arrival.trace
        links = (arrival.trace,) if envelope.traceparent else ()
        origin = Origin(door="queue", key=key, parent=parent, links=links)
        await self.accept(envelope, callers.producer(arrival.producer), origin)

    async def _keep(self, arrival: Arrival, state: State, reason: Reason, key: str) -> None:
        caller = callers.producer(arrival.producer).name
        refusal = Refusal(caller, "queue", state, reason, key, arrival.message_id, arrival.body, arrival.trace)
        await self.unaccepted.keep(refusal)

    async def _put_back(self, arrival: Arrival) -> None:
        try:
            text = with_key(arrival.body, arrival.message_id)
        except Refused:  # no JSON to which a key could be added; its row will be found under the new message's id
            text = arrival.body.decode("utf-8", "replace")
        await self.queues.put(arrival.producer.queue, text, delay=PUT_BACK_AFTER)

"""Storage in memory with the manners of the real one; each fake passes the contract suite of its port.

`fail_next` makes the next operations fail with a fault of your choice, before they do anything.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from shared.rules.outcome import Reason
from shared.rules.received import Received
from shared.rules.storage_errors import NotStorable
from tests.fakes.failing import Failing
from tests.fakes.ledger import FakeLedger
from tests.fakes.references import FakeReferences
from tests.fakes.stops import FakeStops

__all__ = ["HOST_LEASE", "Failing", "FakeLedger", "FakePayloads", "FakeQueues", "FakeReferences", "FakeStops", "Message"]

HOST_LEASE = 600.0
"""Seconds for which the host hides a message that it has taken (functions reference 2.2)."""

LONGEST_DELAY = 604_800
QUEUE_LIMIT = 65_536
TAKEN_AT_ONCE = 32


class FakePayloads(Failing):
    """Payloads by (mail id, hash)."""

    def __init__(self) -> None:
        super().__init__()
        self.blobs: dict[tuple[str, str], bytes] = {}

    async def put(self, mail_id: str, payload_hash: str, payload: bytes) -> None:
        """As the port says."""
        self._begin("put")
        self.blobs[mail_id, payload_hash] = payload

    async def get(self, mail_id: str, payload_hash: str) -> bytes | None:
        """As the port says."""
        self._begin("get")
        return self.blobs.get((mail_id, payload_hash))

    async def drop(self, mail_id: str, payload_hash: str) -> None:
        """As the port says."""
        self._begin("drop")
        self.blobs.pop((mail_id, payload_hash), None)


@dataclass(slots=True)
class Message:
    """A message in a fake queue. `visible_at` is when it can be taken (epoch seconds)."""

    queue: str
    id: str
    text: str
    visible_at: float
    dequeue_count: int = 0

    @property
    def receipt(self) -> str:
        """Another one each time that the message is taken."""
        return f"{self.id}-taken-{self.dequeue_count}"


class FakeQueues(Failing):
    """Queues with visibility on `clock`; `receive`, `finish` and `release` are the host's side."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self.messages: list[Message] = []
        self._clock = clock
        self._put = 0

    async def put(self, queue: str, text: str, *, delay: float = 0.0) -> None:
        """As the port says."""
        self._begin("put")
        if not all(c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" for c in text):
            raise NotStorable(Reason("not-xml", "the text holds a character that a queue cannot hold"))
        if len(text.encode()) > QUEUE_LIMIT:
            raise NotStorable(Reason("too-large", "larger than a queue message can be"))
        self._put += 1
        wait = min(max(math.ceil(delay), 0), LONGEST_DELAY)
        self.messages.append(Message(queue, f"message-{self._put}", text, self._clock() + wait))

    async def peek_visible(self, queue: str) -> bool:
        """As the port says."""
        self._begin("peek")
        return any(m.queue == queue and m.visible_at <= self._clock() for m in self.messages)

    async def take(self, queue: str, *, hidden: float) -> list[Received]:
        """As the port says."""
        self._begin("take")
        taken: list[Received] = []
        while len(taken) < TAKEN_AT_ONCE and (message := self.receive(queue, lease=max(math.ceil(hidden), 1))):
            taken.append(Received(message.id, message.receipt, message.text, message.dequeue_count))
        return taken

    async def delete(self, queue: str, message: Received) -> None:
        """As the port says."""
        self._begin("delete")
        held = (queue, message.id, message.receipt)
        self.messages = [m for m in self.messages if (m.queue, m.id, m.receipt) != held]

    def receive(self, queue: str, now: float | None = None, lease: float = HOST_LEASE) -> Message | None:
        """Take the oldest visible message and hide it for `lease` seconds; None if nothing is visible."""
        at = self._clock() if now is None else now
        for message in self.messages:
            if message.queue == queue and message.visible_at <= at:
                message.visible_at = at + lease
                message.dequeue_count += 1
                return message
        return None

    def finish(self, message: Message) -> None:
        """The message was processed."""
        self.messages.remove(message)

    def release(self, message: Message, delay: float = 0.0) -> None:
        """The processing failed: the message shows itself again."""
        message.visible_at = self._clock() + delay

    def texts(self, queue: str) -> list[str]:
        """The texts of all messages of a queue, visible or not, oldest first."""
        return [m.text for m in self.messages if m.queue == queue]

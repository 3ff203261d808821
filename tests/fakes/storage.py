"""Storage in memory with the manners of the real one; each fake passes the contract suite of its port.

`fail_next` makes the next operations fail with a fault of your choice, before they do anything.
"""

import hashlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from shared.rules.mail_row import ROW_VERSION, Entry, MailRow
from shared.rules.open_mail import OpenMail
from shared.rules.outcome import Reason
from shared.rules.states import FINAL, UNDER_WAY, State
from shared.rules.storage_errors import (
    AlreadyThere,
    BrokenRow,
    Conflict,
    NewerRow,
    NotStorable,
    PayloadChanged,
    PayloadGone,
    StorageFault,
)

HOST_LEASE = 600.0
"""Seconds for which the host hides a message that it has taken (functions reference 2.2)."""

LONGEST_DELAY = 604_800
QUEUE_LIMIT = 65_536


class Failing:
    """Operations that can be told to fail; `operations` is what was asked, in order."""

    def __init__(self) -> None:
        self.operations: list[str] = []
        self._faults: deque[StorageFault] = deque()

    def fail_next(self, fault: StorageFault, times: int = 1) -> None:
        """Let the next `times` operations raise `fault`."""
        self._faults.extend([fault] * times)

    def _begin(self, operation: str) -> None:
        self.operations.append(operation)
        if self._faults:
            raise self._faults.popleft()


class FakeLedger(Failing):
    """The ledger; `rows` and `payloads` by mail id may be looked at and spoiled, `broken` names rows edited by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, Entry] = {}
        self.payloads: dict[str, bytes] = {}
        self.broken: set[str] = set()
        self.index: dict[str, float] = {}
        self.for_a_person: set[str] = set()
        self._writes = 0

    async def insert(self, row: MailRow, payload: bytes) -> Entry:
        """As the port says."""
        self._begin("insert")
        if (hashlib.sha256(payload).hexdigest() if row.payload_hash else "") != row.payload_hash:
            raise PayloadChanged
        if row.id in self.rows:
            raise AlreadyThere(self._readable(row.id))
        self.payloads[row.id] = payload
        self._enter(row)
        return replace(self._write(row), payload=payload)

    async def read(self, mail_id: str) -> Entry | None:
        """As the port says."""
        self._begin("read")
        return self._readable(mail_id) if mail_id in self.rows else None

    async def open(self, mail_id: str) -> Entry | None:
        """As the port says."""
        self._begin("open")
        if mail_id not in self.rows:
            return None
        entry = self._readable(mail_id)
        if not entry.row.payload_hash:
            return replace(entry, payload=b"")
        payload = self.payloads.get(mail_id)
        if payload is None:
            raise PayloadGone
        if hashlib.sha256(payload).hexdigest() != entry.row.payload_hash:
            raise PayloadChanged
        return replace(entry, payload=payload)

    async def update(self, entry: Entry, row: MailRow) -> Entry:
        """As the port says."""
        self._begin("update")
        if row.id != entry.row.id:
            raise ValueError("an update cannot change the mail's id")
        current = self.rows.get(row.id)
        if current is None or current.etag != entry.etag:
            raise Conflict(current if row.id not in self.broken else None)
        written = replace(self._write(row), payload=entry.payload)
        if row.state in FINAL:
            self.index.pop(row.id, None)
        elif row.state in UNDER_WAY and entry.row.state not in UNDER_WAY:
            self._enter(row)
        return written

    async def due(self, now: float) -> list[OpenMail]:
        """As the port says."""
        self._begin("due")
        return [
            OpenMail(mail_id, "due", mail_id) for at, mail_id in sorted((at, m) for m, at in self.index.items()) if at <= now
        ]

    async def held(self) -> list[OpenMail]:
        """As the port says."""
        self._begin("held")
        return [OpenMail(mail_id, "held", mail_id) for mail_id in sorted(self.for_a_person)]

    async def settle(self, mail: OpenMail) -> None:
        """As the port says."""
        self._begin("settle")
        if mail.list == "due":
            self.index.pop(mail.mail_id, None)
        else:
            self.for_a_person.discard(mail.mail_id)

    async def hold(self, mail: OpenMail) -> None:
        """As the port says."""
        self._begin("hold")
        self.index.pop(mail.mail_id, None)
        self.for_a_person.add(mail.mail_id)

    async def look_again(self, mail: OpenMail, at: float) -> None:
        """As the port says."""
        self._begin("look_again")
        self.index[mail.mail_id] = at

    def _enter(self, row: MailRow) -> None:
        if row.state in (State.PARKED, State.UNKNOWN):
            self.for_a_person.add(row.id)
        elif row.state in UNDER_WAY:
            self.index[row.id] = row.date

    def _write(self, row: MailRow) -> Entry:
        self._writes += 1
        self.rows[row.id] = Entry(row, f"etag-{self._writes}")
        return self.rows[row.id]

    def _readable(self, mail_id: str) -> Entry:
        entry = self.rows[mail_id]
        if entry.row.version > ROW_VERSION:
            raise NewerRow(entry.row.version)
        if mail_id in self.broken:
            raise BrokenRow(Reason("row-broken", "column State is none of the states"))
        return entry


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


@dataclass(slots=True)
class Message:
    """A message in a fake queue. `visible_at` is when it can be taken (epoch seconds)."""

    queue: str
    id: str
    text: str
    visible_at: float
    dequeue_count: int = 0


class FakeQueues(Failing):
    """Queues with visibility on `clock`; `receive`, `delete` and `release` are the host's side."""

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

    def receive(self, queue: str, now: float | None = None, lease: float = HOST_LEASE) -> Message | None:
        """Take the oldest visible message and hide it for `lease` seconds; None if nothing is visible."""
        at = self._clock() if now is None else now
        for message in self.messages:
            if message.queue == queue and message.visible_at <= at:
                message.visible_at = at + lease
                message.dequeue_count += 1
                return message
        return None

    def delete(self, message: Message) -> None:
        """The message was processed."""
        self.messages.remove(message)

    def release(self, message: Message, delay: float = 0.0) -> None:
        """The processing failed: the message shows itself again."""
        message.visible_at = self._clock() + delay

    def texts(self, queue: str) -> list[str]:
        """The texts of all messages of a queue, visible or not, oldest first."""
        return [m.text for m in self.messages if m.queue == queue]

"""The mails that were accepted, as the inbox API shows them; bounded, oldest go first."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from devcloud.exchange.session import Line

MAX_MESSAGES = 20_000
"""Kept at once: a benchmark's worth of small mails."""

MAX_BYTES = 512 * 1024 * 1024
"""Kept at once: three mails of the largest size that Exchange takes."""


@dataclass(frozen=True)
class Message:
    """One accepted mail; `number` counts from 1 and is never given twice."""

    number: int
    sender: str
    recipients: tuple[str, ...]
    mailbox: str
    headers: tuple[tuple[str, str], ...]
    received_at: float
    message_id: str
    raw: bytes
    dialogue: tuple[list[Line], ...] = ()

    def describe(self) -> dict[str, Any]:
        """The JSON of design 3.1, and the address of the dialogue."""
        return {
            "from": self.sender,
            "to": list(self.recipients),
            "mailbox": self.mailbox,
            "headers": [list(header) for header in self.headers],
            "received_at": iso(self.received_at),
            "size": len(self.raw),
            "message_id": self.message_id,
            "raw_url": f"/api/messages/{self.number}/raw",
            "dialogue_url": f"/api/messages/{self.number}/dialogue",
        }

    def lines(self) -> list[dict[str, str]]:
        """The dialogue: the connection's beginning and this mail's transaction."""
        parts = [line for part in self.dialogue for line in part]
        return [{"from": line.speaker, "line": line.text, "at": iso(line.at)} for line in parts]


def iso(at: float) -> str:
    """ISO 8601 in UTC with its offset."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


class MailStore:
    """Accepted mails by number."""

    def __init__(self, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._messages: OrderedDict[int, Message] = OrderedDict()
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._bytes = 0
        self._given = 0

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages.values())

    def newest_first(self) -> Iterator[Message]:
        """All mails, the last one first."""
        return reversed(self._messages.values())

    def next_number(self) -> int:
        """The number of the next mail."""
        self._given += 1
        return self._given

    def add(self, message: Message) -> None:
        """Keep a mail, and let go of the oldest where there is no room."""
        self._messages[message.number] = message
        self._bytes += len(message.raw)
        while len(self._messages) > self._max_messages or (self._bytes > self._max_bytes and len(self._messages) > 1):
            _, oldest = self._messages.popitem(last=False)
            self._bytes -= len(oldest.raw)

    def get(self, number: int) -> Message | None:
        """One mail, None if it is gone or never was."""
        return self._messages.get(number)

    def clear(self) -> None:
        """Forget all mails; numbers go on."""
        self._messages.clear()
        self._bytes = 0

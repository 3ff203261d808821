"""What an event source sends, and what is made of it: events, each with the key that makes it one event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of an event source: its headers, the raw bytes of its body, and its query."""

    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """The header of this name, in whatever case; '' where it is missing."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), "")


@dataclass(frozen=True, slots=True)
class Event:
    """A verified event. The same `key` is the same event; `content` is a hash of what it says, so that a key that comes with
    other content is noticed. `data` is what templates and conditions see.
    """

    key: str
    content: str
    data: dict[str, Any]


class DeliveryRefused(Exception):
    """The delivery is not proven to come from the configured source; `code` says why and may be logged."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the delivery was refused: {code}")
        self.code = code

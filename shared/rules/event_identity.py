"""What makes an event one event: its key, and a hash of what it says. Both are computed from verified content only."""

import hashlib
import json
from collections.abc import Iterable

from shared.rules.deliveries import Event


def key_of(kind: str, *parts: str) -> str:
    """The key of what `parts` name: 64 hex digits, whatever their length and characters.

    Each part is hashed with its length before it, so that ("ab", "c") and ("a", "bc") are two keys.
    """
    digest = hashlib.sha256()
    for part in (f"keyless-mail/event/1/{kind}", *parts):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def body_hash(body: bytes) -> str:
    """SHA-256 (hex) of the bytes as they came, for senders that repeat an event byte by byte."""
    return hashlib.sha256(body).hexdigest()


def content_of(value: object) -> str:
    """SHA-256 (hex) of a JSON value, however its members were ordered and its text was written."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def distinct(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events in their order, each once. The same key with other content stays: whoever stores it has to notice."""
    found: dict[tuple[str, str], Event] = {}
    for event in events:
        found.setdefault((event.key, event.content), event)
    return tuple(found.values())

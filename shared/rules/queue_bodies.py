"""Bodies on a producer's queue: what one says of itself before it is accepted, and how it is put back under a key."""

import base64
import json
import re

from shared.rules.envelope import QUEUE_BODY_LIMIT
from shared.rules.field_rules import producer_key, traceparent
from shared.rules.orders import decode_body
from shared.rules.problems import Refused
from shared.rules.strict import parse_json

_NOT_XML = re.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""What XML 1.0 (section 2.2) cannot hold; a queue's message is XML on its way."""


def queue_value(body: bytes) -> object:
    """The JSON value in a queue message, Base64 or raw; raises `Refused`."""
    return parse_json(decode_body(body), limit=QUEUE_BODY_LIMIT)


def claimed_key(body: bytes) -> str | None:
    """The `id` that a body names, sound or not in everything else, so that its producer finds the row under it.

    None where it names none, or one that is itself unsound: no request could ask for that.
    """
    claimed = _object(body).get("id")
    try:
        return producer_key(claimed) if isinstance(claimed, str) and claimed else None
    except ValueError:
        return None


def claimed_trace(body: bytes) -> str:
    """The traceparent that a body names; '' where there is none that can be read."""
    return traceparent(_object(body).get("traceparent")) or ""


def with_key(body: bytes, key: str) -> str:
    """The body as text for a queue message, under `key` where it names no `id` of its own; raises `Refused`.

    Base64 as long as that fits, else JSON. The values are those of the body, so that they give the same content.
    """
    value = queue_value(body)
    if isinstance(value, dict) and value.get("id") is None:
        value = {**value, "id": key}
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    encoded = base64.b64encode(text.encode()).decode("ascii")
    return encoded if len(encoded) <= QUEUE_BODY_LIMIT else _NOT_XML.sub(_escaped, text)


def _object(body: bytes) -> dict[str, object]:
    try:
        value = queue_value(body)
    except Refused:
        return {}
    return value if isinstance(value, dict) else {}


def _escaped(character: re.Match[str]) -> str:
    """JSON's own escape: outside strings there is no such character."""
    return f"\\u{ord(character.group()):04x}"

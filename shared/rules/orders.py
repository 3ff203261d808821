"""The one kind of message on the private queue `sending`, and how bodies of queue messages are read.

We write Base64; producers may write Base64 or raw JSON (host.json says `messageEncoding: none`).
"""

import base64
import binascii
from typing import Annotated

import msgspec
from msgspec import Meta

from shared.rules.field_rules import traceparent
from shared.rules.problems import Problem, Refused
from shared.rules.strict import Read, convert, parse_json

ORDER_VERSION = 1
ORDER_LIMIT = 64 * 1024
"""Bytes of a storage queue message (Azure Storage's own limit)."""

_SPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


def _readable(value: object) -> str:
    return traceparent(value) or ""


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send the mail `id` if `ticket` is still its live one; `traceparent` is the trace to continue ('' for none)."""

    v: Annotated[int, Meta(ge=1, le=ORDER_VERSION)] = ORDER_VERSION
    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    ticket: Annotated[int, Meta(ge=1)]
    traceparent: Annotated[str, Read(_readable)] = ""


def encode(order: Order) -> str:
    """The order as text for a queue message: Base64 of JSON."""
    return base64.b64encode(msgspec.json.encode(order)).decode("ascii")


def decode(body: bytes | str) -> Order:
    """The order in a queue message, Base64 or raw JSON; raises `Refused`."""
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return _own(raw) or convert(parse_json(decode_body(raw), limit=ORDER_LIMIT), Order)


def from_newer(body: bytes | str) -> bool:
    """Whether an order that cannot be read says that a newer version of the app wrote it."""
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    try:
        value = parse_json(decode_body(raw), limit=ORDER_LIMIT)
    except Refused:
        return False
    version = value.get("v") if isinstance(value, dict) else None
    return type(version) is int and version > ORDER_VERSION


def _own(raw: bytes) -> Order | None:
    """The order where `raw` is exactly what `encode` writes, nearly always: the strict reading takes ten times as long."""
    try:
        order = msgspec.json.decode(base64.b64decode(raw), type=Order)
    except (ValueError, RecursionError):  # what Base64, UTF-8 and msgspec raise
        return None
    return order if encode(order).encode() == raw and _readable(order.traceparent) == order.traceparent else None


def decode_body(body: bytes) -> bytes:
    """The JSON text in a queue message: the body itself where it begins with a brace, otherwise what its Base64 holds.

    Raises `Refused` for anything else. Whether the text is sound JSON is for `parse_json` to say.
    """
    text = body.lstrip(_SPACE)
    if not text or text.startswith((b"{", _BOM)):
        return body
    try:
        return base64.b64decode(bytes(body).translate(None, _SPACE), validate=True)
    except binascii.Error:
        message = "the body is neither a JSON object nor Base64 of one; send one of them"
        raise Refused([Problem("", message)], code="unreadable") from None

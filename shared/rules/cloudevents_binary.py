"""A CloudEvent whose attributes are HTTP headers and whose data is the body (CloudEvents 1.0.2, HTTP binding, section 3.1).

Nothing of this is for deliveries that are proven by an HMAC over the body: that does not cover the headers.
"""

import base64
import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from shared.rules.deliveries import Delivery
from shared.rules.event_bodies import is_json, json_value, media_type, unsupported
from shared.rules.problems import Faults, child, shown

PREFIX = "ce-"

_PRINTABLE = re.compile(r"[ -~]*")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
"""A quoted string (RFC 9110 section 5.6.4), as older versions of the specification had them."""

_UTF_8 = frozenset({"", "utf-8", "us-ascii"})
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]*)\"?", re.IGNORECASE)


def binary_envelope(delivery: Delivery) -> dict[str, object]:
    """The envelope that headers and body mean, its values not yet checked; raises `Refused`.

    Faults are named by the attribute's place in the envelope.
    """
    headers = [(name.lower(), value) for name, value in delivery.headers.items() if name.lower().startswith(PREFIX)]
    if not headers:
        raise unsupported(
            "the delivery is not a CloudEvent; send application/cloudevents+json, or attributes as ce- headers"
        )
    faults = Faults()
    envelope: dict[str, object] = {}
    for header, value in headers:
        name = header.removeprefix(PREFIX)
        try:
            _check_header(name, envelope)
            envelope[name] = header_value(value)
        except ValueError as error:
            faults.add(child("", name), f"the header {shown(header)} {error}")
    faults.raise_any()
    return {**envelope, **_content(delivery.header("Content-Type"), delivery.body)}


def header_value(text: str) -> str:
    """What a header's value means: unquoted first, then percent-decoded once (section 3.1.3.2).

    Raises `ValueError` for characters that should have been encoded, and for bytes that are not UTF-8.
    """
    if not _PRINTABLE.fullmatch(text):
        raise ValueError("holds characters outside printable ASCII; percent-encode them as UTF-8")
    if text.startswith('"'):
        quoted = _QUOTED.fullmatch(text)
        if quoted is None:
            raise ValueError("begins a quoted string that does not end; percent-encode the value instead")
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    if _STRAY_PERCENT.search(text):
        raise ValueError("has a % without two hex digits; write it as %25")
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 once it is percent-decoded; encode it as UTF-8") from None


def _check_header(name: str, seen: Mapping[str, object]) -> None:
    if name == "datacontenttype":
        raise ValueError("must not be there; Content-Type says it (section 3.1.1)")
    if name in ("data", "data_base64"):
        raise ValueError("is not an attribute; the body is the data")
    if name in seen:
        raise ValueError("stands more than once; keep one of them")


def _content(content_type: str, body: bytes) -> dict[str, object]:
    """The data, and its type: JSON as a value, other text as text, everything else as Base64."""
    kind: dict[str, object] = {"datacontenttype": content_type} if content_type else {}
    if not body:
        return kind
    if is_json(content_type):
        return {**kind, "data": json_value(body)}
    text = _text(content_type, body)
    if text is None:
        return {**kind, "data_base64": base64.b64encode(body).decode("ascii")}
    return {**kind, "data": text}


def _text(content_type: str, body: bytes) -> str | None:
    """The body where it is text in UTF-8 that later steps can hold, otherwise None."""
    charset = _CHARSET.search(content_type)
    known = (charset[1].lower() if charset else "") in _UTF_8
    if not known or not media_type(content_type).startswith("text/") or b"\0" in body:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None

"""What each field of a mail may hold: one function per kind of field.

Each returns the value to keep or raises `ValueError` with cause and cure and without the value. They are the guard against
header injection (protocols reference 4.1): Python's email package checks header values, but neither header names nor NUL.
"""

import re
from datetime import datetime

LONGEST_HEADER_VALUE = 900
"""Octets. With the longest name it stays on one line of 998 (RFC 5322 2.1.1), so that nothing has to be folded."""

LONGEST_NAME = 255
"""Characters of an attachment's name: the limit of the file systems on which it will be saved."""

LONGEST_BODY_TEXT = 1_000_000
"""Characters of text or HTML; more belongs into an attachment, and mail programs cut it off long before."""

LONGEST_KEY = 256
"""Characters of a producer's own key; the usual limit of idempotency keys."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""C0, DEL and C1 controls, the two Unicode line ends, and halves of surrogate pairs."""

_BODY_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Controls that mean nothing in a text; tab and line ends do."""

_BIDI_CONTROL = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that reorder what is shown: `invoice<U+202E>fdp.exe` is read as `invoiceexe.pdf`."""

_HEADER_NAME = re.compile(r"[Xx]-[A-Za-z0-9-]{1,74}")
_FOREIGN_PREFIXES = ("x-ms-", "x-microsoft-", "x-forefront-")
_OWN_HEADERS = frozenset({"x-auto-response-suppress"})

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]{1,64}"  # noqa: S105 - a token of RFC 6838 4.2, not a secret
_CONTENT_TYPE = re.compile(rf'({_TOKEN})/{_TOKEN}(?:; ?{_TOKEN}=(?:{_TOKEN}|"[A-Za-z0-9 ._/+-]{{0,64}}")){{0,3}}')
_COMPOSITE_TYPES = frozenset({"multipart", "message"})
_CONTENT_ID = re.compile(r"[A-Za-z0-9._+-]{1,64}(?:@[A-Za-z0-9.-]{1,64})?")
_BLOB_NAME = re.compile(r"[A-Za-z0-9._=()+ -]{1,255}(?:/[A-Za-z0-9._=()+ -]{1,255}){0,15}")
_KEY = re.compile(rf"[!-~](?:[ -~]{{0,{LONGEST_KEY - 2}}}[!-~])?")
_TEMPLATE = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TRACESTATE = re.compile(r"[ -~]{1,512}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:?\d\d)")


def single_line(text: str) -> str:
    """Text without line breaks and control characters."""
    if _CONTROL.search(text):
        raise ValueError("holds a line break or a control character; remove it")
    return text


def subject(text: str) -> str:
    """One line that says something."""
    if not single_line(text).strip():
        raise ValueError("is blank; say what the mail is about")
    return _within(text)


def header_name(name: str) -> str:
    """An X- header of the caller's own: not Exchange's (they steer filtering there), not one that we set."""
    lower = name.lower()
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("is not a header that may be set; use X- followed by letters, digits and hyphens")
    if lower.startswith(_FOREIGN_PREFIXES) or lower in _OWN_HEADERS:
        raise ValueError("is a header that the mail system sets itself; use another name")
    return name


def header_value(text: str) -> str:
    """One line of at most `LONGEST_HEADER_VALUE` octets, not blank: a blank line would end the header."""
    if not single_line(text).strip():
        raise ValueError("is blank; leave the header out")
    return _within(text)


def distinct_headers(headers: dict[str, str]) -> dict[str, str]:
    """Header names count without their case (RFC 5322 2.2)."""
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("has the same header twice, in different case; keep one")
    return headers


def body_text(text: str) -> str:
    """The text or HTML of a mail: any characters but controls; line ends may be CR, LF or both."""
    if _BODY_CONTROL.search(text):
        raise ValueError("holds a control character other than tab and line ends; remove it")
    return text


def attachment_name(name: str) -> str:
    """A file name without a path, without characters that hide what it is, and without spaces around it."""
    single_line(name)
    if _BIDI_CONTROL.search(name):
        raise ValueError("holds a character that reorders its letters on the screen; remove it")
    if "/" in name or "\\" in name or not name.strip(" ."):
        raise ValueError("is not a file name; leave the folder out")
    if name != name.strip():
        raise ValueError("begins or ends with a space, which not every system can store; remove it")
    return name


def content_type(text: str) -> str:
    """A media type with at most three parameters (RFC 6838), but no container that would need other encoding rules."""
    match = _CONTENT_TYPE.fullmatch(text)
    if match is None:
        raise ValueError("is not a media type; give one such as application/pdf")
    if match[1].lower() in _COMPOSITE_TYPES:
        raise ValueError("is a container type, which may not be attached as such; use application/octet-stream")
    return text


def content_id(text: str) -> str:
    """The name by which HTML refers to an inline image (`cid:`, RFC 2392), without angle brackets."""
    if not _CONTENT_ID.fullmatch(text):
        raise ValueError("is not a content id; use letters, digits and . _ + - without angle brackets")
    return text


def blob_name(name: str) -> str:
    """A blob's name below the caller's prefix; no segment may be able to leave it."""
    if not _BLOB_NAME.fullmatch(name) or any(not part.strip(" .") for part in name.split("/")):
        raise ValueError("is not a blob's name; use letters, digits, and / between folders")
    return name


def producer_key(text: str) -> str:
    """A producer's own key: printable ASCII."""
    if not _KEY.fullmatch(text):
        raise ValueError(f"has to be 1 to {LONGEST_KEY} printable ASCII characters, without a space at either end")
    return text


def template_name(name: str) -> str:
    """A template's name, never a path."""
    if not _TEMPLATE.fullmatch(name):
        raise ValueError("is not a template's name; use lower-case letters, digits, hyphens and underscores")
    return name


def moment(value: object) -> datetime | None:
    """A point in time: ISO 8601 with date, time and offset, or an aware datetime; None stays None."""
    if value is None:
        return None
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError:
            raise ValueError("is not a time that exists; check day, hour and offset") from None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise ValueError("has to be a time in ISO 8601 with an offset, such as 2026-11-23T09:00:00Z")


def traceparent(value: object) -> str | None:
    """A W3C trace context (section 3.2.2 of its level 1), or None: a broken one never fails a mail."""
    return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None


def tracestate(value: object) -> str | None:
    """Vendors' trace data of at most 512 characters (W3C Trace Context 3.3.1.1), or None."""
    return value if isinstance(value, str) and _TRACESTATE.fullmatch(value) else None


def _within(text: str) -> str:
    if len(text.encode()) > LONGEST_HEADER_VALUE:
        raise ValueError(f"is longer than {LONGEST_HEADER_VALUE} bytes in UTF-8; shorten it")
    return text

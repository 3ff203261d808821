"""What the attributes of a CloudEvent may be (CloudEvents 1.0.2: spec.md, "Type System" and "Context Attributes").

Each check returns for a sound value and raises `ValueError` with cause and cure, and without the value, for any other.
"""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

REQUIRED: Final = ("id", "source", "specversion", "type")

LARGEST, SMALLEST = 2**31 - 1, -(2**31)
"""Integers are signed 32-bit numbers (spec.md, "Type System")."""

_VERSION = "1.0"
_NAME = re.compile(r"[a-z0-9]+")
_NONCHARACTERS = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_FORBIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]")
"""Controls, halves of surrogate pairs, and the code points that Unicode calls noncharacters."""

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - a token of RFC 2045 section 5.1, not a secret
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}[ \t]*(?:;.*)?")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
"""RFC 3339 section 5.6, date-time. Seconds may be 60 where a leap second can be: at the end of a day in UTC."""

_LAST_MINUTE = 23 * 60 + 59
_NO_TIME = "is not a time of RFC 3339; write one such as 2026-11-23T09:00:00Z"


def attribute_name(name: str) -> None:
    """Lower-case letters and digits, and never `data` (spec.md, "Naming Conventions")."""
    if not _NAME.fullmatch(name) or name == "data":
        raise ValueError("is not an attribute's name; use lower-case letters a-z and digits, and put content into data")


def attribute(name: str, value: object) -> None:
    """An attribute's value: by the rules of its name where the specification has such a name, else of any type."""
    _CHECKS.get(name, extension)(value)


def extension(value: object) -> None:
    """Text, true or false, or a 32-bit integer."""
    match value:
        case bool():
            return
        case int() if SMALLEST <= value <= LARGEST:
            return
        case int():
            raise ValueError("is an integer beyond 32 bits; send it as text")
        case str():
            _allowed(value)
        case _:
            raise ValueError("is neither text nor a whole number nor true or false; send text, or put it into data")


def text(value: object) -> str:
    """Text that is not empty."""
    if isinstance(value, str) and value:
        return _allowed(value)
    raise ValueError("is empty or not text; send text")


def version(value: object) -> None:
    """The one version that is read here."""
    if text(value) != _VERSION:
        raise ValueError(f"is not {_VERSION}; send CloudEvents {_VERSION}")


def content_type(value: object) -> None:
    """A media type (RFC 2045 section 5.1), with any parameters."""
    if not _MEDIA_TYPE.fullmatch(text(value)):
        raise ValueError("is not a media type; write one such as application/json")


def time(value: object) -> None:
    """A moment that exists, in the form of RFC 3339."""
    match = _TIME.fullmatch(text(value))
    if match is None:
        raise ValueError(_NO_TIME)
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise ValueError(_NO_TIME) from None
    if match[6] == "60" and _minute_in_utc(match) != _LAST_MINUTE:
        raise ValueError(_NO_TIME)


def base64_text(value: object) -> None:
    """Base64 with padding and without line breaks (RFC 4648 section 4); empty where there are no bytes."""
    if not (isinstance(value, str) and _is_base64(value)):
        raise ValueError("is not Base64 (RFC 4648 section 4); send it as text with padding and without line breaks")


def canonical(value: object) -> str:
    """The string that means an attribute's value (spec.md, "Type System"): headers know no other type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _allowed(value: str) -> str:
    if _FORBIDDEN.search(value):
        raise ValueError("holds a control character or a code point that Unicode gives to no character; remove it")
    return value


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except ValueError:
        return False
    return True


def _minute_in_utc(match: re.Match[str]) -> int:
    minute = int(match[4]) * 60 + int(match[5])
    if match[7] is None:
        return minute
    away = int(match[8]) * 60 + int(match[9])
    return (minute - away if match[7] == "+" else minute + away) % (24 * 60)


_CHECKS: Mapping[str, Callable[[object], object]] = {
    "id": text,
    "source": text,
    "specversion": version,
    "type": text,
    "datacontenttype": content_type,
    "dataschema": text,
    "subject": text,
    "time": time,
}
"""`source` and `dataschema` are not checked as URIs: Event Grid sends "#" as the schema, and names of resource groups with
letters outside ASCII in the source. Nothing here follows either, and refusing the event would lose it.
"""

"""What to tell somebody whose value has the wrong type or size; the value itself is never part of it.

msgspec's own texts are not shown: they speak of Python's types, and one of them repeats the value.
"""

import enum
import re
from datetime import date, time
from typing import Any, Literal, get_args, get_origin

Hint = Any
"""A type annotation as it is found at runtime."""

_NOUNS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "an array",
    "datetime": "a time",
    "date": "a date",
    "bytes": "Base64 text",
}
"""Our words for msgspec's names of types."""

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "null"),
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "text"),
    ((date, time), "a time"),
    (dict, "an object"),
    ((list, tuple), "an array"),
)
"""What a value is; the first that fits counts (a bool is an int, a datetime is a date)."""

_TIME_FORM = "has to be a time with date and offset, such as 2026-11-23T09:00:00Z"

_FORMS = {
    "timezone": _TIME_FORM,
    "RFC3339": _TIME_FORM,
    "base64": "is not valid Base64 (RFC 4648 section 4, with padding and without line breaks)",
}
"""What to say where msgspec's text holds the word."""

_COUNTED = {"str": "characters", "bytes": "bytes", "array": "entries", "object": "fields"}

_SIZE = re.compile(r"Expected `(\w+)(?: \| null)?` of length (<=|>=) (\d+)")
_RANGE = re.compile(r"Expected `\w+(?: \| null)?` (<=|>=|<|>) (-?[\d.]+)")
_TYPE = re.compile(r"Expected `([\w |]+)`, got `\w+`")

_COMPARED = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}


def explain(error: Exception, base: Hint, value: object) -> str:
    """Cause and cure for a conversion of `value` to `base` that failed with msgspec's `error`."""
    if allowed := choices(base):
        return f"has to be one of: {', '.join(allowed)}"
    text = str(error)
    if size := _SIZE.match(text):
        return _size(size[1], size[2], int(size[3]))
    if limit := _RANGE.match(text):
        return f"has to be {_COMPARED[limit[1]]} {limit[2]}"
    if wrong := _TYPE.match(text):
        return f"has to be {_wanted(wrong[1])}, not {noun_of(value)}"
    return next((cure for sign, cure in _FORMS.items() if sign in text), "does not have the form that this field needs")


def choices(base: Hint) -> tuple[str, ...]:
    """What a field with a fixed set of values may say; () for any other type."""
    origin: object = get_origin(base)
    if origin is Literal:
        return tuple(str(choice) for choice in get_args(base))
    if isinstance(base, type) and issubclass(base, enum.Enum):
        return tuple(str(member.value) for member in base)
    return ()


def noun_of(value: object) -> str:
    """The kind of a JSON or TOML value in plain words."""
    return next((noun for kind, noun in _KINDS if isinstance(value, kind)), "something else")


def _size(kind: str, relation: str, bound: int) -> str:
    if relation == ">=" and bound == 1:
        return "may not be empty"
    return f"has to have {_COMPARED[relation]} {bound} {_COUNTED.get(kind, 'entries')}"


def _wanted(types: str) -> str:
    names = [name for name in types.split(" | ") if name != "null"]
    return " or ".join(_NOUNS.get(name, name) for name in names)

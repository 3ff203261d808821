"""What a template may do with JSON of any shape: turn it into text, rows, times and links. Values in, values out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeGuard

MAX_ROWS = 200
"""Rows that `rows` gives for one value: a longer table is not read in a mail, and mail programs cut long bodies."""

MAX_DEPTH = 8
"""Levels that `rows` descends; what lies deeper is shown as JSON in one row."""

MAX_VALUE = 2_000
"""Characters of one value in a row."""

MAX_NAME = 200
"""Characters of one row's name; a key may be as long as its sender likes."""

NOTHING = "\N{EN DASH}"
"""Shown for null, an empty text, an empty object or an empty array."""

UNNAMED = "value"
"""The row's name where the whole value is a plain one."""

_LINKABLE = ("https://", "http://")


def as_text(value: object) -> object:
    """How `{{ value }}` prints JSON: text as it is, null as nothing, true, false and containers as JSON.

    Anything else (markup made by the template, an undefined value) is returned unchanged for the template engine.
    """
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters; what was cut ends in an ellipsis.

    A host name is left out rather than cut: `https://contoso.com` without its last letter leads to somebody else.
    """
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    cut_word = kept.split()[-1] if not (kept[-1:].isspace() or text[limit - 1].isspace()) and kept.strip() else ""
    if "." in cut_word.rpartition("/")[2]:
        kept = kept.removesuffix(cut_word)
    return kept.rstrip() + "…"


def rows(value: object, limit: int = MAX_ROWS) -> list[dict[str, str]]:
    """Any JSON value as a flat table: `[{"name": "order.lines[0].sku", "value": "A-1"}, …]`, at most `limit` rows.

    An array of plain values is one row; a row too many is replaced by one that says how many are missing.
    """
    found = [{"name": shorten(name, MAX_NAME), "value": shorten(text, MAX_VALUE)} for name, text in _leaves("", value, 0)]
    if len(found) <= limit:
        return found
    return [*found[:limit], {"name": "…", "value": f"{len(found) - limit} more not shown"}]


def without(value: object, *names: str) -> object:
    """An object without these keys; anything else unchanged."""
    if not isinstance(value, Mapping):
        return value
    return {name: item for name, item in value.items() if name not in names}


def first_of(value: object, *names: str) -> object:
    """The first of these keys that an object has with something in it; '' where there is none."""
    if not isinstance(value, Mapping):
        return ""
    return next((value[name] for name in names if value.get(name) not in (None, "")), "")


def lines(value: object) -> list[str]:
    """The lines of a text, so that HTML can put a break between them: Outlook ignores `white-space: pre-wrap`."""
    return _plain(value).splitlines()


def moment(value: object) -> str:
    """An ISO 8601 time or epoch seconds as `2026-11-23 07:00 UTC`, to the minute; any other text as it is."""
    try:
        when = _parse_moment(value)
    except (ValueError, OverflowError, OSError):
        return _plain(value)
    zone = "" if when.tzinfo is None else " UTC" if not when.utcoffset() else f" {when:%z}"
    return f"{when:%Y-%m-%d %H:%M}{zone}"


def web_address(value: object) -> str:
    """The value if it is an http(s) address that may stand behind a link, otherwise ''. `javascript:` never is one."""
    if not isinstance(value, str) or len(value) > MAX_VALUE or not value.isprintable() or " " in value:
        return ""
    start = next((prefix for prefix in _LINKABLE if value.lower().startswith(prefix)), None)
    host = value[len(start) :] if start else ""
    return value if host and host[0].isalnum() | (host[0] == "[") else ""


def _parse_moment(value: object) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    raise ValueError


def _leaves(name: str, value: object, depth: int) -> Iterator[tuple[str, str]]:
    if depth < MAX_DEPTH and isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(f"{name}.{key}" if name else str(key), item, depth + 1)
        return
    if depth < MAX_DEPTH and _holds_containers(value):
        for number, item in enumerate(value):
            yield from _leaves(f"{name}[{number}]", item, depth + 1)
        return
    yield name or UNNAMED, _plain(value) or NOTHING


def _holds_containers(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value)


def _plain(value: object) -> str:
    if isinstance(value, list | tuple) and not _holds_containers(value):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, Mapping) and not value:
        return ""
    return str(as_text(list(value) if isinstance(value, tuple) else value))

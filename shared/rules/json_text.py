"""Strict JSON: one meaning per text, and nothing in it that a later step could trip over.

RFC 8259 leaves duplicate names, huge numbers and lone surrogates to the implementation (sections 4, 6 and 8.2);
here they are refused, as RFC 7493 (I-JSON) advises.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import NoReturn

from shared.rules.problems import Faults, Problem, Refused, child, place, shown

MOST_DEPTH = 32
"""Objects and arrays inside each other. Real events stay below ten; recursion in later steps must stay small."""

LARGEST_INTEGER = 2**53
"""Integers beyond it are not the same number in every JSON implementation (RFC 7493 section 2.2)."""

_MOST_DIGITS = 17
"""Longer integers are beyond `LARGEST_INTEGER` anyway, and turning ten thousand digits into a number costs time."""

_BOM = b"\xef\xbb\xbf"


class _Twice(dict[str, object]):
    """An object in which names stood more than once."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.names = sorted(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)


class _NotFinite:
    """Stands where the text said NaN or Infinity."""


class _Huge:
    """Stands where the text had an integer with too many digits."""


def parse_json(body: bytes, *, limit: int) -> object:
    """The value of a JSON text of at most `limit` bytes; raises `Refused` and never anything else.

    Numbers, strings and nesting are checked as in `examine`; arrays are lists, objects are dicts.
    """
    value = _decoded(_text(body, limit))
    examine(value)
    return value


def examine(value: object, pointer: str = "") -> None:
    """Refuse what JSON values may hold but a mail may not; raises `Refused` with every place.

    Faults: NUL, lone surrogates, NaN and Infinity, integers beyond 2**53, nesting beyond `MOST_DEPTH`, duplicate names.
    """
    faults = Faults()
    _examine(value, pointer, MOST_DEPTH, faults)
    faults.raise_any()


def _text(body: bytes, limit: int) -> str:
    if len(body) > limit:
        _refuse(f"the body is larger than {limit} bytes; put large content into a blob and name it", code="too-large")
    if body.startswith(_BOM):
        _refuse("the body begins with a byte order mark; send UTF-8 without one")
    if not body.strip():
        _refuse("the body is empty; send a JSON object")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"the body is not UTF-8 at byte {error.start}; encode it as UTF-8", cause=error)


def _decoded(text: str) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_constant=_not_finite,
        )
    except json.JSONDecodeError as error:
        _refuse(f"the body is not JSON: {_kind(error)} at line {error.lineno}, column {error.colno}", cause=error)
    except RecursionError as error:
        _refuse(f"the body is nested deeper than {MOST_DEPTH} levels; make it flatter", cause=error)


def _kind(error: json.JSONDecodeError) -> str:
    """The library's words up to a colon, behind which some versions repeat the text."""
    return error.msg.partition(":")[0].lower()


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else _Twice(pairs)


def _integer(digits: str) -> object:
    return int(digits) if len(digits) <= _MOST_DIGITS else _Huge()


def _not_finite(_: str) -> object:
    return _NotFinite()


def _examine(value: object, pointer: str, depth: int, faults: Faults) -> None:
    match value:
        case str():
            _examine_text(value, pointer, place(pointer), faults)
        case bool() | None:
            return
        case Mapping() | list() | tuple() if depth == 0:
            faults.add(pointer, f"the input is nested deeper than {MOST_DEPTH} levels; make it flatter")
        case Mapping():
            _examine_object(value, pointer, depth, faults)
        case list() | tuple():
            for n, item in enumerate(value):
                _examine(item, child(pointer, n), depth - 1, faults)
        case _:
            _examine_number(value, pointer, faults)


def _examine_object(value: Mapping[object, object], pointer: str, depth: int, faults: Faults) -> None:
    for twice in value.names if isinstance(value, _Twice) else ():
        faults.add(child(pointer, twice), f"{shown(twice)} stands more than once in {place(pointer)}; keep one of them")
    for name, item in value.items():
        if not isinstance(name, str):
            faults.add(pointer, f"a name in {place(pointer)} is not text; use text")
            continue
        _examine_text(name, pointer, f"a name in {place(pointer)}", faults)
        _examine(item, child(pointer, name), depth - 1, faults)


def _examine_text(text: str, pointer: str, what: str, faults: Faults) -> None:
    if "\0" in text:
        faults.add(pointer, f"{what} holds a NUL character; remove it")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        faults.add(pointer, f"{what} holds half of a surrogate pair; send the whole character")


def _examine_number(value: object, pointer: str, faults: Faults) -> None:
    if isinstance(value, _NotFinite) or (isinstance(value, float) and not math.isfinite(value)):
        faults.add(pointer, f"{place(pointer)} is not a finite number; send a number, or null")
    elif isinstance(value, _Huge) or (isinstance(value, int) and abs(value) > LARGEST_INTEGER):
        faults.add(pointer, f"{place(pointer)} is an integer beyond 2**53, which is not exact in JSON; send it as text")


def _refuse(message: str, *, code: str = "invalid", cause: Exception | None = None) -> NoReturn:
    # The library's own error carries the whole text, so it must not travel along.
    del cause
    raise Refused([Problem("", message)], code=code) from None

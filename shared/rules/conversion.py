"""From plain values (of JSON or TOML) to msgspec structs, with every fault instead of only the first.

The target's own annotations are the schema: `Meta` limits as msgspec knows them, and two markers of ours for what it
cannot say. `Check` looks at a converted value and may put another in its place, `Read` makes the value from the raw one;
both refuse by a `ValueError` whose text says cause and cure without the value. msgspec alone ignores the two markers, so
structs that use them are only made here.
"""

import enum
import functools
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

import msgspec

from shared.rules.conversion_texts import explain, noun_of
from shared.rules.problems import Faults, child, place, showable, shown

T = TypeVar("T")
Hint = Any
"""A type annotation as it is found at runtime."""

Metas = tuple[msgspec.Meta, ...]

_SUGGESTION_LIKENESS = 0.6
"""Share of equal letters from which another name counts as what was meant; the usual threshold for typing errors."""


@dataclass(frozen=True, slots=True)
class Check:
    """Marks a field in `Annotated`: applied to the converted value; returns the value to keep or raises `ValueError`."""

    function: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Read:
    """Marks a field in `Annotated`: makes the value from the raw input instead of msgspec; may raise `ValueError`."""

    function: Callable[[Any], Any]


class _Bad(enum.Enum):
    BAD = enum.auto()


def convert(value: object, type_: type[T], *, pointer: str = "") -> T:
    """`value` as `type_`; raises `Refused` with every fault of every field. `pointer` is where `value` stands."""
    faults = Faults()
    converted = _convert(value, type_, pointer, faults)
    faults.raise_any()
    return cast(T, converted)


def sound_fields(value: object, struct: type[msgspec.Struct], *, pointer: str, faults: Faults) -> dict[str, Any]:
    """The converted fields of `value` that are sound, by attribute name; all others are noted in `faults`.

    For structs whose fields depend on each other: rules about the sound ones can add their faults before anything is raised.
    """
    if not isinstance(value, Mapping):
        faults.add(pointer, f"{place(pointer)} has to be an object, not {noun_of(value)}")
        return {}
    fields = _fields(struct)
    _unknown_names(value, struct, pointer, faults)
    sound: dict[str, Any] = {}
    for field in fields:
        where = child(pointer, field.encode_name)
        if field.encode_name not in value:
            if field.required:
                faults.add(where, f"{place(where)} is missing; it is required")
            continue
        converted = _convert(value[field.encode_name], field.type, where, faults)
        if converted is not _Bad.BAD:
            sound[field.name] = converted
    return sound


@functools.cache
def _fields(struct: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Resolving annotations costs more than converting a mail, so it is done once per struct."""
    return msgspec.structs.fields(struct)


def _unknown_names(value: Mapping[Any, object], struct: type[msgspec.Struct], pointer: str, faults: Faults) -> None:
    if not struct.__struct_config__.forbid_unknown_fields:
        return
    known = [field.encode_name for field in _fields(struct)]
    for name in value:
        if name in known:
            continue
        text = name if isinstance(name, str) else ""
        faults.add(
            child(pointer, text),
            f"{shown(text)} is not a known field of {place(pointer)}; {_suggestion(text, known, faults)}",
        )


def _suggestion(name: str, known: list[str], faults: Faults) -> str:
    if showable(name) and not faults.full:
        import difflib

        if near := difflib.get_close_matches(name.lower(), known, n=1, cutoff=_SUGGESTION_LIKENESS):
            return f"did you mean '{near[0]}'?"
    return "remove it"


def _convert(value: object, hint: Hint, pointer: str, faults: Faults) -> object:
    base, marks = _unwrapped(hint)
    reader = next((mark for mark in marks if isinstance(mark, Read)), None)
    if reader is not None:
        return _guarded(reader.function, value, pointer, faults)
    converted = _by_shape(value, base, tuple(m for m in marks if isinstance(m, msgspec.Meta)), pointer, faults)
    for mark in marks:
        if isinstance(mark, Check) and converted is not _Bad.BAD and converted is not None:
            converted = _guarded(mark.function, converted, pointer, faults)
    return converted


def _unwrapped(hint: Hint) -> tuple[Hint, tuple[Any, ...]]:
    origin: object = get_origin(hint)
    if origin is Annotated:
        return hint.__origin__, hint.__metadata__
    return hint, ()


def _guarded(function: Callable[[Any], Any], value: object, pointer: str, faults: Faults) -> object:
    try:
        return function(value)
    except ValueError as error:
        faults.add(pointer, f"{place(pointer)} {error}")
        return _Bad.BAD


def _by_shape(value: object, base: Hint, meta: Metas, pointer: str, faults: Faults) -> object:
    origin: object = get_origin(base)
    if origin in (Union, types.UnionType):
        return _union(value, base, meta, pointer, faults)
    if isinstance(base, type) and issubclass(base, msgspec.Struct):
        return _struct(value, base, pointer, faults)
    if origin in (list, tuple, frozenset) and (origin is not tuple or get_args(base)[-1] is Ellipsis):
        return _sequence(value, base, meta, pointer, faults)
    if origin is dict:
        return _mapping(value, base, meta, pointer, faults)
    return _leaf(value, base, meta, pointer, faults)


def _union(value: object, base: Hint, meta: Metas, pointer: str, faults: Faults) -> object:
    if value is None and type(None) in get_args(base):
        return None
    others = [arm for arm in get_args(base) if arm is not type(None)]
    if len(others) == 1:
        return _convert(value, Annotated[others[0], *meta] if meta else others[0], pointer, faults)
    return _leaf(value, base, meta, pointer, faults)


def _struct(value: object, struct: type[msgspec.Struct], pointer: str, faults: Faults) -> object:
    before = faults.count
    sound = sound_fields(value, struct, pointer=pointer, faults=faults)
    if faults.count > before:
        return _Bad.BAD
    return _guarded(lambda fields: struct(**fields), sound, pointer, faults)


def _sequence(value: object, base: Hint, meta: Metas, pointer: str, faults: Faults) -> object:
    """The entries of an array; those of one that is too long are not looked at, so that its length costs nothing."""
    if _leaf(value, list, meta, pointer, faults) is _Bad.BAD:
        return _Bad.BAD
    hint = get_args(base)[0]
    items = [_convert(item, hint, child(pointer, n), faults) for n, item in enumerate(cast(list[object], value))]
    make = cast("Callable[[list[object]], object]", get_origin(base))
    return _Bad.BAD if _Bad.BAD in items else make(items)


def _mapping(value: object, base: Hint, meta: Metas, pointer: str, faults: Faults) -> object:
    if _leaf(value, dict, meta, pointer, faults) is _Bad.BAD:
        return _Bad.BAD
    key_hint, item_hint = get_args(base)
    converted: dict[Any, Any] = {}
    for name, item in cast(dict[Any, object], value).items():
        where = child(pointer, name if isinstance(name, str) else "")
        key = _convert(name, key_hint, where, faults)
        converted[key] = _convert(item, item_hint, where, faults)
    return _Bad.BAD if _Bad.BAD in (*converted, *converted.values()) else converted


def _leaf(value: object, base: Hint, meta: Metas, pointer: str, faults: Faults) -> object:
    try:
        return msgspec.convert(value, Annotated[base, *meta] if meta else base)
    except (msgspec.ValidationError, RecursionError) as error:
        faults.add(pointer, f"{place(pointer)} {explain(error, base, value)}")
        return _Bad.BAD

"""JSON Schemas of the structs that are used for reading, with what their marks say.

msgspec makes schemas of structs, but knows nothing of `Check` and `Read`. So each struct gets a twin for it: the same
fields, and where a mark stands, the words of JSON Schema for it.
"""

import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from shared.rules.conversion import Check, Read
from shared.rules.envelope import Envelope
from shared.rules.schema_marks import BASE64, SAYS

Hint = Any
"""A type annotation as it is found at runtime."""

Struct = type[msgspec.Struct]

Meanings = Mapping[str, Mapping[str, str | Meta]]
"""By struct and field: what it means, alone or with the words for a rule that no mark says. '' is the struct itself."""

NULL_IS_UNSET: frozenset[Struct] = frozenset({Envelope})
"""Structs whose reader takes null in any optional field for a field that is not there."""


class Twins:
    """The structs' twins, each made once."""

    def __init__(self, meanings: Meanings) -> None:
        self._meanings = meanings
        self._made: dict[Struct, Struct] = {}

    def of(self, struct: Struct) -> Struct:
        """The struct for msgspec's schema generator."""
        if struct not in self._made:
            self._made[struct] = self._twin(struct)
        return self._made[struct]

    def _twin(self, struct: Struct) -> Struct:
        meanings = self._meanings.get(struct.__name__, {})
        fields = [self._field(struct, field, meanings.get(field.name)) for field in msgspec.structs.fields(struct)]
        return msgspec.defstruct(
            struct.__name__,
            fields,
            namespace={"__doc__": str(meanings.get("", struct.__doc__))},
            kw_only=True,
            forbid_unknown_fields=struct.__struct_config__.forbid_unknown_fields,
        )

    def _field(self, struct: Struct, field: msgspec.structs.FieldInfo, meaning: str | Meta | None) -> tuple[str, Hint, Any]:
        hint = self._hint(field.type)
        if struct in NULL_IS_UNSET and not field.required and _base(hint) is not Any:
            hint = Union[hint, None]  # noqa: UP007 - made of values
        if meaning is not None:
            hint = Annotated[hint, meaning if isinstance(meaning, Meta) else Meta(description=meaning)]
        return (field.name, hint, _default(field))

    def _hint(self, hint: Hint) -> Hint:
        base, marks = _base(hint), getattr(hint, "__metadata__", ())
        read = next((SAYS.get(mark.function) for mark in marks if isinstance(mark, Read)), None)
        if read is not None:
            return Annotated[Any, Meta(extra_json_schema=dict(read))]
        metas = [*_said(marks), *(Meta(extra_json_schema=BASE64) for _ in (base,) if base is bytes)]
        shaped = self._shape(base)
        return Annotated[shaped, *metas] if metas else shaped

    def _shape(self, base: Hint) -> Hint:
        origin: object = get_origin(base)
        args = get_args(base)
        if isinstance(base, type) and issubclass(base, msgspec.Struct):
            return self.of(base)
        if origin in (Union, types.UnionType):
            return Union[tuple(self._hint(arm) for arm in args)]  # noqa: UP007 - made of values
        if origin is tuple:
            return tuple[self._hint(args[0]), ...]  # type: ignore[misc]  # made of values
        if origin is dict:
            return dict[self._hint(args[0]), self._hint(args[1])]  # type: ignore[misc]  # made of values
        return base


def _base(hint: Hint) -> Hint:
    origin: object = get_origin(hint)
    return hint.__origin__ if origin is Annotated else hint


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - whatever the field's default is
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(name=field.encode_name, default_factory=field.default_factory)
    if field.default is not msgspec.NODEFAULT:
        return msgspec.field(name=field.encode_name, default=field.default)
    return msgspec.field(name=field.encode_name)


def _said(marks: Iterable[object]) -> Iterable[Meta]:
    for mark in marks:
        if isinstance(mark, Meta):
            yield mark
        elif isinstance(mark, Check) and SAYS.get(mark.function):
            yield Meta(extra_json_schema=dict(SAYS[mark.function]))


def schemas(structs: Iterable[Struct], meanings: Meanings, *, place: str) -> dict[str, dict[str, Any]]:
    """The schemas of these structs and of all that they are made of, by name; `place` is where references find them."""
    twins = Twins(meanings)
    _, made = msgspec.json.schema_components([twins.of(one) for one in structs], ref_template=f"{place}/{{name}}")
    return made

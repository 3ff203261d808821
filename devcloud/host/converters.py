"""The library's own converters, reached the way the worker reaches them (azure-functions-python-worker bindings/meta).

`get_binding_registry()` knows one converter class for each binding type; a type that it does not know is handled as
generic data: texts and bytes.
"""

from typing import Any, Protocol, cast

from azure.functions import meta
from azure.functions.meta import Datum

Metadata = dict[str, Datum]


class Converter(Protocol):
    """What the worker calls on a converter class."""

    def has_trigger_support(self) -> bool:
        """Tell whether the binding type has a trigger form."""

    def check_input_type_annotation(self, pytype: object) -> bool:
        """Tell whether a parameter may be annotated so."""

    def check_output_type_annotation(self, pytype: object) -> bool:
        """Tell whether an output or the result may be annotated so."""

    def decode(self, data: Datum, *, trigger_metadata: Metadata) -> object:
        """Turn what the host sends into the argument of the function."""

    def encode(self, obj: object, *, expected_type: object) -> Datum | None:
        """Turn what the function produced into what the host receives."""


class GenericConverter:
    """Texts and bytes for everything that the library has no converter for."""

    @classmethod
    def has_trigger_support(cls) -> bool:
        """Generic data never counts as a trigger."""
        return False

    @classmethod
    def check_input_type_annotation(cls, pytype: object) -> bool:
        """Only `str` and `bytes` may be annotated."""
        return isinstance(pytype, type) and issubclass(pytype, str | bytes)

    @classmethod
    def check_output_type_annotation(cls, pytype: object) -> bool:
        """Only texts and bytes may be annotated."""
        return isinstance(pytype, type) and issubclass(pytype, str | bytes | bytearray)

    @classmethod
    def decode(cls, data: Datum, *, trigger_metadata: Metadata) -> object:  # noqa: ARG003 - the converters' signature
        """Hand over the raw value.

        Raises:
            ValueError: the host sent something that is no text, bytes or JSON.
        """
        if data.type not in {"string", "bytes", "json", None}:
            raise ValueError(f"generic data cannot hold {data.type}")
        return data.value

    @classmethod
    def encode(cls, obj: object, *, expected_type: object) -> Datum | None:  # noqa: ARG003 - the converters' signature
        """Wrap a text or bytes.

        Raises:
            NotImplementedError: any other type.
        """
        if isinstance(obj, str):
            return Datum(obj, "string")
        if isinstance(obj, bytes | bytearray):
            return Datum(bytes(obj), "bytes")
        raise NotImplementedError


def converter_for(binding_type: str) -> Converter:
    """Return the library's converter class for a binding type, or the generic one."""
    # The library leaves this one function without annotations.
    found: Converter | None = cast("Any", meta).get_binding_registry().get(binding_type)
    return GenericConverter if found is None else found

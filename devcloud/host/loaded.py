"""What the host knows of a function once it is loaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from devcloud.host.converters import Converter

RETURN = "$return"
HTTP = "http"  # the only output that goes back to the caller instead of to a queue


@dataclass(frozen=True, slots=True)
class Binding:
    """One raw binding as `get_raw_bindings()` gives it; `fields` holds everything, keys in camelCase."""

    name: str
    type: str
    direction: str
    fields: Mapping[str, object]

    def text(self, key: str, default: str = "") -> str:
        """Return a field that must be a text, or `default` where it is absent."""
        value = self.fields.get(key)
        return value if isinstance(value, str) else default

    @property
    def is_binary(self) -> bool:
        """Whether the app asked for bytes (`data_type=DataType.BINARY`)."""
        return self.text("dataType").upper() == "BINARY"


@dataclass(frozen=True, slots=True)
class Parameter:
    """How one argument, output or result is converted; `annotation` is None where the code has none."""

    binding: Binding
    converter: Converter
    annotation: object


@dataclass(frozen=True, slots=True)
class LoadedFunction:
    """A function that has passed all checks and can be called."""

    name: str
    call: Callable[..., Any]
    directory: str
    is_async: bool
    wants_context: bool
    trigger: Binding
    inputs: Mapping[str, Parameter]
    outputs: Mapping[str, Parameter]
    returns: Parameter | None
    retry_policy: Mapping[str, object] | None = None

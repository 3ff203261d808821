"""The checks that the worker makes when it loads a function (azure-functions-python-worker functions.py, Registry).

Each of them shows in Azure as a load error or as "0 functions", so this host makes them too.
"""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcloud.host.converters import Converter, GenericConverter, converter_for
from devcloud.host.faults import LoadFault
from devcloud.host.loaded import HTTP, RETURN, Binding, LoadedFunction, Parameter

CONTEXT = "context"
SUPPORTED_TRIGGERS = frozenset({"queueTrigger", "timerTrigger", "httpTrigger"})
SUPPORTED_OUTPUTS = frozenset({"queue", "http"})


@dataclass(frozen=True, slots=True)
class _Signature:
    """The user's function as Python sees it."""

    function: str
    parameters: frozenset[str]
    annotations: Mapping[str, Any]

    def fault(self, text: str) -> LoadFault:
        return LoadFault(f"function {self.function!r} cannot be loaded: {text}")


def load(name: str, call: Callable[..., Any], bindings: list[Binding], retry: Mapping[str, object] | None) -> LoadedFunction:
    """Check a function against its bindings and return it ready to be called.

    Raises:
        LoadFault: any rule of the worker is broken, or the function needs a binding that this host does not have.
    """
    signature = _signature(name, call)
    trigger = _check_bindings(signature, bindings)
    bound = {binding.name: binding for binding in bindings if binding.name != RETURN}
    wants_context = _check_context(signature, bound)
    _check_names(signature, bound, wants_context=wants_context)
    parameters = {key: _parameter(signature, binding) for key, binding in bound.items()}
    return LoadedFunction(
        name=name,
        call=call,
        directory=str(Path(inspect.getfile(call)).parent),
        is_async=inspect.iscoroutinefunction(call),
        wants_context=wants_context,
        trigger=trigger,
        inputs={key: value for key, value in parameters.items() if value.binding.direction == "IN"},
        outputs={key: value for key, value in parameters.items() if value.binding.direction == "OUT"},
        returns=_returned(signature, bindings),
        retry_policy=retry,
    )


def _signature(name: str, call: Callable[..., Any]) -> _Signature:
    try:
        annotations = typing.get_type_hints(call)
    except NameError as error:
        raise LoadFault(
            f"function {name!r} cannot be loaded: {error}; names used in annotations must be imported at run time, "
            "not only under TYPE_CHECKING"
        ) from error
    return _Signature(name, frozenset(inspect.signature(call).parameters), annotations)


def _check_bindings(signature: _Signature, bindings: list[Binding]) -> Binding:
    triggers = [binding for binding in bindings if binding.type.lower().endswith("trigger")]
    if len(triggers) != 1:
        raise signature.fault("it needs exactly one trigger")
    for binding in bindings:
        _check_direction(signature, binding)
        if binding.type == HTTP and binding.name != RETURN:
            raise signature.fault("this stand-in takes an HTTP response only as the return value")
        known = SUPPORTED_TRIGGERS if binding is triggers[0] else SUPPORTED_OUTPUTS
        if binding.type not in known:
            raise signature.fault(f"this stand-in has no binding of type {binding.type!r} (see devcloud/host/README.md)")
    return triggers[0]


def _check_direction(signature: _Signature, binding: Binding) -> None:
    if binding.direction not in {"IN", "OUT"}:
        raise signature.fault(f"binding {binding.name!r} is inout, which Python does not support")
    if binding.name == RETURN and binding.direction != "OUT":
        raise signature.fault("the $return binding must have the direction out")


def _check_context(signature: _Signature, bound: Mapping[str, Binding]) -> bool:
    if CONTEXT not in signature.parameters or CONTEXT in bound:
        return False
    annotation = signature.annotations.get(CONTEXT)
    if CONTEXT in signature.annotations and getattr(annotation, "__name__", "") != "Context":
        raise signature.fault(f"parameter context must be annotated azure.functions.Context, not {annotation!r}")
    return True


def _check_names(signature: _Signature, bound: Mapping[str, Binding], *, wants_context: bool) -> None:
    declared = signature.parameters - ({CONTEXT} if wants_context else set())
    unbound, missing = sorted(declared - bound.keys()), sorted(bound.keys() - declared)
    if unbound:
        raise signature.fault(f"these parameters have no binding: {', '.join(unbound)}")
    if missing:
        raise signature.fault(f"these bindings have no parameter: {', '.join(missing)}")


def _parameter(signature: _Signature, binding: Binding) -> Parameter:
    annotated = binding.name in signature.annotations
    annotation = signature.annotations.get(binding.name)
    is_out = annotated and _is_out(annotation)
    if annotated and binding.direction == "OUT" and not is_out:
        raise signature.fault(f"output {binding.name!r} must be annotated azure.functions.Out[...]")
    if is_out and binding.direction == "IN":
        raise signature.fault(f"input {binding.name!r} must not be annotated azure.functions.Out")
    inner = _inside_out(signature, binding, annotation) if is_out else annotation
    if annotated and not _is_type(inner):
        raise signature.fault(f"the annotation of {binding.name!r} is no type: {annotation!r}")
    converter = converter_for(binding.type)
    if annotated and inner in (str, bytes):
        converter = GenericConverter
    if annotated and not _fits(binding, converter, inner):
        raise signature.fault(f"the annotation of {binding.name!r} does not fit a {binding.type}: {annotation!r}")
    return Parameter(binding, converter, inner)


def _fits(binding: Binding, converter: Converter, annotation: object) -> bool:
    if binding.direction == "OUT":
        return converter.check_output_type_annotation(annotation)
    return isinstance(annotation, type) and converter.check_input_type_annotation(annotation)


def _is_out(annotation: object) -> bool:
    origin = typing.get_origin(annotation) or annotation
    return isinstance(origin, type) and origin.__name__ == "Out"


def _inside_out(signature: _Signature, binding: Binding, annotation: object) -> object:
    inside = typing.get_args(annotation)
    if len(inside) != 1:
        raise signature.fault(f"output {binding.name!r} must be annotated azure.functions.Out[TYPE]")
    return inside[0]


def _is_type(annotation: object) -> bool:
    origin = typing.get_origin(annotation)
    if origin is None:
        return isinstance(annotation, type)
    return origin not in (typing.Union, types.UnionType)


def _returned(signature: _Signature, bindings: list[Binding]) -> Parameter | None:
    binding = next((binding for binding in bindings if binding.name == RETURN), None)
    if binding is None:
        return None
    converter = converter_for(binding.type)
    annotation = signature.annotations.get("return")
    if "return" not in signature.annotations:
        return Parameter(binding, converter, None)
    # get_type_hints turns "-> None" into NoneType, which is a class but fits no binding.
    if _is_out(annotation) or not isinstance(annotation, type) or typing.get_origin(annotation):
        raise signature.fault(f"the return annotation must be one plain class, not {annotation!r}")
    if not converter.check_output_type_annotation(annotation):
        raise signature.fault(f"the return annotation {annotation.__name__} does not fit the binding {binding.type}")
    return Parameter(binding, converter, annotation)

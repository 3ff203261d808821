"""One CloudEvent in the JSON event format (CloudEvents 1.0.2, json-format.md): read strictly, every fault at once."""

from typing import Any

from shared.rules import cloudevents_values as values
from shared.rules.deliveries import Event
from shared.rules.event_bodies import JSON, is_json
from shared.rules.event_identity import content_of, key_of
from shared.rules.problems import Faults, child, place, shown

_DATA = frozenset({"data", "data_base64"})
"""Members that are content; every other one is an attribute."""

_TRACING = frozenset({"traceparent", "tracestate"})
"""Attributes of the tracing extension: they say how the event travelled, and each hop may write its own."""


def read_envelope(value: object, pointer: str, faults: Faults) -> Event | None:
    """The event of one envelope; None where there are faults, which are added with their places.

    `Event.data` holds the attributes that are set, and `data` or `data_base64` as they came. Only the pair of source and
    id names an event (spec.md, "id"), so no id is ever made up here.
    """
    if not isinstance(value, dict):
        faults.add(pointer, f"{place(pointer)} is not a JSON object; send the event's envelope")
        return None
    before = faults.count
    envelope = {name: item for name, item in value.items() if item is not None or name == "data"}
    _check_attributes(envelope, pointer, faults)
    _check_data(envelope, pointer, faults)
    return None if faults.count > before else _event(envelope)


def _check_attributes(envelope: dict[str, Any], pointer: str, faults: Faults) -> None:
    for name in values.REQUIRED:
        if name not in envelope:
            faults.add(child(pointer, name), f"{place(child(pointer, name))} is missing; send this attribute")
    for name, item in envelope.items():
        if name in _DATA:
            continue
        try:
            values.attribute_name(name)
            values.attribute(name, item)
        except ValueError as error:
            faults.add(child(pointer, name), f"{shown(name)} {error}")


def _check_data(envelope: dict[str, Any], pointer: str, faults: Faults) -> None:
    if "data_base64" in envelope:
        if "data" in envelope:
            faults.add(child(pointer, "data"), "'data' and 'data_base64' exclude each other; send one of them")
        try:
            values.base64_text(envelope["data_base64"])
        except ValueError as error:
            faults.add(child(pointer, "data_base64"), f"'data_base64' {error}")
    kind = envelope.get("datacontenttype", JSON)
    data = envelope.get("data")
    if isinstance(kind, str) and not is_json(kind) and data is not None and not isinstance(data, str):
        faults.add(child(pointer, "data"), "'data' is not text, although 'datacontenttype' is not JSON; make them agree")


def _event(envelope: dict[str, Any]) -> Event:
    said = {name: item if name in _DATA else values.canonical(item) for name, item in envelope.items()}
    if "data" in said:
        # Without a type, data is JSON: the two envelopes are exactly equivalent (spec.md, "datacontenttype").
        said.setdefault("datacontenttype", JSON)
    content = content_of({name: item for name, item in said.items() if name not in _TRACING})
    return Event(key=key_of("cloudevents", envelope["source"], envelope["id"]), content=content, data=envelope)

"""Spans as this inbox keeps and shows them, made from OTLP messages."""

import base64
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

TRACE_ID_BYTES = 16
SPAN_ID_BYTES = 8

MAX_VALUE_CHARS = 8_192
"""Longer attribute values are cut: a person reads them, and one span must not be able to fill the memory."""

MAX_ATTRIBUTES = 256
"""Twice the SDK's default limit of 128 attributes a span; the rest is dropped."""

MAX_ITEMS = 512
"""Links and events kept of one span; the SDK's default limit is 128 of each."""

SPAN_OVERHEAD = 1_000
"""Rough bytes of a span object without its text."""

_KINDS = {
    WireSpan.SPAN_KIND_INTERNAL: "internal",
    WireSpan.SPAN_KIND_SERVER: "server",
    WireSpan.SPAN_KIND_CLIENT: "client",
    WireSpan.SPAN_KIND_PRODUCER: "producer",
    WireSpan.SPAN_KIND_CONSUMER: "consumer",
}
_STATUSES = {Status.STATUS_CODE_OK: "ok", Status.STATUS_CODE_ERROR: "error"}

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | float | bool | None"
Attributes = Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Link:
    """A pointer from a span to another span, often of another trace."""

    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at one moment within a span; the time is in nanoseconds since 1970."""

    name: str
    at: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Span:
    """One finished span. Ids are lower-case hexadecimal, times nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    start: int
    end: int
    status: str
    status_message: str
    attributes: Attributes
    links: tuple[Link, ...]
    events: tuple[Event, ...]
    service: str
    instance: str

    @property
    def cost(self) -> int:
        """Rough bytes that keeping this span takes."""
        groups = [self.attributes, *(link.attributes for link in self.links), *(event.attributes for event in self.events)]
        text = len(self.name) + len(self.status_message) + sum(len(event.name) for event in self.events)
        return SPAN_OVERHEAD + text + sum(300 + attributes_cost(group) for group in groups)


def from_request(request: ExportTraceServiceRequest) -> tuple[list[Span], int]:
    """The spans of one export, and how many were refused because their ids are not of the right length."""
    found = list(_wire_spans(request))
    good = [_span(wire, resource) for wire, resource in found if _has_valid_ids(wire)]
    return good, len(found) - len(good)


def attributes_of(pairs: Iterable[KeyValue]) -> dict[str, Plain]:
    """Attributes as plain values that JSON can carry."""
    kept: dict[str, Plain] = {}
    for pair in pairs:
        if len(kept) == MAX_ATTRIBUTES:
            break
        kept[pair.key[:MAX_VALUE_CHARS]] = plain(pair.value)
    return kept


def attributes_cost(attributes: Attributes) -> int:
    """Rough bytes that these attributes take."""
    return sum(100 + len(key) + len(str(value)) for key, value in attributes.items())


def plain(value: AnyValue) -> Plain:
    """One attribute value; bytes become Base64 and numbers that JSON lacks become their names."""
    which = value.WhichOneof("value")
    if which == "string_value":
        return value.string_value[:MAX_VALUE_CHARS]
    if which == "double_value":
        return finite(value.double_value)
    if which == "bytes_value":
        return base64.b64encode(value.bytes_value[:MAX_VALUE_CHARS]).decode("ascii")
    if which == "array_value":
        return [plain(item) for item in value.array_value.values[:MAX_ITEMS]]
    if which == "kvlist_value":
        return attributes_of(value.kvlist_value.values)
    return None if which is None else getattr(value, which)


def finite(number: float) -> float | str:
    """The number itself, or `nan`, `inf`, `-inf` as text, because JSON has no such numbers."""
    return number if math.isfinite(number) else str(number)


def timestamp(nanoseconds: int) -> str:
    """RFC 3339 in UTC with microseconds."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1_000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _wire_spans(request: ExportTraceServiceRequest) -> Iterator[tuple[WireSpan, dict[str, Plain]]]:
    for group in request.resource_spans:
        resource = attributes_of(group.resource.attributes)
        for scope in group.scope_spans:
            for wire in scope.spans:
                yield wire, resource


def _has_valid_ids(wire: WireSpan) -> bool:
    right_length = len(wire.trace_id) == TRACE_ID_BYTES and len(wire.span_id) == SPAN_ID_BYTES
    return right_length and any(wire.trace_id) and any(wire.span_id)


def _span(wire: WireSpan, resource: Mapping[str, Plain]) -> Span:
    return Span(
        trace_id=wire.trace_id.hex(),
        span_id=wire.span_id.hex(),
        parent_span_id=wire.parent_span_id.hex() if any(wire.parent_span_id) else None,
        name=wire.name[:MAX_VALUE_CHARS],
        kind=_KINDS.get(wire.kind, "unspecified"),
        start=wire.start_time_unix_nano,
        end=wire.end_time_unix_nano,
        status=_STATUSES.get(wire.status.code, "unset"),
        status_message=wire.status.message[:MAX_VALUE_CHARS],
        attributes=attributes_of(wire.attributes),
        links=tuple(
            Link(link.trace_id.hex(), link.span_id.hex(), attributes_of(link.attributes)) for link in wire.links[:MAX_ITEMS]
        ),
        events=tuple(
            Event(event.name[:MAX_VALUE_CHARS], event.time_unix_nano, attributes_of(event.attributes))
            for event in wire.events[:MAX_ITEMS]
        ),
        service=str(resource.get("service.name", "")),
        instance=str(resource.get("service.instance.id", "")),
    )

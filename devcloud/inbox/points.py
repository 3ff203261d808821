"""The last value of every metric series, made from OTLP messages."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    SummaryDataPoint,
)

from devcloud.inbox.spans import MAX_ITEMS, MAX_VALUE_CHARS, Attributes, Plain, attributes_of, finite

DataPoint = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint


@dataclass(frozen=True, slots=True)
class Point:
    """One data point of one series; `values` holds `value`, or `count`, `sum` and what the kind adds to them."""

    name: str
    unit: str
    description: str
    kind: str
    attributes: Attributes
    resource: Attributes
    at: int
    values: Attributes

    @property
    def series(self) -> tuple[str, str, str]:
        """What makes two points belong to the same series."""
        return self.name, _sorted_text(self.attributes), _sorted_text(self.resource)


def from_request(request: ExportMetricsServiceRequest) -> Iterator[Point]:
    """Every data point of one export, in the order sent."""
    for group in request.resource_metrics:
        resource = attributes_of(group.resource.attributes)
        for scope in group.scope_metrics:
            for metric in scope.metrics:
                yield from _points(metric, resource)


def _points(metric: Metric, resource: Attributes) -> Iterator[Point]:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    points: Iterable[DataPoint] = getattr(metric, kind).data_points
    for point in points:
        yield Point(
            name=metric.name[:MAX_VALUE_CHARS],
            unit=metric.unit[:MAX_VALUE_CHARS],
            description=metric.description[:MAX_VALUE_CHARS],
            kind=kind,
            attributes=attributes_of(point.attributes),
            resource=resource,
            at=point.time_unix_nano,
            values=_values(point),
        )


def _values(point: DataPoint) -> dict[str, Plain]:
    if isinstance(point, NumberDataPoint):
        which = point.WhichOneof("value")
        return {"value": None if which is None else finite(getattr(point, which))}
    values: dict[str, Plain] = {"count": point.count, "sum": finite(point.sum)}
    if isinstance(point, SummaryDataPoint):
        return values
    values |= {name: finite(getattr(point, name)) for name in ("min", "max") if point.HasField(name)}
    if isinstance(point, HistogramDataPoint):
        values["bounds"] = [finite(bound) for bound in point.explicit_bounds[:MAX_ITEMS]]
        values["buckets"] = list(point.bucket_counts[:MAX_ITEMS])
    return values


def _sorted_text(attributes: Attributes) -> str:
    return repr(sorted(attributes.items(), key=lambda item: item[0]))

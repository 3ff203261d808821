"""Spans and metrics. The only module that knows OpenTelemetry; the names stand in `telemetry_names.py`.

Exceptions are recorded by their class, never by their text (protocols reference 3.5): texts of libraries hold addresses.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.telemetry_names import BUCKETS, QUEUE_SYSTEM, SCOPE, UNITS, Attr, Kind, Metric

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, Histogram, Meter
    from opentelemetry.metrics import _Gauge as Gauge
    from opentelemetry.trace import Link, SpanContext, Tracer
    from opentelemetry.trace import Span as OtelSpan

__all__ = ["QUEUE_SYSTEM", "Attr", "Kind", "Metric", "Span", "Targets", "Telemetry", "configure", "silent"]

Value = str | int | float | bool
Attributes = Mapping[Attr, Value]

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
"""W3C Trace Context level 1, version 00: version, trace id, parent id, flags."""


class Span:
    """A running span: attributes from the allow-list and, on failure, the kind of error."""

    def __init__(self, span: "OtelSpan") -> None:
        self._span = span

    def set(self, attributes: Attributes) -> None:
        """Add attributes; text is made ASCII because a lone surrogate would drop the attribute and log its value."""
        self._span.set_attributes(_plain(attributes))

    def fail(self, error_type: str) -> None:
        """Mark the operation as failed; `error_type` is a class name or a code of ours, never a text from outside."""
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attribute(str(Attr.ERROR_TYPE), error_type)
        self._span.set_status(Status(StatusCode.ERROR))

    def link(self, traceparent: str) -> None:
        """Point to another span, for example the attempt before this one; '' or a broken text changes nothing."""
        for link in _links([traceparent]):
            self._span.add_link(link.context)

    @property
    def traceparent(self) -> str:
        """The span's W3C traceparent, '' where nothing is traced."""
        context = self._span.get_span_context()
        if not context.is_valid:
            return ""
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


class Telemetry:
    """What the other modules hold: spans and metrics on one tracer and one meter, handed in by the wiring."""

    def __init__(self, tracer: "Tracer", meter: "Meter") -> None:
        self._tracer = tracer
        self._meter = meter
        self._counters: dict[Metric, Counter] = {}
        self._histograms: dict[Metric, Histogram] = {}
        self._gauges: dict[Metric, Gauge] = {}

    @contextmanager
    def span(
        self,
        name: str,
        *,
        kind: Kind = Kind.INTERNAL,
        attributes: Attributes | None = None,
        parent: str | None = None,
        links: Sequence[str] = (),
    ) -> Iterator[Span]:
        """Run a span; it is the current one inside the block.

        `parent` and `links` are traceparents; without `parent` the current span is the parent, with '' a new trace begins.
        A broken traceparent never fails anything: it is left out.
        """
        from opentelemetry.context import attach, detach
        from opentelemetry.trace import SpanKind, set_span_in_context

        context = _context(parent)
        otel = self._tracer.start_span(name, context, SpanKind[kind], _plain(attributes), _links(links))
        token = attach(set_span_in_context(otel, context))
        span = Span(otel)
        try:
            yield span
        except BaseException as error:
            span.fail(type(error).__name__)
            raise
        finally:
            detach(token)
            otel.end()

    def count(self, metric: Metric, attributes: Attributes | None = None, *, by: int = 1) -> None:
        """Add to a counter."""
        counter = self._counters.get(metric)
        if counter is None:
            counter = self._counters[metric] = self._meter.create_counter(metric.value, unit=UNITS[metric])
        counter.add(by, _plain(attributes))

    def record(self, metric: Metric, seconds: float, attributes: Attributes | None = None) -> None:
        """Record a duration in seconds."""
        histogram = self._histograms.get(metric)
        if histogram is None:
            histogram = self._meter.create_histogram(
                metric.value, unit=UNITS[metric], explicit_bucket_boundaries_advisory=BUCKETS
            )
            self._histograms[metric] = histogram
        histogram.record(seconds, _plain(attributes))

    def gauge(self, metric: Metric, value: int, attributes: Attributes | None = None) -> None:
        """Say how much there is now; the newest value counts."""
        gauge = self._gauges.get(metric)
        if gauge is None:
            gauge = self._gauges[metric] = self._meter.create_gauge(metric.value, unit=UNITS[metric])
        gauge.set(value, _plain(attributes))


def silent() -> Telemetry:
    """A telemetry that records nothing: the API's own no-op tracer and meter."""
    from opentelemetry.metrics import NoOpMeter
    from opentelemetry.trace import NoOpTracer

    return Telemetry(NoOpTracer(), NoOpMeter(SCOPE))


def _plain(attributes: Attributes | None) -> dict[str, Value]:
    return {str(name): _clean(value) for name, value in attributes.items()} if attributes else {}


def _clean(value: Value) -> Value:
    if isinstance(value, str) and not value.isascii():
        return value.encode("ascii", "backslashreplace").decode("ascii")
    return value


def _context(traceparent: str | None) -> "Context | None":
    """A context in which that span is the current one, an empty one for a broken text, None (the running one) for None."""
    if traceparent is None:
        return None
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    remote = _remote(traceparent)
    return Context() if remote is None else set_span_in_context(NonRecordingSpan(remote), Context())


def _remote(traceparent: str) -> "SpanContext | None":
    """What a traceparent says. Read here: the library's propagator takes as long for it as for starting a span."""
    from opentelemetry.trace import SpanContext, TraceFlags

    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    context = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=TraceFlags(int(found[3], 16)))
    return context if context.is_valid else None


def _links(traceparents: Sequence[str]) -> "list[Link]":
    from opentelemetry.trace import Link

    return [Link(context) for context in map(_remote, traceparents) if context is not None]


@dataclass(frozen=True, slots=True)
class Targets:
    """Where telemetry goes. The OTLP exporter reads its own `OTEL_EXPORTER_OTLP_…` settings; `otlp` says they are there."""

    otlp: bool = False
    application_insights: str = field(default="", repr=False)


def configure(targets: Targets, *, version: str) -> Telemetry:
    """The process's telemetry: the host worker's own pipeline where it has set one up, otherwise one of ours.

    Configuring beside the worker's pipeline would send every span twice (Azure Functions reference 4.4).
    """
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.trace import TracerProvider

    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return Telemetry(trace.get_tracer(SCOPE, version), metrics.get_meter(SCOPE, version))
    if not (targets.otlp or targets.application_insights):
        return silent()
    return _own_pipeline(targets, version)


def _own_pipeline(targets: Targets, version: str) -> Telemetry:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say wins over our own names.
    named = {"service.name": "keyless-mail", "service.version": version, **OTELResourceDetector().detect().attributes}
    resource = Resource.create(named)
    spans, readers = TracerProvider(resource=resource), []
    if targets.otlp:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
    if targets.application_insights:
        from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter

        # Failed telemetry would rest in the temp directory for two days by default.
        options = {"connection_string": targets.application_insights, "disable_offline_storage": True}
        # It would ask the global provider for its resource, and ours is private.
        exporter = AzureMonitorTraceExporter(**options, tracer_provider=spans)
        spans.add_span_processor(BatchSpanProcessor(exporter))
        readers.append(PeriodicExportingMetricReader(AzureMonitorMetricExporter(**options)))
    meters = MeterProvider(resource=resource, metric_readers=readers)
    return Telemetry(spans.get_tracer(SCOPE, version), meters.get_meter(SCOPE, version))

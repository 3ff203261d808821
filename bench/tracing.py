"""Telemetry as the app has it: spans in batches and periodic metrics, with a way to wait until every span has left."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from shared.telemetry import Telemetry

FLUSH_MILLISECONDS = 10_000
"""For one flush; the receiver is on this machine and answers at once."""


@dataclass(frozen=True, slots=True)
class Tracing:
    """The telemetry to hand in, and the pipeline behind it."""

    telemetry: Telemetry
    spans: TracerProvider

    def flush(self) -> None:
        """Export what is waiting; raises `RuntimeError` where that does not succeed: then tracing was not on."""
        if not self.spans.force_flush(FLUSH_MILLISECONDS):
            raise RuntimeError("the spans could not be exported")


@contextmanager
def over_otlp(receiver: str) -> Iterator[Tracing]:
    """The pipeline that `shared.telemetry` builds, to the receiver at this origin."""
    exporter = OTLPSpanExporter(endpoint=f"{receiver}/v1/traces")
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{receiver}/v1/metrics"))
    with _pipeline(exporter, reader) as (telemetry, spans):
        yield Tracing(telemetry, spans)


@contextmanager
def in_memory() -> Iterator[Tracing]:
    """The same, but what leaves the batches is forgotten instead of encoded and sent: the cost of tracing alone."""
    with _pipeline(_Forgotten(), InMemoryMetricReader()) as (telemetry, spans):
        yield Tracing(telemetry, spans)


class _Forgotten(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 - the SDK's shape
        return SpanExportResult.SUCCESS


@contextmanager
def _pipeline(exporter: SpanExporter, reader: MetricReader) -> Iterator[tuple[Telemetry, TracerProvider]]:
    spans = TracerProvider(shutdown_on_exit=False)
    meters = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    spans.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield Telemetry(spans.get_tracer("bench"), meters.get_meter("bench")), spans
    finally:
        spans.shutdown()
        meters.shutdown()

"""A telemetry that remembers: spans as a real tracer makes them, durations, what was counted, and gauges."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opentelemetry.metrics import NoOpMeter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.telemetry import Attr, Attributes, Metric, Telemetry, Value


@dataclass
class Recorder:
    """`telemetry` is what the code gets; the others are what it was told, in order: a metric and its attributes."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    durations: list[tuple[Metric, dict[Attr, Value]]] = field(default_factory=list)
    counts: list[tuple[Metric, dict[Attr, Value]]] = field(default_factory=list)
    gauges: list[tuple[Metric, int, dict[Attr, Value]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Build the tracer."""
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry = _Telemetry(provider, self)

    def spans(self, name: str) -> list[ReadableSpan]:
        """Finished spans of that name, in the order of their ends."""
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def attributes(self, name: str) -> Mapping[str, object]:
        """The attributes of the last finished span of that name."""
        return dict(self.spans(name)[-1].attributes or {})


class _Telemetry(Telemetry):
    def __init__(self, provider: TracerProvider, memory: Recorder) -> None:
        super().__init__(provider.get_tracer("test"), NoOpMeter("test"))
        self._memory = memory

    def count(self, metric: Metric, attributes: Attributes | None = None, *, by: int = 1) -> None:
        """Remember instead of counting."""
        assert by == 1
        self._memory.counts.append((metric, dict(attributes or {})))

    def record(self, metric: Metric, seconds: float, attributes: Attributes | None = None) -> None:
        """Remember instead of measuring."""
        assert seconds >= 0
        self._memory.durations.append((metric, dict(attributes or {})))

    def gauge(self, metric: Metric, value: int, attributes: Attributes | None = None) -> None:
        """Remember instead of showing."""
        self._memory.gauges.append((metric, value, dict(attributes or {})))

"""Spans and metrics: names from the vocabulary, traces that hang together, and nothing of an exception's text."""

import pytest
from opentelemetry.metrics import NoOpMeter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.telemetry import Attr, Kind, Metric, Telemetry, silent
from shared.telemetry_names import UNITS

CANARY = "bob@contoso.test said eyJsecret"


class Recorded:
    """A telemetry whose spans can be looked at."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry = Telemetry(provider.get_tracer("test"), NoOpMeter("test"))

    @property
    def json(self) -> str:
        """Everything that would leave the process."""
        return "".join(span.to_json() or "" for span in self.exporter.get_finished_spans())


def test_a_failing_block_leaves_its_class_and_no_word_of_its_text() -> None:
    """An exception's text may hold an address or a token, so only its class is recorded."""
    recorded = Recorded()
    with pytest.raises(RuntimeError), recorded.telemetry.span("outer"), recorded.telemetry.span("inner"):
        raise RuntimeError(CANARY)
    assert '"error.type": "RuntimeError"' in recorded.json
    assert CANARY not in recorded.json
    assert not [event for span in recorded.exporter.get_finished_spans() for event in span.events]


def test_a_traceparent_is_continued_over_a_queue() -> None:
    """A span whose parent is another span's traceparent belongs to the same trace."""
    recorded = Recorded()
    with recorded.telemetry.span("send sending", kind=Kind.PRODUCER) as sent:
        text = sent.traceparent
    with recorded.telemetry.span("process sending", parent=text):
        pass
    first, second = recorded.exporter.get_finished_spans()
    assert second.parent is not None
    assert first.context is not None
    assert (second.parent.trace_id, second.parent.span_id) == (first.context.trace_id, first.context.span_id)


@pytest.mark.parametrize("broken", ["", "00-xyz", "0" * 55, "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_broken_traceparent_begins_a_new_trace(broken: str) -> None:
    """A context that cannot be read never fails anything, neither as parent nor as link."""
    recorded = Recorded()
    with recorded.telemetry.span("accept", parent=broken, links=[broken]) as span:
        span.link(broken)
    (accept,) = recorded.exporter.get_finished_spans()
    assert accept.parent is None
    assert not accept.links


def test_an_attempt_links_to_the_one_before() -> None:
    """A link added while the span runs points to the other trace."""
    recorded = Recorded()
    with recorded.telemetry.span("first", parent="") as first:
        pass
    with recorded.telemetry.span("second", parent="") as second:
        second.link(first.traceparent)
    one, two = recorded.exporter.get_finished_spans()
    assert one.context is not None
    assert [link.context.span_id for link in two.links] == [one.context.span_id]


def test_text_that_cannot_be_encoded_stays_an_attribute() -> None:
    """A lone surrogate would make the exporter drop the attribute and log its value."""
    recorded = Recorded()
    with recorded.telemetry.span("x", attributes={Attr.REASON: "a\udcffb"}):
        pass
    (span,) = recorded.exporter.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["keyless_mail.reason"] == "a\\udcffb"


def test_metrics_carry_unit_and_value() -> None:
    """A counter adds up, a duration lands in a histogram in seconds, of a gauge the newest value counts."""
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    telemetry = Telemetry(TracerProvider().get_tracer("test"), provider.get_meter("test"))
    telemetry.count(Metric.ACCEPTED, {Attr.DOOR: "http"})
    telemetry.count(Metric.ACCEPTED, {Attr.DOOR: "http"}, by=2)
    telemetry.record(Metric.TOKEN_DURATION, 0.2)
    for mails in (312, 7):
        telemetry.gauge(Metric.PACE_BACKLOG, mails, {Attr.MAILBOX: "0123", Attr.LANE: "bulk"})
    data = reader.get_metrics_data()
    assert data is not None
    metrics = {m.name: m for m in data.resource_metrics[0].scope_metrics[0].metrics}
    assert metrics["keyless_mail.accepted.messages"].unit == "{message}"
    assert [point.value for point in metrics["keyless_mail.accepted.messages"].data.data_points] == [3]  # type: ignore[union-attr]  # a sum's points have a value
    assert metrics["keyless_mail.token.fetch.duration"].unit == "s"
    (backlog,) = metrics["keyless_mail.pace.backlog"].data.data_points
    assert isinstance(backlog, NumberDataPoint)
    assert backlog.value == 7
    assert dict(backlog.attributes or {}) == {"keyless_mail.mailbox": "0123", "keyless_mail.lane": "bulk"}
    provider.shutdown()


def test_every_metric_has_a_unit() -> None:
    """No instrument is made without one."""
    assert set(UNITS) == set(Metric)


def test_silence_has_no_traceparent() -> None:
    """Without a tracer nothing is continued, and nothing fails."""
    with silent().span("x") as span:
        span.set({Attr.STATE: "sent"})
        span.fail("x")
        silent().gauge(Metric.PACE_SENT, 1)
        assert span.traceparent == ""

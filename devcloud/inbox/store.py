"""What the OTLP receiver keeps, in memory and bounded: traces by id, and the last value of every metric series."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from devcloud.inbox.points import Point
from devcloud.inbox.spans import Span

MAIL_ID_ATTRIBUTE = "keyless_mail.id"
"""The span attribute by which a trace says which mail it is about."""

MAX_TRACE_BYTES = 64 * 1024 * 1024
"""Traces kept in all, by rough size: some ten thousand mails, and a devcloud beside a browser stays a small process."""

MAX_SERIES = 5_000
"""Metric series kept: hundreds are usual, and more means that somebody put an id into an attribute."""


@dataclass(slots=True)
class Trace:
    """All spans of one trace that have arrived so far; `lost` counts those for which there was no room."""

    trace_id: str
    spans: dict[str, Span] = field(default_factory=dict)
    mail_ids: set[str] = field(default_factory=set)
    cost: int = 0
    lost: int = 0

    @property
    def start(self) -> int:
        """When its earliest known span began, in nanoseconds since 1970."""
        return min((span.start for span in self.spans.values()), default=0)


class TraceStore:
    """Traces by their id and by the mails that they are about; beyond the limit the longest untouched trace goes."""

    def __init__(self, *, max_bytes: int = MAX_TRACE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        self._by_mail: dict[str, set[str]] = {}
        self.bytes = 0

    def add(self, spans: Iterable[Span]) -> None:
        """Keep these spans; a span that arrives again (exporters repeat) replaces itself."""
        for span in spans:
            self._add(span)
        while self.bytes > self._max_bytes:
            self._drop_oldest()

    def get(self, trace_id: str) -> Trace | None:
        """The trace of this id, if it is still here."""
        return self._traces.get(trace_id)

    def about_mail(self, mail_id: str) -> list[Trace]:
        """Every trace that holds a span with this mail id, earliest first."""
        found = [self._traces[trace_id] for trace_id in self._by_mail.get(mail_id, ())]
        return sorted(found, key=lambda trace: (trace.start, trace.trace_id))

    def newest(self, count: int) -> list[Trace]:
        """The traces that grew last, newest first."""
        return [self._traces[trace_id] for trace_id, _ in zip(reversed(self._traces), range(count), strict=False)]

    def _add(self, span: Span) -> None:
        trace = self._traces.get(span.trace_id) or Trace(span.trace_id)
        before = trace.spans.get(span.span_id)
        growth = span.cost - (before.cost if before else 0)
        if trace.cost + growth > self._max_bytes:
            trace.lost += 1
            return
        self._traces[span.trace_id] = trace
        self._traces.move_to_end(span.trace_id)
        trace.spans[span.span_id] = span
        trace.cost += growth
        self.bytes += growth
        mail_id = span.attributes.get(MAIL_ID_ATTRIBUTE)
        if isinstance(mail_id, str):
            trace.mail_ids.add(mail_id)
            self._by_mail.setdefault(mail_id, set()).add(span.trace_id)

    def _drop_oldest(self) -> None:
        trace_id, trace = self._traces.popitem(last=False)
        self.bytes -= trace.cost
        for mail_id in trace.mail_ids:
            self._by_mail[mail_id].discard(trace_id)
            if not self._by_mail[mail_id]:
                del self._by_mail[mail_id]


class MetricStore:
    """The last point of every series; beyond the limit the longest untouched series goes."""

    def __init__(self, *, max_series: int = MAX_SERIES) -> None:
        self._max_series = max_series
        self._points: OrderedDict[tuple[str, str, str], Point] = OrderedDict()

    def add(self, points: Iterable[Point]) -> None:
        """Keep each point in the place of the one before it."""
        for point in points:
            self._points[point.series] = point
            self._points.move_to_end(point.series)
            if len(self._points) > self._max_series:
                self._points.popitem(last=False)

    def all(self) -> list[Point]:
        """Every series' last point, by name and attributes."""
        return [self._points[series] for series in sorted(self._points)]


def mail_id_of(message_id: str) -> str:
    """The mail id that a Message-ID carries: its local part, `<ID@domain>`; empty if there is none."""
    local, _, _ = message_id.strip().removeprefix("<").removesuffix(">").rpartition("@")
    return local

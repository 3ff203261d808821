"""The OTLP/HTTP receiver and the questions one can ask about what it received."""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from devcloud.inbox import points, spans
from devcloud.inbox.guard import problem
from devcloud.inbox.otlp_wire import MalformedError, UnknownEncodingError, decode, encode, failure
from devcloud.inbox.store import MetricStore, Trace, TraceStore, mail_id_of

MAX_UNASKED_TRACES = 50
"""Traces in an answer that no mail and no id narrows down: enough to look around, small enough to send often."""


def add_routes(app: web.Application, traces: TraceStore, metrics: MetricStore) -> None:
    """Mount the receiver under /v1 and its questions under /api."""
    receiver = Receiver(traces, metrics)
    questions = Questions(traces, metrics)
    app.add_routes(
        [
            web.post("/v1/traces", receiver.traces),
            web.post("/v1/metrics", receiver.metrics),
            web.post("/v1/logs", receiver.logs),
            web.get("/api/traces", questions.traces),
            web.get("/api/traces/{trace_id}", questions.trace),
            web.get("/api/metrics", questions.metrics),
        ]
    )


class Receiver:
    """Where exporters send to."""

    def __init__(self, traces: TraceStore, metrics: MetricStore) -> None:
        self._traces = traces
        self._metrics = metrics

    async def traces(self, request: web.Request) -> web.Response:
        """Keep the spans of one export."""

        def keep(body: bytes) -> bytes:
            found, refused = spans.from_request(decode(body, request.content_type, ExportTraceServiceRequest()))
            self._traces.add(found)
            return encode(_traces_answer(refused), request.content_type)

        return await _answer(request, keep)

    async def metrics(self, request: web.Request) -> web.Response:
        """Keep the last value of each series in one export."""

        def keep(body: bytes) -> bytes:
            message = decode(body, request.content_type, ExportMetricsServiceRequest())
            self._metrics.add(points.from_request(message))
            return encode(ExportMetricsServiceResponse(), request.content_type)

        return await _answer(request, keep)

    async def logs(self, request: web.Request) -> web.Response:
        """Accept log records and forget them: the host's own output is where a developer reads them."""

        def forget(body: bytes) -> bytes:
            decode(body, request.content_type, ExportLogsServiceRequest())
            return encode(ExportLogsServiceResponse(), request.content_type)

        return await _answer(request, forget)


class Questions:
    """What a person, the page and the tests ask."""

    def __init__(self, traces: TraceStore, metrics: MetricStore) -> None:
        self._traces = traces
        self._metrics = metrics

    async def traces(self, request: web.Request) -> web.Response:
        """The traces of one mail (`message_id` or `mail_id`), of one id (`trace_id`), or the newest ones."""
        found = self._find(request.query)
        return web.json_response({"traces": [trace_json(trace) for trace in found]})

    async def trace(self, request: web.Request) -> web.Response:
        """One trace."""
        trace = self._traces.get(request.match_info["trace_id"].lower())
        if trace is None:
            return problem(404, "no such trace, or it was dropped for newer ones")
        return web.json_response(trace_json(trace))

    async def metrics(self, _request: web.Request) -> web.Response:
        """The last value of every series."""
        return web.json_response({"metrics": [point_json(point) for point in self._metrics.all()]})

    def _find(self, query: Mapping[str, str]) -> list[Trace]:
        if "trace_id" in query:
            trace = self._traces.get(query["trace_id"].lower())
            return [trace] if trace else []
        if "message_id" in query:
            return self._traces.about_mail(mail_id_of(query["message_id"]))
        if "mail_id" in query:
            return self._traces.about_mail(query["mail_id"])
        return self._traces.newest(MAX_UNASKED_TRACES)


def trace_json(trace: Trace) -> dict[str, Any]:
    """A trace as the API shows it, its spans by start time; `lost_spans` found no room."""
    ordered = sorted(trace.spans.values(), key=lambda span: (span.start, -span.end))
    return {
        "trace_id": trace.trace_id,
        "mail_ids": sorted(trace.mail_ids),
        "lost_spans": trace.lost,
        "spans": [span_json(span, trace.start) for span in ordered],
    }


def span_json(span: spans.Span, trace_start: int) -> dict[str, Any]:
    """A span as the API shows it; `offset_ms` counts from the start of its trace."""
    return {
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "name": span.name,
        "kind": span.kind,
        "start": spans.timestamp(span.start),
        "end": spans.timestamp(span.end),
        "offset_ms": (span.start - trace_start) / 1e6,
        "duration_ms": (span.end - span.start) / 1e6,
        "status": span.status,
        "status_message": span.status_message,
        "attributes": span.attributes,
        "links": [
            {"trace_id": link.trace_id, "span_id": link.span_id, "attributes": link.attributes} for link in span.links
        ],
        "events": [
            {"name": event.name, "at": spans.timestamp(event.at), "attributes": event.attributes} for event in span.events
        ],
        "service": span.service,
        "instance": span.instance,
    }


def point_json(point: points.Point) -> dict[str, Any]:
    """A metric point as the API shows it."""
    return {
        "name": point.name,
        "unit": point.unit,
        "description": point.description,
        "kind": point.kind,
        "attributes": point.attributes,
        "resource": point.resource,
        "at": spans.timestamp(point.at),
        **point.values,
    }


async def _answer(request: web.Request, handle: Callable[[bytes], bytes]) -> web.Response:
    content_type = request.content_type
    try:
        answer = handle(await request.read())
    except UnknownEncodingError as error:
        return problem(415, str(error))
    except MalformedError as error:
        return web.Response(status=400, body=failure(str(error), content_type), content_type=content_type)
    except web.RequestPayloadError:
        return problem(400, "the body does not decompress, or it ends early")
    return web.Response(body=answer, content_type=content_type)


def _traces_answer(refused: int) -> ExportTraceServiceResponse:
    if not refused:
        return ExportTraceServiceResponse()
    trouble = ExportTracePartialSuccess(rejected_spans=refused, error_message="a trace or span id is not valid")
    return ExportTraceServiceResponse(partial_success=trouble)

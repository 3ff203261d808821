"""The OTLP receiver: both encodings, and what can be asked afterwards."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]  # the package ships no stubs
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from devcloud.inbox.otlp_routes import MAX_UNASKED_TRACES, add_routes
from devcloud.inbox.spans import MAX_ATTRIBUTES, MAX_ITEMS, MAX_VALUE_CHARS
from devcloud.inbox.store import MetricStore, TraceStore

Client = TestClient[web.Request, web.Application]

PROTOBUF = {"Content-Type": "application/x-protobuf"}
TRACE = "0af7651916cd43dd8448eb211c80319c"
OTHER_TRACE = "ffeeddccbbaa99887766554433221100"
MAIL = "9c1185a5c5e9fc54612808977ee8f548"
START = 1_795_474_800_000_000_000


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of a receiver with nothing in it."""
    app = web.Application()
    add_routes(app, TraceStore(), MetricStore())
    async with TestClient(TestServer(app, host="127.0.0.1")) as opened:
        yield opened


def _text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def _export(*spans: Span, service: str = "host") -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.append(_text("service.name", service))
    group.scope_spans.add().spans.extend(spans)
    return request


def _span(number: int, *, trace: str = TRACE, parent: int | None = None, mail: str | None = None) -> Span:
    return Span(
        trace_id=bytes.fromhex(trace),
        span_id=number.to_bytes(8, "big"),
        parent_span_id=b"" if parent is None else parent.to_bytes(8, "big"),
        name=f"step {number}",
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=START + number * 1_000_000,
        end_time_unix_nano=START + number * 1_000_000 + 2_500_000,
        attributes=[] if mail is None else [_text("keyless_mail.id", mail)],
    )


async def _send(client: Client, request: ExportTraceServiceRequest) -> None:
    answer = await client.post("/v1/traces", data=request.SerializeToString(), headers=PROTOBUF)
    assert answer.status == 200


async def _traces(client: Client, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/api/traces", params=query)
    assert answer.status == 200
    traces: list[dict[str, Any]] = (await answer.json())["traces"]
    return traces


async def test_protobuf_spans_come_back_as_the_api_promises(client: Client) -> None:
    """Every documented field of a span survives the way in and out."""
    span = _span(2, parent=1, mail=MAIL)
    span.status.code = Status.STATUS_CODE_ERROR
    link = span.links.add(trace_id=bytes.fromhex(OTHER_TRACE), span_id=b"\1" * 8)
    link.attributes.append(_text("why", "webhook"))
    await _send(client, _export(_span(1), span))

    [trace] = await _traces(client, trace_id=TRACE)
    assert trace["trace_id"] == TRACE
    assert [found["name"] for found in trace["spans"]] == ["step 1", "step 2"]
    shown = trace["spans"][1]
    assert shown["parent_span_id"] == "0000000000000001"
    assert shown["kind"] == "client"
    assert shown["status"] == "error"
    assert shown["service"] == "host"
    assert shown["start"] == "2026-11-23T23:00:00.002000Z"
    assert shown["end"] == "2026-11-23T23:00:00.004500Z"
    assert shown["duration_ms"] == 2.5
    assert shown["offset_ms"] == 1.0
    assert shown["attributes"] == {"keyless_mail.id": MAIL}
    assert shown["links"] == [{"trace_id": OTHER_TRACE, "span_id": "01" * 8, "attributes": {"why": "webhook"}}]


@pytest.mark.parametrize("packed", [False, True])
async def test_json_with_hexadecimal_ids_means_the_same(client: Client, packed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """OTLP's JSON form, plain or gzipped, stores what the protobuf form stores, and is answered in JSON."""
    document = MessageToDict(_export(_span(1, mail=MAIL)), use_integers_for_enums=True)
    wire = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    wire |= {"traceId": TRACE.upper(), "spanId": "00" * 7 + "01", "newField": {"traceId": "00"}}
    body = json.dumps(document).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if packed:
        body, headers = gzip.compress(body), headers | {"Content-Encoding": "gzip"}
    answer = await client.post("/v1/traces", data=body, headers=headers)

    assert (answer.status, await answer.json()) == (200, {})
    [trace] = await _traces(client, mail_id=MAIL)
    assert (trace["trace_id"], trace["spans"][0]["span_id"]) == (TRACE, "00" * 7 + "01")


async def test_a_mail_has_every_trace_that_names_it(client: Client) -> None:
    """Whole traces are joined to the mail whose Message-ID begins with the id that some span carries."""
    await _send(client, _export(_span(1, mail=MAIL), _span(2, parent=1)))
    await _send(client, _export(_span(3, trace=OTHER_TRACE, mail=MAIL)))
    await _send(client, _export(_span(4, trace="11" * 16, mail="another")))

    found = await _traces(client, message_id=f"<{MAIL}@contoso.test>")
    assert [(trace["trace_id"], len(trace["spans"])) for trace in found] == [(TRACE, 2), (OTHER_TRACE, 1)]
    assert await _traces(client, mail_id=MAIL) == found
    assert await _traces(client, message_id="<nobody@contoso.test>") == []
    assert await _traces(client, message_id="") == []


async def test_one_trace_by_its_id(client: Client) -> None:
    """A trace has an address of its own; an unknown one is 404."""
    await _send(client, _export(_span(1)))
    assert (await (await client.get(f"/api/traces/{TRACE.upper()}")).json())["trace_id"] == TRACE
    assert (await client.get(f"/api/traces/{OTHER_TRACE}")).status == 404


async def test_asking_for_nothing_in_particular_gives_the_newest(client: Client) -> None:
    """Without a filter the newest traces come, newest first and bounded in number."""
    for number in range(1, MAX_UNASKED_TRACES + 3):
        await _send(client, _export(_span(1, trace=f"{number:032x}")))
    found = [int(trace["trace_id"], 16) for trace in await _traces(client)]
    assert found == list(range(MAX_UNASKED_TRACES + 2, 2, -1))


async def test_values_that_json_lacks_are_still_shown(client: Client) -> None:
    """Every kind of attribute value reaches the API as valid JSON."""
    nested = AnyValue(kvlist_value=KeyValueList(values=[_text("a", "b")]))
    values = {
        "nan": AnyValue(double_value=float("nan")),
        "bytes": AnyValue(bytes_value=b"\xff\x00"),
        "list": AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=7), AnyValue(bool_value=True), nested])),
        "empty": AnyValue(),
    }
    span = _span(1)
    span.attributes.extend(KeyValue(key=key, value=value) for key, value in values.items())
    await _send(client, _export(span))
    text = await (await client.get(f"/api/traces/{TRACE}")).text()
    shown = json.loads(text, parse_constant=pytest.fail)["spans"][0]["attributes"]
    assert shown == {"nan": "nan", "bytes": "/wA=", "list": [7, True, {"a": "b"}], "empty": None}


async def test_spans_with_bad_ids_are_counted_and_the_rest_is_kept(client: Client) -> None:
    """Ids of a wrong length or all zeros are refused in the partial success, not silently."""
    short, no_span, no_trace = _span(2), _span(3), _span(4)
    short.trace_id, no_span.span_id, no_trace.trace_id = b"\1" * 15, bytes(8), bytes(16)
    body = _export(_span(1), short, no_span, no_trace).SerializeToString()
    answer = await client.post("/v1/traces", data=body, headers=PROTOBUF)
    assert answer.status == 200
    reply = ExportTraceServiceResponse.FromString(await answer.read())
    assert reply.partial_success.rejected_spans == 3
    assert len((await _traces(client, trace_id=TRACE))[0]["spans"]) == 1


async def test_one_span_cannot_be_endless(client: Client) -> None:
    """Long values are cut and further attributes, links and events dropped."""
    span = _span(1)
    span.attributes.extend(_text(f"key {number}", "x" * MAX_VALUE_CHARS * 2) for number in range(3))
    span.attributes.extend(_text(f"more {number}", "") for number in range(MAX_ATTRIBUTES))
    for _ in range(MAX_ITEMS + 1):
        span.links.add()
        span.events.add()
    await _send(client, _export(span))
    [trace] = await _traces(client, trace_id=TRACE)
    shown = trace["spans"][0]
    assert len(shown["attributes"]["key 1"]) == MAX_VALUE_CHARS
    assert len(shown["attributes"]) == MAX_ATTRIBUTES
    assert len(shown["links"]) == len(shown["events"]) == MAX_ITEMS


async def test_the_last_value_of_every_series_is_kept(client: Client) -> None:
    """A later point of the same name and attributes takes the earlier one's place; other attributes are another series."""
    for value in (1, 2):
        request = ExportMetricsServiceRequest()
        scope = request.resource_metrics.add().scope_metrics.add()
        counter = scope.metrics.add(name="sent.messages", unit="{message}").sum
        counter.data_points.add(as_int=value, time_unix_nano=START, attributes=[_text("sender", "alerts")])
        counter.data_points.add(as_int=10 * value, time_unix_nano=START, attributes=[_text("sender", "reports")])
        points = scope.metrics.add(name="took", unit="s").histogram.data_points
        points.add(count=value, sum=float("inf"), min=0.5, explicit_bounds=[1.0], bucket_counts=[value, 0])
        scope.metrics.add(name="no data")
        body = gzip.compress(request.SerializeToString())
        answer = await client.post("/v1/metrics", data=body, headers=PROTOBUF | {"Content-Encoding": "gzip"})
        assert answer.status == 200

    metrics = (await (await client.get("/api/metrics")).json())["metrics"]
    assert [(point["name"], point["attributes"], point.get("value")) for point in metrics] == [
        ("sent.messages", {"sender": "alerts"}, 2),
        ("sent.messages", {"sender": "reports"}, 20),
        ("took", {}, None),
    ]
    histogram = metrics[2]
    assert (histogram["count"], histogram["sum"], histogram["min"], histogram["buckets"]) == (2, "inf", 0.5, [2, 0])
    assert "max" not in histogram


async def test_logs_are_accepted_and_dropped(client: Client) -> None:
    """An exporter of logs is content, and nothing is kept."""
    answer = await client.post("/v1/logs", json={"resourceLogs": []})
    assert (answer.status, await answer.json()) == (200, {})
    assert await _traces(client) == []

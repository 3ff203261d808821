"""One trace from the accepting door to Exchange's answer, and metrics beside it."""

import time

from devcloud.demo_doors import standard_webhook_headers
from shared.telemetry_names import UNITS, Attr, Metric
from tests.flows.client import Client, Json, an_envelope, span_names
from tests.flows.waiting import wait_for

WAY = {
    "accept",
    "ledger",
    "send sending",
    "process sending",
    "token fetch",
    "smtp connect",
    "smtp auth",
    "smtp transaction",
}
"""Every span of a mail that needs a connection and a login (issue 2, section 2)."""

CALLERS_TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLERS_SPAN = "b7ad6b7169203331"


def traceparent(trace_id: str) -> str:
    """A W3C traceparent of a caller outside."""
    return f"00-{trace_id}-{CALLERS_SPAN}-01"


def trace_of(client: Client, mail: str) -> Json:
    """The trace of a mail's way, as soon as its last span has been exported; asking for a mail's state makes others."""

    def look() -> Json | None:
        finished = [
            trace for trace in client.traces(mail_id=mail) if {"accept", "process sending"} <= span_names(trace["spans"])
        ]
        return finished[0] if finished else None

    return wait_for("the trace of a mail", look)


def by_name(trace: Json, name: str) -> Json:
    """The only span of this name."""
    (span,) = [span for span in trace["spans"] if span["name"] == name]
    return dict(span)


def test_one_trace_reaches_from_the_door_to_the_reply(client: Client, fresh_sender: str) -> None:
    """All eight steps stand in one trace, each below the one that caused it, and in no other trace."""
    status = client.settled(client.submit(sender=fresh_sender))
    trace = trace_of(client, status["id"])
    assert trace["trace_id"] == status["trace_id"]
    assert span_names(trace["spans"]) == WAY
    accept, put, process = (by_name(trace, name) for name in ("accept", "send sending", "process sending"))
    assert put["parent_span_id"] == accept["span_id"]
    assert process["parent_span_id"] == put["span_id"]
    for name in ("token fetch", "smtp connect", "smtp auth", "smtp transaction"):
        assert by_name(trace, name)["parent_span_id"] == process["span_id"]
    elsewhere = [other for other in client.traces(mail_id=status["id"]) if other["trace_id"] != trace["trace_id"]]
    assert span_names(span for other in elsewhere for span in other["spans"]) <= {"ledger"}


def test_the_spans_say_what_happened(client: Client, fresh_sender: str) -> None:
    """Kinds, reply codes, recipients and the reuse of the connection can be read from the spans."""
    first, second = (client.settled(client.submit(sender=fresh_sender, cc=["two@contoso.test"])) for _ in range(2))
    trace = trace_of(client, first["id"])
    transaction = by_name(trace, "smtp transaction")
    said = transaction["attributes"]
    assert (said[Attr.REPLY_CODE], said[Attr.ENHANCED_CODE]) == (250, "2.0.0")
    assert (said[Attr.RECIPIENTS], said[Attr.RECIPIENTS_ACCEPTED], said[Attr.REUSED]) == (2, 2, False)
    assert by_name(trace, "smtp auth")["attributes"][Attr.REPLY_CODE] == 235
    kinds = {span["name"]: span["kind"] for span in trace["spans"]}
    assert (kinds["send sending"], kinds["process sending"], kinds["smtp transaction"]) == ("producer", "consumer", "client")
    assert {"smtp connect", "smtp auth"}.isdisjoint(span_names(trace_of(client, second["id"])["spans"]))
    again = trace_of(client, second["id"])
    assert by_name(again, "smtp transaction")["attributes"][Attr.REUSED] is True
    fetched = by_name(again, "token fetch")["attributes"]
    assert fetched[Attr.CACHE_HIT] is True
    assert fetched[Attr.SECONDS_LEFT] > 0


def test_a_producers_trace_is_continued(client: Client) -> None:
    """The mail of a producer that names its trace is part of that trace, below the producer's span."""
    client.produce(id="trace-queue", traceparent=traceparent(CALLERS_TRACE))
    status = client.settled("trace-queue")
    assert status["trace_id"] == CALLERS_TRACE
    assert by_name(trace_of(client, status["id"]), "accept")["parent_span_id"] == CALLERS_SPAN


def test_an_http_callers_trace_is_continued(client: Client) -> None:
    """So is the trace in the header of an HTTP caller that holds the key."""
    caller = "1" + CALLERS_TRACE[1:]
    answer = client.post("messages", an_envelope(), headers={"traceparent": traceparent(caller)})
    status = client.settled(answer.json()["id"])
    assert status["trace_id"] == caller
    assert by_name(trace_of(client, status["id"]), "accept")["parent_span_id"] == CALLERS_SPAN


def test_a_webhooks_trace_is_only_linked(client: Client) -> None:
    """A stranger's trace is pointed to; the mail begins one of its own."""
    stranger = "2" + CALLERS_TRACE[1:]
    body = b'{"type": "order.paid"}'
    secret = client.cloud.settings["DEMO_WEBHOOK_SECRET"]
    headers = standard_webhook_headers(secret, "msg_traced", int(time.time()), body)
    client.post("webhooks/demo", body, key=False, headers={**headers, "traceparent": traceparent(stranger)})
    status = client.settled("msg_traced")
    assert status["trace_id"] != stranger
    accept = by_name(trace_of(client, status["id"]), "accept")
    assert accept["parent_span_id"] is None
    assert [link["trace_id"] for link in accept["links"]] == [stranger]


def test_nothing_but_the_allowed_attributes_leaves_the_process(client: Client) -> None:
    """Every attribute of spans and metrics is of the vocabulary; no span has events or a text for its error."""
    client.settled(client.submit())
    allowed = {attribute.value for attribute in Attr}
    spans = [span for trace in client.traces() for span in trace["spans"]]
    assert len(spans) > 20
    for span in spans:
        assert set(span["attributes"]) <= allowed
        assert all(not link["attributes"] for link in span["links"])
        assert (span["events"], span["status_message"]) == ([], "")
    for point in client.metrics():
        assert set(point["attributes"]) <= allowed


def test_metrics_have_the_vocabularys_names_and_units(client: Client) -> None:
    """What was accepted, put, taken and sent is counted, and durations are in seconds."""
    client.settled(client.submit())
    wanted = {Metric.ACCEPTED, Metric.SENT, Metric.PROCESS_DURATION, Metric.SMTP_DURATION, Metric.TOKEN_DURATION}

    def look() -> bool:
        return wanted <= {point["name"] for point in client.metrics()}

    wait_for("all metrics", look)
    units = {point["name"]: point["unit"] for point in client.metrics()}
    assert units.items() <= {metric.value: unit for metric, unit in UNITS.items()}.items()

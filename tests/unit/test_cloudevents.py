"""CloudEvents: the modes, and what an envelope must say. Values are in `test_cloudevents_values`."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.cloudevents import check_sources, cloud_events
from shared.rules.deliveries import Delivery, DeliveryRefused, Event
from shared.rules.event_bodies import MOST_EVENTS
from shared.rules.field_rules import producer_key
from shared.rules.problems import Refused
from tests.unit.event_senders import ENVELOPE, as_json, batched, structured

NAMES = st.text(min_size=1).filter(lambda text: text.isprintable())


def only(delivery: Delivery) -> Event:
    """The one event of a delivery that is proven by a signature."""
    (event,) = cloud_events(delivery, binary=False)
    return event


def refusal(delivery: Delivery, *, binary: bool = False) -> Refused:
    """The refusal of a delivery."""
    with pytest.raises(Refused) as caught:
        cloud_events(delivery, binary=binary)
    return caught.value


def faults_of(delivery: Delivery) -> list[str]:
    """The pointers of a refusal."""
    return [problem.pointer for problem in refusal(delivery).problems]


def changed(**changes: object) -> dict[str, Any]:
    """The example's envelope with changes."""
    return {**ENVELOPE, **changes}


def without(*names: str) -> dict[str, Any]:
    """The example's envelope without some members."""
    return {name: value for name, value in ENVELOPE.items() if name not in names}


def test_the_example_of_the_specification_is_read() -> None:
    """The data of the event is the envelope as it came."""
    event = only(structured(ENVELOPE))
    assert event.data == ENVELOPE
    assert len(event.key) == len(event.content) == 64


def test_only_the_required_attributes_are_required() -> None:
    """An event may have no data and no time, and nothing is made up for it."""
    least = {name: ENVELOPE[name] for name in ("id", "source", "specversion", "type")}
    assert only(structured(least)).data == least


@pytest.mark.parametrize("kind", ["Application/CloudEvents+JSON", "application/cloudevents+json;charset=utf-8"])
def test_the_mode_is_read_without_case(kind: str) -> None:
    """Parameters do not count either."""
    assert only(structured(ENVELOPE, {"Content-Type": kind})).data == ENVELOPE


@pytest.mark.parametrize(
    "kind",
    [
        *("application/json", "text/plain", "", "application/cloudevents", "application/cloudevents+avro"),
        *("application/cloudevents+xml", "application/cloudevents-batch", "application/cloudevents-batch+avro"),
        *("application/cloudevents+jsonx", "application/cloudevents-batch+json+x", " ", "x/application/cloudevents+json"),
    ],
)
def test_another_format_is_refused_as_such(kind: str) -> None:
    """415, not 400: the sender has to send something else."""
    refused = refusal(structured(ENVELOPE, {"Content-Type": kind}))
    assert refused.code == "unsupported-media-type"
    assert "send application/cloudevents" in str(refused)


def test_headers_never_override_the_envelope() -> None:
    """An HMAC does not cover them, so they say nothing, even where the transport would be trusted."""
    smuggled = {"ce-id": "other", "ce-source": "/other", "ce-type": "other", "ce-specversion": "1.0", "ce-evil": "x"}
    for binary in (False, True):
        (event,) = cloud_events(structured(ENVELOPE, smuggled), binary=binary)
        assert event == only(structured(ENVELOPE))


def test_a_signed_body_cannot_be_given_attributes_by_headers() -> None:
    """A captured body with another Content-Type and attributes in headers is not an event."""
    smuggled = {"Content-Type": "application/json", "ce-id": "1", "ce-source": "/s", "ce-type": "t", "ce-specversion": "1.0"}
    assert refusal(Delivery(smuggled, as_json(ENVELOPE))).code == "unsupported-media-type"


def test_the_unsigned_content_type_cannot_change_what_a_body_is() -> None:
    """One event is no batch, and a batch is no event."""
    assert "array" in str(refusal(Delivery(batched().headers, as_json(ENVELOPE))))
    assert "object" in str(refusal(Delivery(structured({}).headers, as_json([ENVELOPE]))))


def test_a_batch_gives_its_events_in_order() -> None:
    """Each with a key of its own."""
    events = cloud_events(batched(changed(id="a"), changed(id="b"), changed(source="/other")), binary=False)
    assert [(event.data["source"], event.data["id"]) for event in events] == [
        ("/mycontext", "a"),
        ("/mycontext", "b"),
        ("/other", ENVELOPE["id"]),
    ]
    assert len({event.key for event in events}) == 3


def test_an_empty_batch_is_legal() -> None:
    """JSON event format, section 4.3."""
    assert cloud_events(batched(), binary=False) == ()


def test_a_batch_is_bounded() -> None:
    """So many events and no more, and the sender hears that it is too large."""
    most = [changed(id=str(n)) for n in range(MOST_EVENTS)]
    assert len(cloud_events(batched(*most), binary=False)) == MOST_EVENTS
    assert refusal(batched(*most, ENVELOPE)).code == "too-large"


def test_a_duplicate_in_a_batch_counts_once() -> None:
    """The same source and id with the same content is the same event; with other content both stay, so that it is seen."""
    same = batched(ENVELOPE, dict(reversed(ENVELOPE.items())), changed(traceparent="00-1", tracestate="a=b"))
    assert len(cloud_events(same, binary=False)) == 1
    one, other = cloud_events(batched(ENVELOPE, changed(data=1)), binary=False)
    assert one.key == other.key
    assert one.content != other.content


def test_every_fault_of_a_batch_is_named_with_its_place() -> None:
    """One bad event refuses the batch, and all are told at once."""
    bad = batched(changed(id=""), ENVELOPE, without("source", "type"), 7, changed(Bad="x", time="noon"))
    assert faults_of(bad) == ["/0/id", "/2/source", "/2/type", "/3", "/4/time", "/4/Bad"]


@pytest.mark.parametrize("name", ["id", "source", "specversion", "type"])
def test_what_is_required_is_never_made_up(name: str) -> None:
    """Missing, null, empty and of another type; a null is an absent one (JSON event format, section 2.2)."""
    assert faults_of(structured(without(name))) == [f"/{name}"]
    for value in (None, "", 1, True, ["x"], {"a": 1}):
        assert faults_of(structured(changed(**{name: value}))) == [f"/{name}"]


@pytest.mark.parametrize("name", ["subject", "time", "datacontenttype", "dataschema", "unsetextension"])
def test_an_optional_attribute_that_is_null_is_absent(name: str) -> None:
    """Both ways of leaving it out are one event."""
    event = only(structured(changed(**{name: None})))
    assert name not in event.data
    assert event == only(structured(without(name)))


def test_data_is_one_of_two() -> None:
    """`data` and `data_base64` exclude each other, also where the first is an explicit null (section 3.1.1)."""
    assert faults_of(structured(changed(data_base64="Zm9v"))) == ["/data"]
    assert faults_of(structured(changed(data=None, data_base64="Zm9v"))) == ["/data"]
    encoded = {**without("data"), "datacontenttype": "image/png", "data_base64": "Zm9v"}
    assert only(structured(encoded)).data == encoded
    assert only(structured(changed(data_base64=None))) == only(structured(ENVELOPE))


@pytest.mark.parametrize("bad", ["Zm9", "Zm9v\n", "Zm9-", "Zm9vZg==Zg==", "ü", 1, [], {}])
def test_binary_data_is_base64(bad: object) -> None:
    """RFC 4648 section 4."""
    assert faults_of(structured({**without("data"), "data_base64": bad})) == ["/data_base64"]


def test_a_null_payload_is_not_a_missing_one() -> None:
    """JSON event format, section 3.1.1."""
    null, none = only(structured(changed(data=None))), only(structured(without("data")))
    assert null.data["data"] is None
    assert "data" not in none.data
    assert null.content != none.content


def test_a_string_stays_a_string() -> None:
    """Data that looks like JSON is not parsed a second time (section 3.1.2)."""
    assert only(structured(changed(data='{"a":1}'))).data["data"] == '{"a":1}'


def test_data_agrees_with_its_type() -> None:
    """Where the type is not JSON, the data is text."""
    assert only(structured(changed(datacontenttype="application/xml", data="<a/>"))).data["data"] == "<a/>"
    assert only(structured(changed(datacontenttype="application/vnd.a+json", data=[1]))).data["data"] == [1]
    assert faults_of(structured(changed(datacontenttype="application/xml", data={"a": 1}))) == ["/data"]


def test_a_redelivery_has_the_same_content() -> None:
    """Neither order, nor writing, nor tracing, nor a type that is implied makes another event; what it says does."""
    first = only(structured(ENVELOPE)).content
    assert only(structured(changed(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))).content == first
    assert only(structured(without("datacontenttype"))).content == first
    assert only(structured(changed(comexampleothervalue="5"))).content == first
    for other in (
        changed(type="x"),
        changed(data={}),
        changed(subject="s"),
        changed(data={**ENVELOPE["data"], "appinfoB": 1}),
    ):
        assert only(structured(other)).content != first


@given(NAMES, NAMES, NAMES)
def test_no_two_pairs_of_source_and_id_share_a_key(left: str, middle: str, right: str) -> None:
    """Moving letters from one to the other makes another event; the key is one that a mail can have."""
    one = only(structured(changed(source=left + middle, id=right)))
    other = only(structured(changed(source=left, id=middle + right)))
    assert one.key != other.key
    assert producer_key(one.key) == one.key


def test_a_key_is_short_however_long_the_names_are() -> None:
    """Names have no limit but the body's."""
    assert len(only(structured(changed(source="s" * 10_000, id="i" * 10_000))).key) == 64


def test_sources_are_a_list_of_what_counts() -> None:
    """None configured: all; otherwise every event's source is listed, ASCII letters in any case."""
    events = cloud_events(batched(ENVELOPE, changed(source="/Two")), binary=False)
    check_sources(events, [])
    check_sources(events, ["/mycontext", "/TWO"])
    for sources in (["/mycontext"], ["/mycontext", "/twö"], ["/mycontext", "/two/"]):
        with pytest.raises(DeliveryRefused, match="foreign-source"):
            check_sources(events, sources)


def test_no_value_is_repeated() -> None:
    """A refusal names places; what stood there is somebody's mail."""
    hidden = "hunter2@example"
    bad = {name: [hidden] for name in ENVELOPE} | {"Bad": hidden, hidden: 1, "data": {"x": hidden}, "data_base64": hidden}
    assert hidden not in str(refusal(structured(bad)))

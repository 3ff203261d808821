"""Our CloudEvents beside the official package `cloudevents`: as a sender, as a reader, and where it errs."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_http_event,
    from_structured_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.cloudevents import cloud_events
from shared.rules.deliveries import Delivery
from shared.rules.problems import Refused
from tests.unit.event_senders import ENVELOPE, as_json, batched, structured

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], max_codepoint=0xFDCF), min_size=1)
NAME = st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True).filter(
    lambda name: name not in {*ENVELOPE, "dataschema", "subject"}
)
JSON = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT | st.lists(TEXT))


@st.composite
def sent_events(draw: st.DrawFn) -> CloudEvent:
    """An event as the package makes it: with an id and a time of its own, text attributes, and data that is JSON."""
    attributes: dict[str, Any] = draw(st.dictionaries(NAME, TEXT, max_size=3))
    attributes |= {"source": draw(TEXT), "type": draw(TEXT), "datacontenttype": "application/json"}
    if draw(st.booleans()):
        attributes |= {"id": draw(TEXT), "subject": draw(TEXT), "time": draw(st.datetimes(timezones=st.just(UTC)))}
    return CloudEvent(attributes, draw(JSON))


def as_delivery(message: HTTPMessage) -> Delivery:
    """What the package would put on the wire."""
    return Delivery(message.headers, message.body)


def as_message(delivery: Delivery) -> HTTPMessage:
    """What the package would be given."""
    return HTTPMessage(headers=dict(delivery.headers), body=delivery.body)


def refused(delivery: Delivery, *, binary: bool = False) -> str:
    """Our refusal in words."""
    with pytest.raises(Refused) as caught:
        cloud_events(delivery, binary=binary)
    return str(caught.value)


@given(sent_events())
def test_the_package_as_a_sender_is_accepted_in_both_modes(event: CloudEvent) -> None:
    """What it sends is read as it was meant, and both modes are one event with one content."""
    (whole,) = cloud_events(as_delivery(to_structured_event(event)), binary=False)
    (parts,) = cloud_events(as_delivery(to_binary_event(event)), binary=True)
    assert whole == parts
    assert whole.data["data"] == event.get_data()
    assert {name: whole.data[name] for name in ("id", "source", "type")} == {
        "id": event.get_id(),
        "source": event.get_source(),
        "type": event.get_type(),
    }


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (None, None),
        (None, {"a": 1}),
        ("text/plain", "text"),
        ("application/xml", "<a/>"),
        ("image/png", b"\x89PNG"),
        (None, b"\0"),
    ],
)
def test_every_kind_of_data_of_the_package_is_accepted(kind: str | None, data: dict[str, Any] | str | bytes | None) -> None:
    """JSON, text, bytes and nothing at all, in structured mode."""
    attributes = {"source": "/s", "type": "t"} | ({"datacontenttype": kind} if kind else {})
    (event,) = cloud_events(as_delivery(to_structured_event(CloudEvent(attributes, data))), binary=False)
    expected = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    assert event.data.get("data_base64", event.data.get("data")) == expected


@given(
    st.fixed_dictionaries(
        dict.fromkeys(("id", "source", "type"), TEXT) | {"specversion": st.sampled_from(["1.0", "0.9", "1.1"])},
        optional={
            "subject": TEXT,
            "time": st.sampled_from(["2018-04-05T17:31:00Z", "2018-04-05T17:31:00.25+02:00"]),
            "data": JSON,
        },
    )
)
def test_we_read_what_the_package_reads(envelope: dict[str, Any]) -> None:
    """Envelopes that say everything themselves are read the same way, or refused by both."""
    delivery = structured(envelope)
    try:
        theirs: BaseCloudEvent | None = from_structured_event(as_message(delivery))
    except Exception:  # noqa: BLE001 - the package has several ways to say that an envelope is none
        theirs = None
    if theirs is None:
        assert refused(delivery)
        return
    (ours,) = cloud_events(delivery, binary=False)
    read = theirs.get_attributes() | ({"data": theirs.get_data()} if "data" in envelope else {})
    assert {name: value for name, value in ours.data.items() if name != "time"} == {
        name: value for name, value in read.items() if name in ours.data and name != "time"
    }
    if "time" in envelope:
        assert datetime.fromisoformat(ours.data["time"]) == theirs.get_time()


def without(name: str) -> Delivery:
    """The example's envelope without a member."""
    return structured({key: value for key, value in ENVELOPE.items() if key != name})


def changed(**changes: object) -> Delivery:
    """The example's envelope with changes."""
    return structured({**ENVELOPE, **changes})


def raw(body: bytes) -> Delivery:
    """A body in structured mode."""
    return Delivery(structured({}).headers, body)


BINARY = {f"ce-{name}": str(ENVELOPE[name]) for name in ("specversion", "type", "source", "id")}

TAKEN_BY_THE_PACKAGE: dict[str, tuple[Callable[[], Delivery], str]] = {
    "an id is made up where none came": (lambda: without("id"), "id is missing"),
    "a version is made up where none came": (lambda: without("specversion"), "specversion is missing"),
    "a request without the media type is an event": (
        lambda: Delivery({"Content-Type": "application/json"}, as_json(ENVELOPE)),
        "send application/cloudevents+json",
    ),
    "names may stand twice": (lambda: raw(as_json(ENVELOPE)[:-1] + b', "id": "other"}'), "more than once"),
    "NaN is a number": (lambda: raw(as_json({**ENVELOPE, "data": float("nan")})), "not a finite number"),
    "both kinds of data may be there, once data is null": (
        lambda: changed(data=None, data_base64="Zm9v"),
        "exclude each other",
    ),
    "Base64 may be anything": (lambda: changed(data=None, data_base64="Zm9v!!"), "not Base64"),
    "an attribute may be an object": (lambda: changed(ext={"a": 1}), "neither text nor"),
    "an attribute may be a fraction": (lambda: changed(ext=1.5), "neither text nor"),
    "an integer may have more than 32 bits": (lambda: changed(ext=2**31), "32 bits"),
    "a text may hold controls": (lambda: changed(subject="a\nb"), "control character"),
    "a type of data may be no media type": (lambda: changed(datacontenttype="rubbish"), "not a media type"),
    "a time may lack its seconds": (lambda: changed(time="2018-04-05T17:31Z"), "RFC 3339"),
    "a time may be one of midnight twice": (lambda: changed(time="2018-04-05T24:00:00Z"), "RFC 3339"),
}
"""What the package takes for an event and we refuse: how the delivery is made, and our words."""


@pytest.mark.parametrize("name", list(TAKEN_BY_THE_PACKAGE))
def test_where_the_package_is_known_to_take_too_much(name: str) -> None:
    """Pinned on both sides, so that this list is looked at again when the package changes."""
    make, words = TAKEN_BY_THE_PACKAGE[name]
    assert from_structured_event(as_message(make()))
    assert words in refused(make())


def test_the_package_makes_up_a_time_and_we_do_not() -> None:
    """So one event sent twice has two times there."""
    delivery = without("time")
    assert from_structured_event(as_message(delivery)).get_time() is not None
    (event,) = cloud_events(delivery, binary=False)
    assert "time" not in event.data


@pytest.mark.parametrize("name", ["subject", "time", "datacontenttype", "dataschema"])
def test_the_package_refuses_a_null_and_we_do_not(name: str) -> None:
    """A null is an absent attribute (JSON event format, section 2.2)."""
    delivery = changed(**{name: None})
    with pytest.raises(Exception, match=r".*"):
        from_structured_event(as_message(delivery))
    assert cloud_events(delivery, binary=False)


def test_the_package_lets_headers_override_an_envelope_and_we_do_not() -> None:
    """It chooses the mode by any `ce-` header; the specification by the Content-Type."""
    delivery = structured(ENVELOPE, {**BINARY, "ce-id": "smuggled"})
    assert from_http_event(as_message(delivery)).get_id() == "smuggled"
    (event,) = cloud_events(delivery, binary=True)
    assert event.data["id"] == ENVELOPE["id"]


def test_the_package_has_no_batches_and_we_have() -> None:
    """It stumbles over the array."""
    delivery = batched(ENVELOPE)
    with pytest.raises((AttributeError, TypeError)):
        from_http_event(as_message(delivery))
    assert len(cloud_events(delivery, binary=False)) == 1


def test_the_package_replaces_what_is_no_utf_8_and_we_refuse_it() -> None:
    """`%C0%A0` must be rejected (HTTP binding, section 3.1.3.2)."""
    delivery = Delivery({**BINARY, "ce-subject": "%C0%A0"}, b"")
    assert "\ufffd" in str(from_http_event(as_message(delivery)).get_subject())
    assert "not UTF-8" in refused(delivery, binary=True)


def test_the_package_takes_broken_json_for_text_and_we_refuse_it() -> None:
    """The type says JSON."""
    delivery = Delivery({**BINARY, "content-type": "application/json"}, b'{"a":')
    assert from_http_event(as_message(delivery)).get_data() == '{"a":'
    assert "not JSON" in refused(delivery, binary=True)

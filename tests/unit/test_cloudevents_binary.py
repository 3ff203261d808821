"""CloudEvents whose attributes are headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.cloudevents import cloud_events
from shared.rules.cloudevents_binary import header_value
from shared.rules.deliveries import Delivery, Event
from shared.rules.problems import Refused
from tests.unit.event_senders import ENVELOPE, as_json, structured

HEADERS = {
    "ce-specversion": "1.0",
    "ce-type": "com.example.someevent",
    "ce-source": "/mycontext",
    "ce-id": "C234-1234-1234",
    "ce-time": "2018-04-05T17:31:00Z",
    "ce-comexampleextension1": "value",
    "ce-comexampleothervalue": "5",
    "content-type": "application/json",
}
"""The example of the JSON event format, section 3.2, re-encoded there as binary mode."""

BODY = as_json(ENVELOPE["data"])


def only(headers: dict[str, str], body: bytes = BODY) -> Event:
    """The one event of a delivery whose transport is trusted."""
    (event,) = cloud_events(Delivery(headers, body), binary=True)
    return event


def refusal(headers: dict[str, str], body: bytes = BODY) -> Refused:
    """The refusal of such a delivery."""
    with pytest.raises(Refused) as caught:
        cloud_events(Delivery(headers, body), binary=True)
    return caught.value


def test_the_example_of_the_specification_is_the_same_event_in_both_modes() -> None:
    """Same key, same content, and its integer is text, as every header is."""
    event = only(HEADERS)
    (same,) = cloud_events(structured(ENVELOPE), binary=False)
    assert (event.key, event.content) == (same.key, same.content)
    assert event.data == {**ENVELOPE, "comexampleothervalue": "5"}


def test_header_names_count_without_case() -> None:
    """RFC 9110 section 5.1; the same name twice, in different case, is refused."""
    assert only({name.upper(): value for name, value in HEADERS.items()}) == only(HEADERS)
    assert "more than once" in str(refusal({**HEADERS, "CE-ID": "other"}))


def test_binary_mode_is_only_for_a_trusted_transport() -> None:
    """The same delivery is refused where only the body is signed."""
    with pytest.raises(Refused) as caught:
        cloud_events(Delivery(HEADERS, BODY), binary=False)
    assert caught.value.code == "unsupported-media-type"


def test_a_delivery_without_attributes_is_another_format() -> None:
    """Not 400 with four missing attributes: it never meant to be a CloudEvent."""
    assert refusal({"content-type": "application/json"}).code == "unsupported-media-type"


@pytest.mark.parametrize("name", ["id", "source", "specversion", "type"])
def test_required_attributes_are_required(name: str) -> None:
    """Missing or empty, and never made up."""
    rest = {header: value for header, value in HEADERS.items() if header != f"ce-{name}"}
    for headers in (rest, {**rest, f"ce-{name}": ""}, {**rest, f"ce-{name}": '""'}):
        assert [problem.pointer for problem in refusal(headers).problems] == [f"/{name}"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("datacontenttype", "Content-Type says it"),
        ("data", "the body is the data"),
        ("data_base64", "the body is the data"),
        ("", "not an attribute's name"),
        ("a-b", "not an attribute's name"),
        ("ü", "not an attribute's name"),
    ],
)
def test_headers_that_may_not_be_there_are_refused(name: str, why: str) -> None:
    """Content-Type says the type and the body is the data; other names are no attributes."""
    assert why in str(refusal({**HEADERS, f"ce-{name}": "x"}))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%e2%82%ac", "€"),
        ("%41bc", "Abc"),
        ("%2525", "%25"),
        ("a b", "a b"),
        ('"a b"', "a b"),
        (r'"a \"b\" \\ c"', r'a "b" \ c'),
        ('"%22"', '"'),
        ('a"b', 'a"b'),
        ("a+b", "a+b"),
        ("", ""),
    ],
)
def test_values_are_unquoted_then_decoded_once(text: str, meaning: str) -> None:
    """Section 3.1.3.2, with its own example; a plus is a plus."""
    assert header_value(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "%C0%A0",
        "%ED%A0%80",
        "%FF",
        "%E2%82",
        "%",
        "%4",
        "%zz",
        "100%",
        "€",
        "a\tb",
        "a\r\nb",
        "\ud800",
        '"open',
        '"a"b"',
        '"\\"',
    ],
)
def test_values_that_are_no_utf_8_are_refused(text: str) -> None:
    """Overlong forms and halves of surrogate pairs as well; `%C0%A0` is the specification's own example."""
    with pytest.raises(ValueError, match="; "):
        header_value(text)
    assert [problem.pointer for problem in refusal({**HEADERS, "ce-subject": text}).problems] == ["/subject"]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], max_codepoint=0xFDCF), min_size=1))
def test_encoded_values_come_back(text: str) -> None:
    """Every character percent-encoded, as a careful sender may do."""
    encoded = "".join(f"%{byte:02X}" for byte in text.encode())
    assert only({**HEADERS, "ce-subject": encoded}).data["subject"] == text


def test_a_decoded_control_character_is_refused() -> None:
    """Percent-encoding does not carry a line break into a mail."""
    for encoded in ("%0A", "%00", "a%0D%0AX-Evil: 1", "%C2%85"):
        assert [problem.pointer for problem in refusal({**HEADERS, "ce-subject": encoded}).problems] == ["/subject"]


def test_every_bad_header_is_named() -> None:
    """All at once."""
    bad = {**HEADERS, "ce-id": "%C0%A0", "ce-subject": "%", "ce-datacontenttype": "text/plain"}
    assert {problem.pointer for problem in refusal(bad).problems} == {"/id", "/subject", "/datacontenttype"}


@pytest.mark.parametrize(
    ("kind", "body", "data"),
    [
        ("application/json", b"", {}),
        ("application/json; charset=utf-8", b"[1]", {"data": [1]}),
        ("application/vnd.a+json", b"null", {"data": None}),
        ("text/xml", b"<a/>", {"data": "<a/>"}),
        ('text/plain; charset="UTF-8"', "ü".encode(), {"data": "ü"}),
        ("text/plain; charset=iso-8859-1", b"x", {"data_base64": "eA=="}),
        ("text/plain", b"\xff", {"data_base64": "/w=="}),
        ("text/plain", b"a\0", {"data_base64": "YQA="}),
        ("image/png", b"x", {"data_base64": "eA=="}),
    ],
)
def test_the_body_is_the_data(kind: str, body: bytes, data: dict[str, object]) -> None:
    """JSON as a value, text as text, and everything else as Base64."""
    event = only({**HEADERS, "content-type": kind}, body)
    assert {name: event.data[name] for name in ("data", "data_base64") if name in event.data} == data
    assert event.data["datacontenttype"] == kind


def test_a_body_without_a_type_is_not_guessed() -> None:
    """JSON event format, section 3.1.2: no type, no assumption."""
    untyped = {name: value for name, value in HEADERS.items() if name != "content-type"}
    assert only(untyped).data["data_base64"]
    assert "datacontenttype" not in only(untyped).data
    assert not {"data", "data_base64"} & only(untyped, b"").data.keys()


@pytest.mark.parametrize("body", [b"{", b'{"a":1,"a":2}', b"NaN", b'"\\ud800"', b"\xff"])
def test_json_that_is_none_is_refused(body: bytes) -> None:
    """It does not become a string, as in the SDK."""
    assert refusal(HEADERS, body).code == "invalid"


def test_a_type_that_is_none_is_refused() -> None:
    """The Content-Type becomes an attribute, so it has to be one."""
    assert [p.pointer for p in refusal({**HEADERS, "content-type": "rubbish"}).problems] == ["/datacontenttype"]

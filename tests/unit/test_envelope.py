"""The envelope."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.config import OnUnknown
from shared.rules.envelope import (
    HTTP_BODY_LIMIT,
    MOST_RECIPIENTS,
    QUEUE_BODY_LIMIT,
    Attachment,
    Envelope,
    envelope_from,
    parse_envelope,
)
from shared.rules.problems import Refused
from tests.unit.sample_envelopes import FILE, SMALL, refusal, without


def test_the_limits_are_those_of_the_platform() -> None:
    """64 KiB on a queue, 1 MB over HTTP."""
    assert (QUEUE_BODY_LIMIT, HTTP_BODY_LIMIT) == (65_536, 1_000_000)


def test_every_field_of_the_design_is_read() -> None:
    """A full envelope arrives with each field converted."""
    envelope = envelope_from(
        {
            "id": "order 4711",
            "sender": "alerts",
            "to": ["Ops@CONTOSO.test"],
            "cc": ["a@contoso.test"],
            "bcc": ["b@contoso.test"],
            "reply_to": ["c@contoso.test"],
            "subject": "Übersicht",
            "text": "a\nb",
            "html": "<p>a</p>",
            "attachments": [FILE, {"name": "b.png", "content_type": "image/png", "blob": "x/b.png", "content_id": "b"}],
            "headers": {"X-Ticket": "12"},
            "tags": ["night"],
            "priority": "high",
            "send_at": "2026-11-23T09:00:00+01:00",
            "expires_at": "2026-11-23T08:00:01Z",
            "on_unknown": "hold",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "tracestate": "a=b",
        }
    )
    assert envelope == Envelope(
        id="order 4711",
        sender="alerts",
        to=("Ops@contoso.test",),
        cc=("a@contoso.test",),
        bcc=("b@contoso.test",),
        reply_to=("c@contoso.test",),
        subject="Übersicht",
        text="a\nb",
        html="<p>a</p>",
        attachments=(
            Attachment(name="a.pdf", content_type="application/pdf", content=b"abc"),
            Attachment(name="b.png", content_type="image/png", blob="x/b.png", content_id="b"),
        ),
        headers={"X-Ticket": "12"},
        tags=("night",),
        priority="high",
        send_at=datetime(2026, 11, 23, 8, tzinfo=UTC),
        expires_at=datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC),
        on_unknown=OnUnknown.HOLD,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        tracestate="a=b",
    )


def test_an_empty_object_gets_every_fault_at_once() -> None:
    """Sender, to, content and subject are missing, and each is named."""
    assert set(refusal({})) == {"/sender", "/to", "/text", "/subject"}


def test_faults_of_different_kinds_are_reported_together() -> None:
    """An unknown field, a bad address, a bad header and a missing subject come in one answer."""
    found = refusal({"sender": "a", "to": ["x"], "txt": "hi", "headers": {"Bcc": "v@e.test"}, "html": "x"})
    assert set(found) == {"/to/0", "/txt", "/headers/Bcc", "/subject"}
    assert found["/txt"] == "'txt' is not a known field of the input; did you mean 'text'?"
    assert found["/to/0"].startswith("to[0] is not a mail address")


@pytest.mark.parametrize("text", ["a@b.test, d@e.test", "a@b.test> NOTIFY=NEVER", "", "Bob <b@contoso.test>"])
def test_one_field_holds_one_address(text: str) -> None:
    """Lists and SMTP parameters inside a field are refused at that field."""
    assert set(refusal({**SMALL, "to": ["ok@contoso.test", text]})) == {"/to/1"}


def test_the_recipients_of_all_fields_are_counted_together() -> None:
    """500 are accepted, 501 are refused, wherever they stand."""
    many = [f"u{n}@contoso.test" for n in range(MOST_RECIPIENTS)]
    assert len(envelope_from({**SMALL, "to": many}).to) == MOST_RECIPIENTS
    assert "500 recipients" in refusal({**SMALL, "to": many[:300], "cc": many[:200], "bcc": many[:1]})["/to"]
    assert "/to" in refusal({**SMALL, "to": []})


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        (without("text"), {"/text"}),
        (without("subject"), {"/subject"}),
        ({**without("text", "subject"), "template": "t", "text": "x"}, {"/text"}),
        ({**SMALL, "html": "x", "template": "t"}, {"/text", "/html"}),
        ({**SMALL, "data": {}}, {"/data"}),
        ({**SMALL, "subject": " "}, {"/subject"}),
        ({**SMALL, "text": "\x00"}, {"/text"}),
        ({**SMALL, "text": "\x1b[0m"}, {"/text"}),
    ],
)
def test_content_is_a_template_or_texts(value: object, pointers: set[str]) -> None:
    """Either template and data, or a subject with text, HTML or both."""
    assert set(refusal(value)) == pointers


def test_a_template_makes_the_subject() -> None:
    """With a template neither subject nor data are required."""
    value = {**without("text", "subject"), "template": "github-event"}
    assert envelope_from(value).template == "github-event"
    assert envelope_from({**value, "data": {"x": [1, {"y": None}]}, "subject": "Mine"}).data == {"x": [1, {"y": None}]}


def test_null_says_that_a_field_was_not_set() -> None:
    """Serialisers that write null for everything unset are understood."""
    nothing = dict.fromkeys(name for name in Envelope.__struct_fields__ if name not in SMALL)
    assert envelope_from({**SMALL, **nothing}) == envelope_from(SMALL)
    assert "/to" in refusal({**SMALL, "to": None})
    assert "/unknown" in refusal({**SMALL, "unknown": None})


def test_a_mail_must_have_time_to_be_sent() -> None:
    """It expires after it is due, whatever the offsets say."""
    times = {"send_at": "2026-11-23T09:00:00Z", "expires_at": "2026-11-23T10:00:00+01:00"}
    assert set(refusal({**SMALL, **times})) == {"/expires_at"}


@pytest.mark.parametrize("broken", ["", "garbage", 5, None, ["x"], {"a": 1}])
def test_a_broken_trace_context_never_fails_a_mail(broken: object) -> None:
    """It is left out."""
    envelope = envelope_from({**SMALL, "traceparent": broken, "tracestate": ["x"]})
    assert (envelope.traceparent, envelope.tracestate) == (None, None)


def test_an_envelope_in_a_batch_has_its_place_before_every_pointer() -> None:
    """The pointer of item 3 stands before those of its fields, and its number in the texts."""
    found = refusal({**SMALL, "to": ["x"], "attachments": [{**FILE, "blob": "x"}]}, "/3")
    assert set(found) == {"/3/to/0", "/3/attachments/0"}
    assert "[3].attachments[0]" in found["/3/attachments/0"]


@pytest.mark.parametrize("value", [None, 1, "x", [], [SMALL]])
def test_an_envelope_is_an_object(value: object) -> None:
    """Anything else is refused as a whole."""
    assert set(refusal(value)) == {""}


def test_a_body_is_parsed_strictly_first() -> None:
    """Duplicate keys and oversized bodies are refused before the fields are looked at."""
    body = json.dumps(SMALL).encode()
    assert parse_envelope(body, limit=len(body)) == envelope_from(SMALL)
    for wrong in (body + b" ", body[:-1] + b',"to":["x@e.test"]}'):
        with pytest.raises(Refused):
            parse_envelope(wrong, limit=len(body) if wrong.endswith(b" ") else QUEUE_BODY_LIMIT)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["a@b.test", "YWJj", "X-A", "2026-11-23T09:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*Envelope.__struct_fields__, *Attachment.__struct_fields__, "X-A"]) | st.text(),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(anything | st.dictionaries(st.sampled_from(Envelope.__struct_fields__), anything))
def test_any_value_is_an_envelope_or_refused(value: object) -> None:
    """Nothing but `Refused` is ever raised, and an accepted envelope has a recipient."""
    try:
        envelope = envelope_from(value)
    except Refused as refused:
        assert refused.problems  # noqa: PT017 - both ways out are right
        return
    assert envelope.to


@given(st.sampled_from(sorted(Envelope.__struct_fields__)), anything)
def test_one_strange_field_is_refused_at_that_field(field: str, value: object) -> None:
    """Whatever stands in one field of a sound envelope, every problem points below that field, or at the rule it breaks."""
    related = {
        "template": {"/text", "/template"},
        "send_at": {"/expires_at"},
        "text": {"/text"},
        "cc": {"/to"},
        "bcc": {"/to"},
    }
    try:
        envelope_from({**SMALL, field: value})
    except Refused as refused:
        allowed = related.get(field, set())
        assert all(p.pointer.startswith(f"/{field}") or p.pointer in allowed for p in refused.problems)  # noqa: PT017 - both ways out are right


def test_the_schema_for_openapi_can_be_made() -> None:
    """The structs give a JSON Schema that refuses unknown fields."""
    (_, components) = msgspec.json.schema_components([Envelope], ref_template="#/components/schemas/{name}")
    assert components["Envelope"]["additionalProperties"] is False
    assert components["Envelope"]["properties"]["to"]["maxItems"] == MOST_RECIPIENTS
    assert components["Attachment"]["properties"]["content"]["anyOf"][0]["contentEncoding"] == "base64"


def test_a_large_attachment_is_decoded() -> None:
    """Content of half a megabyte survives."""
    content = bytes(range(256)) * 2000
    value = {**SMALL, "attachments": [{**FILE, "content": base64.b64encode(content).decode()}]}
    assert envelope_from(value).attachments[0].content == content


def test_importing_the_envelope_imports_no_heavy_library() -> None:
    """email-validator and difflib wait until they are needed: the cold start pays for every import."""
    heavy = ("email_validator", "difflib", "idna", "dns")
    code = f"import sys, shared.rules.envelope; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own interpreter and code
    assert done.stdout.strip() == "[]"

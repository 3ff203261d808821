"""GitHub's webhooks."""

import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.deliveries import Delivery, DeliveryRefused, Event
from shared.rules.github_events import check_signature, github_event
from shared.rules.problems import Refused
from tests.unit.event_senders import OTHER_SECRET, TEXT_SECRET, UNRESOLVED, as_json, github, github_signature

BODY = as_json({"action": "opened", "issue": {"number": 1, "title": "Disk full"}, "repository": {"full_name": "o/r"}})
PING = as_json({"zen": "Keep it logically awesome.", "hook_id": 42, "hook": {"type": "Repository"}})


def code_of(delivery: Delivery, *secrets: str) -> str:
    """The code of the refusal."""
    with pytest.raises(DeliveryRefused) as caught:
        github_event(delivery, secrets or (TEXT_SECRET,))
    return caught.value.code


def refusal(delivery: Delivery) -> Refused:
    """The refusal of a verified delivery that is not an event."""
    with pytest.raises(Refused) as caught:
        github_event(delivery, [TEXT_SECRET])
    return caught.value


def test_the_vector_of_the_documentation_is_verified() -> None:
    """GitHub Docs, "Testing the webhook payload validation"."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    check_signature(signature, b"Hello, World!", ["It's a Secret to Everybody"])
    with pytest.raises(DeliveryRefused, match="wrong-signature"):
        check_signature(signature, b"Hello, World?", ["It's a Secret to Everybody"])


def test_a_verified_delivery_is_an_event() -> None:
    """Its data is the body, its key and its content are the body's hash."""
    event = github_event(github(BODY), [OTHER_SECRET, TEXT_SECRET])
    digest = hashlib.sha256(BODY).hexdigest()
    assert event is not None
    assert (event.key, event.content) == (digest, digest)
    assert event.data["issue"]["title"] == "Disk full"


def test_a_captured_body_with_fresh_ids_is_the_same_event() -> None:
    """The delivery's id is not signed, so a thousand of them make one key."""
    deliveries = (github(BODY, X_GitHub_Delivery=f"{n:032x}", X_GitHub_Event="issues") for n in range(1000))
    assert len({event.key for event in (github_event(one, [TEXT_SECRET]) for one in deliveries) if event}) == 1


@given(st.integers(0, len(BODY) - 1), st.integers(0, 7))
def test_a_single_changed_bit_of_the_body_is_refused(at: int, bit: int) -> None:
    """Whatever the bit would change."""
    changed = bytes([*BODY[:at], BODY[at] ^ (1 << bit), *BODY[at + 1 :]])
    assert code_of(Delivery(github(BODY).headers, changed)) == "wrong-signature"


@given(st.integers(0, 63), st.integers(0, 15))
def test_a_changed_digit_of_the_signature_is_refused(at: int, digit: int) -> None:
    """Each of the 64 digits counts."""
    good = github_signature(BODY)
    bad = good[: 7 + at] + f"{digit:x}" + good[8 + at :]
    if bad != good:
        assert code_of(github(BODY, X_Hub_Signature_256=bad)) == "wrong-signature"


@pytest.mark.parametrize(
    "signature",
    [
        *("sha256=", "sha1=" + "0" * 40, "0" * 64, "sha256=" + "0" * 63, "sha256=" + "0" * 65, "SHA256=" + "0" * 64),
        *("sha256=" + "A" * 64, "sha256=" + "ü" * 64, "sha256=" + "٣" * 64, "sha256=" + "0" * 64 + "\n", "\ud800", " "),
        "sha256=" + "0" * 64 + ", sha256=" + "1" * 64,
    ],
)
def test_a_malformed_signature_is_named(signature: str) -> None:
    """Text outside ASCII as well, for which comparing texts would raise TypeError."""
    assert code_of(github(BODY, X_Hub_Signature_256=signature)) == "malformed-signature"


def test_a_missing_signature_is_named() -> None:
    """The older SHA-1 header does not take its place."""
    assert code_of(Delivery({"X-Hub-Signature": "sha1=" + "0" * 40}, BODY)) == "missing-header"
    assert code_of(github(BODY, X_Hub_Signature_256="")) == "missing-header"


def test_header_names_count_without_case() -> None:
    """The host writes them in lower case."""
    sent = github(BODY)
    assert github_event(Delivery({k.lower(): v for k, v in sent.headers.items()}, BODY), [TEXT_SECRET])


@pytest.mark.parametrize("text", ["", " ", "short", UNRESOLVED, f"  {UNRESOLVED.lower()}", "\ud800" * 30])
def test_a_text_that_is_no_secret_verifies_nothing(text: str) -> None:
    """Also where the attacker keys the HMAC with it: the text of a reference is in everybody's template."""
    body = b'{"action":"opened"}'
    forged = github(body, text) if text.isascii() else github(body)
    assert code_of(forged, text) == "no-usable-secret"
    assert code_of(forged, text, OTHER_SECRET) == "wrong-signature"


def test_a_ping_is_no_event() -> None:
    """Whatever its header says, and without it: a tried-out hook sends no mail."""
    for headers in ({}, {"X_GitHub_Event": "ping"}, {"X_GitHub_Event": "push"}):
        assert github_event(github(PING, **headers), [TEXT_SECRET]) is None


def test_no_event_becomes_a_ping_by_its_header() -> None:
    """The header is not signed, so it cannot make an event vanish."""
    assert isinstance(github_event(github(BODY, X_GitHub_Event="ping"), [TEXT_SECRET]), Event)


@pytest.mark.parametrize(
    "change", [{"zen": None}, {"hook_id": "42"}, {"hook_id": True}, {"hook_id": None}, {"zen": ["x"]}, {"hook_id": {"a": 1}}]
)
def test_what_only_resembles_a_ping_is_an_event(change: dict[str, object]) -> None:
    """Both fields, with the types that GitHub gives them."""
    body = as_json({"zen": "x", "hook_id": 42, **change})
    assert isinstance(github_event(github(body), [TEXT_SECRET]), Event)


def test_a_forged_ping_is_refused_like_everything_else() -> None:
    """Nobody learns from a ping whether a hook exists."""
    assert code_of(Delivery({"X-GitHub-Event": "ping", "Content-Type": "application/json"}, PING)) == "missing-header"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "", "application/jsonx", "json"])
def test_the_form_encoding_is_refused_with_the_cure(kind: str) -> None:
    """The hook's content type is set on GitHub."""
    refused = refusal(github(b"payload=%7B%7D", Content_Type=kind))
    assert refused.code == "unsupported-media-type"
    assert "set the hook's content type to application/json" in str(refused)


def test_json_is_json_in_any_case_and_with_parameters() -> None:
    """Media types count without case (RFC 9110 section 8.3.1)."""
    assert github_event(github(BODY, Content_Type="Application/JSON; charset=utf-8"), [TEXT_SECRET])


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff", b"payload=x"])
def test_a_verified_body_that_is_no_sound_object_is_refused(body: bytes) -> None:
    """Only after the signature: strangers hear nothing about the body."""
    assert refusal(github(body)).problems
    assert code_of(Delivery({"Content-Type": "application/json"}, body)) == "missing-header"


@given(
    st.dictionaries(st.sampled_from(["X-Hub-Signature-256", "content-type", "X-GitHub-Event"]) | st.text(), st.text()),
    st.binary() | st.just(BODY) | st.just(PING),
    st.lists(st.text() | st.just(TEXT_SECRET)),
    st.sampled_from(["signed", "unsigned"]),
)
def test_any_delivery_is_an_event_a_ping_or_refused(
    headers: dict[str, str], body: bytes, secrets: list[str], how: str
) -> None:
    """Nothing else is raised, whatever the headers and the body; unsigned, nothing is ever an event."""
    sent = Delivery({**headers, **({"x-hub-signature-256": github_signature(body)} if how == "signed" else {})}, body)
    with contextlib.suppress(DeliveryRefused, Refused):
        event = github_event(sent, secrets)
        assert event is None or isinstance(event, Event)
        assert how == "signed"

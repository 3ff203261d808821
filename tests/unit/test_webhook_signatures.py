"""Standard Webhooks signatures."""

import base64
import hashlib
import hmac
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.deliveries import Delivery, DeliveryRefused, Event
from shared.rules.problems import Refused
from shared.rules.standard_events import standard_event
from shared.rules.webhook_signatures import Verified, usable_secret, verify_signed, verify_standard

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes here!").decode()
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
WRONG = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


def headers(*, id_: str = ID, at: str = str(AT), signature: str = SIGNATURE) -> dict[str, str]:
    """The headers of a delivery."""
    return {"webhook-id": id_, "webhook-timestamp": at, "webhook-signature": signature}


def signed(body: bytes, *, id_: str = ID, at: str = str(AT), secret: str = SECRET) -> dict[str, str]:
    """The headers of a delivery, signed as the specification says."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{id_}.{at}.".encode() + body, hashlib.sha256)
    return headers(id_=id_, at=at, signature="v1," + base64.b64encode(digest).decode())


def code_of(given_headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,), now: float = AT) -> str:
    """The code of the refusal."""
    with pytest.raises(DeliveryRefused) as caught:
        verify_standard(given_headers, body, secrets, now)
    return caught.value.code


def test_the_vector_of_the_specifications_libraries_is_verified() -> None:
    """The test suites of standard-webhooks hold this secret, id, time, body and signature."""
    assert verify_standard(headers(), BODY, [SECRET], AT) == Verified(ID, AT)


def test_the_secrets_prefix_is_optional() -> None:
    """The same key without whsec_ verifies as well."""
    assert verify_standard(headers(), BODY, [SECRET.removeprefix("whsec_")], AT).id == ID


def test_header_names_count_without_case() -> None:
    """Proxies change the case of header names."""
    assert verify_standard({k.title(): v for k, v in headers().items()}, BODY, [SECRET], AT).id == ID


def test_several_secrets_and_several_signatures_are_all_tried() -> None:
    """While keys rotate on either side, one match is enough, at any place."""
    several = headers(signature=f"{WRONG} v2,x v1a,abc garbage  v1,a,b {SIGNATURE} {WRONG}")
    assert verify_standard(several, BODY, [OTHER, SECRET], AT).id == ID
    assert verify_standard(several, BODY, ["", SECRET, "whsk_x"], AT).id == ID


@given(st.binary(), st.binary(min_size=24, max_size=64))
def test_what_the_sender_signed_is_verified(body: bytes, key: bytes) -> None:
    """Any body and any key of the specified lengths, also a body that is not text."""
    secret = "whsec_" + base64.b64encode(key).decode()
    assert verify_standard(signed(body, secret=secret), body, [secret], AT + 1).timestamp == AT


@given(st.binary(), st.integers(0, 7), st.data())
def test_a_single_changed_bit_is_refused(body: bytes, bit: int, data: st.DataObject) -> None:
    """Neither body nor id nor time can be changed under a signature."""
    sent = signed(body)
    if body:
        at = data.draw(st.integers(0, len(body) - 1))
        changed = bytes([*body[:at], body[at] ^ (1 << bit), *body[at + 1 :]])
        assert code_of(sent, changed) == "wrong-signature"
    assert code_of({**sent, "webhook-id": ID + "x"}, body) == "wrong-signature"
    assert code_of({**sent, "webhook-timestamp": str(AT + 1)}, body) == "wrong-signature"


@pytest.mark.parametrize("away", [0, 299, 300])
def test_five_minutes_are_allowed_in_both_directions(away: int) -> None:
    """Clocks differ."""
    for now in (AT - away, AT + away):
        assert verify_standard(headers(), BODY, [SECRET], float(now)).timestamp == AT


def test_older_and_newer_deliveries_are_refused() -> None:
    """Beyond five minutes a captured delivery is worth nothing; a clock that gives no number lets nothing in."""
    assert code_of(headers(), now=AT + 300.5) == "too-old"
    assert code_of(headers(), now=AT - 300.5) == "too-new"
    assert code_of(headers(), now=math.nan) == "too-new"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_or_empty_header_is_named_by_its_code(name: str) -> None:
    """All three are needed."""
    assert code_of({k: v for k, v in headers().items() if k != name}) == "missing-header"
    assert code_of({**headers(), name: ""}) == "missing-header"


@pytest.mark.parametrize(
    "at", ["hello", "1614265330.0", " 1614265330", "1614265330\n", "-1", "1e9", "٣", "9" * 13, "+1614265330"]
)
def test_a_time_is_plain_digits(at: str) -> None:
    """Other spellings of the same second would be other deliveries to a replay cache."""
    assert code_of(headers(at=at)) == "bad-timestamp"


@pytest.mark.parametrize("id_", ["a.b", "a b", "ü", "a\n", "\ud800", "x" * 257])
def test_an_id_with_a_dot_or_a_strange_character_is_refused(id_: str) -> None:
    """The signed text is id, dot, time, dot, body: a dot in the id would let parts move."""
    assert code_of(headers(id_=id_)) == "bad-id"


def test_signed_parts_cannot_be_moved_into_the_id() -> None:
    """A signature over `msg.<time>.<other time>.{}` cannot be replayed as the id `msg.<time>` at the other time."""
    sent = signed(f"{AT + 5}.{{}}".encode(), id_="msg")
    moved = {**sent, "webhook-id": f"msg.{AT}", "webhook-timestamp": str(AT + 5)}
    assert verify_standard(sent, f"{AT + 5}.{{}}".encode(), [SECRET], AT).id == "msg"
    assert code_of(moved, b"{}", now=AT + 5) == "bad-id"


@pytest.mark.parametrize(
    "signature",
    ["v1", "v1,", "v1a,abc", "v2" + SIGNATURE[2:], SIGNATURE[:-1], SIGNATURE + "=", ",", " ", "v1,ü", "v1,\ud800"],
)
def test_without_a_well_formed_v1_item_nothing_is_compared(signature: str) -> None:
    """Broken items and other versions are passed over."""
    assert code_of(headers(signature=signature)) == "no-v1-signature"


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "Webhook-Id"]) | st.text(),
        st.text() | st.just(SIGNATURE),
    ),
    st.binary(),
    st.lists(st.text() | st.just(SECRET)),
    st.floats(),
)
def test_any_input_is_refused_in_the_one_way(
    given_headers: dict[str, str], body: bytes, secrets: list[str], now: float
) -> None:
    """Whatever comes in, `DeliveryRefused` is the only exception."""
    with pytest.raises(DeliveryRefused):
        verify_standard(given_headers, body, secrets, now)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("whsec_", "shorter"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "shorter than 24 bytes"),
        ("@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)", "Key Vault"),
        (" @microsoft.keyvault(VaultName=v;SecretName=s)", "Key Vault"),
        ("whsk_" + base64.b64encode(b"x" * 32).decode(), "asymmetric"),
        ("whpk_" + base64.b64encode(b"x" * 32).decode(), "asymmetric"),
        ("correct horse battery staple!", "Base64"),
        (SECRET + "\n", "Base64"),
        (SECRET[:-1], "Base64"),
        ("ü" * 40, "Base64"),
    ],
)
def test_an_unusable_secret_is_explained_and_never_used(text: str, why: str) -> None:
    """The operator learns why, without the secret, and a webhook with only such secrets accepts nothing."""
    reason = usable_secret(text)
    assert reason is not None
    assert why in reason
    assert not text.strip() or text not in reason
    assert code_of(headers(), secrets=(text,)) == "no-usable-secret"


def test_secrets_of_the_specified_lengths_are_usable() -> None:
    """24 to 64 bytes, with or without prefix."""
    for length in (24, 32, 64):
        text = base64.b64encode(b"x" * length).decode()
        assert usable_secret(text) is None
        assert usable_secret(f"whsec_{text}") is None
    assert code_of(headers(), secrets=()) == "no-usable-secret"


def test_a_verified_delivery_is_an_event() -> None:
    """Its id is the key in every retry, its content the hash of the body as it came."""
    first = standard_event(Delivery(headers(), BODY), [OTHER, SECRET], AT)
    assert first == Event(key=ID, content=hashlib.sha256(BODY).hexdigest(), data={"test": 2432232314})
    retry = signed(BODY, at=str(AT + 60))
    assert standard_event(Delivery(retry, BODY), [SECRET], AT + 60) == first


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"1", b"{", b"\xff", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":"\\u0000"}']
)
def test_a_verified_body_that_is_no_sound_object_is_refused(body: bytes) -> None:
    """The signature first: a stranger hears nothing about the body."""
    with pytest.raises(Refused):
        standard_event(Delivery(signed(body), body), [SECRET], AT)
    with pytest.raises(DeliveryRefused, match="wrong-signature"):
        standard_event(Delivery(signed(body + b" "), body), [SECRET], AT)


def test_an_hmac_keyed_with_the_text_of_a_reference_proves_nothing() -> None:
    """The text stands in the template of the app, so everybody has it."""
    text = "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)"
    digest = hmac.digest(text.encode(), f"{ID}.{AT}.".encode() + BODY, hashlib.sha256)
    forged = headers(signature="v1," + base64.b64encode(digest).decode())
    assert code_of(forged, secrets=(text,)) == "no-usable-secret"
    assert code_of(forged, secrets=(text, SECRET)) == "wrong-signature"


def test_keys_are_used_as_they_are() -> None:
    """For senders whose secrets have another form; without a key nothing is verified."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert verify_signed(headers(), BODY, [b"other", key], AT).id == ID
    with pytest.raises(DeliveryRefused, match="no-usable-secret"):
        verify_signed(headers(), BODY, [], AT)

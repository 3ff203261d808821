"""Who sent a CloudEvent, and who may: proof and consent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.cloudevents import consent, delivery_origin_ok, prove, prove_by_token
from shared.rules.deliveries import Delivery, DeliveryRefused
from tests.unit.event_senders import (
    AT,
    ENVELOPE,
    OTHER_SECRET,
    STANDARD_SECRET,
    TEXT_SECRET,
    UNRESOLVED,
    as_json,
    standard_headers,
    standard_key,
)

BODY = as_json(ENVELOPE)
SIGNED = standard_headers(BODY, TEXT_SECRET.encode())
ORIGIN = "eventgrid.azure.net"


def code_of(delivery: Delivery, *secrets: str, now: float = AT) -> str:
    """The code of the refusal."""
    with pytest.raises(DeliveryRefused) as caught:
        prove(delivery, secrets or (TEXT_SECRET,), now)
    return caught.value.code


def bearer(token: str, scheme: str = "Bearer") -> Delivery:
    """A delivery with a token in its Authorization header."""
    return Delivery({"authorization": f"{scheme} {token}"}, BODY)


def test_a_signature_proves_the_body_only() -> None:
    """The answer is no: headers do not count. Plain secrets are used as their bytes, others as Standard Webhooks says."""
    assert prove(Delivery(SIGNED, BODY), [OTHER_SECRET, TEXT_SECRET], AT) is False
    standard = standard_headers(BODY, standard_key(STANDARD_SECRET))
    assert prove(Delivery(standard, BODY), [TEXT_SECRET, STANDARD_SECRET], AT) is False


@pytest.mark.parametrize("secret", [TEXT_SECRET, STANDARD_SECRET, "ü" * 12])
def test_a_token_proves_the_whole_request(secret: str) -> None:
    """In the header or in the query (http-webhook.md, section 3); it is the secret as it stands."""
    assert prove(bearer(secret), [OTHER_SECRET, secret], AT) is True
    assert prove(Delivery({}, BODY, {"access_token": secret}), [secret], AT) is True
    for scheme in ("bearer", "BEARER"):
        assert prove(bearer(secret, scheme), [secret], AT) is True


def test_a_foreign_token_does_not_spoil_a_signature() -> None:
    """It may be meant for a gateway in front; and a good token needs no signature."""
    both = {**SIGNED, "Authorization": f"Bearer {OTHER_SECRET}"}
    assert prove(Delivery(both, BODY), [TEXT_SECRET], AT) is False
    assert prove(Delivery(both, b"other"), [OTHER_SECRET], AT) is True


@pytest.mark.parametrize(
    ("delivery", "code"),
    [
        (Delivery({}, BODY), "missing-proof"),
        (bearer(""), "missing-proof"),
        (bearer(TEXT_SECRET, "Basic"), "missing-proof"),
        (Delivery({"Authorization": TEXT_SECRET}, BODY), "missing-proof"),
        (Delivery({}, BODY, {"ACCESS_TOKEN": TEXT_SECRET, "token": TEXT_SECRET}), "missing-proof"),
        (bearer(TEXT_SECRET[:-1]), "wrong-token"),
        (bearer(TEXT_SECRET + "x"), "wrong-token"),
        (bearer("ü\ud800"), "wrong-token"),
        (Delivery({}, BODY, {"access_token": "\ud800"}), "wrong-token"),
        (Delivery(SIGNED, BODY + b" "), "wrong-signature"),
        (Delivery({**SIGNED, "webhook-id": "msg_2"}, BODY), "wrong-signature"),
        (Delivery({**SIGNED, "webhook-id": ""}, BODY), "missing-header"),
        (Delivery({**SIGNED, "webhook-signature": "v1,ü"}, BODY), "no-v1-signature"),
    ],
)
def test_every_other_delivery_is_refused(delivery: Delivery, code: str) -> None:
    """Each with its own code, text outside ASCII as well, for which comparing texts would raise TypeError."""
    assert code_of(delivery) == code


def test_an_old_signature_proves_nothing() -> None:
    """Five minutes, as for Standard Webhooks."""
    assert code_of(Delivery(SIGNED, BODY), now=AT + 301) == "too-old"
    assert code_of(Delivery(SIGNED, BODY), now=AT - 301) == "too-new"


@given(st.integers(0, len(BODY) - 1), st.integers(0, 7))
def test_a_single_changed_bit_is_refused(at: int, bit: int) -> None:
    """Of any byte of the body."""
    changed = bytes([*BODY[:at], BODY[at] ^ (1 << bit), *BODY[at + 1 :]])
    assert code_of(Delivery(SIGNED, changed)) == "wrong-signature"


@pytest.mark.parametrize("text", ["", "  ", "short", UNRESOLVED, "whsk_" + STANDARD_SECRET, "whsec_short", "\ud800" * 30])
def test_a_text_that_is_no_secret_proves_nothing(text: str) -> None:
    """Neither as a token nor as a key: who knows it did not get it from us."""
    key = text.encode("utf-8", "surrogatepass")
    for delivery in (bearer(text), Delivery({}, BODY, {"access_token": text}), Delivery(standard_headers(BODY, key), BODY)):
        assert code_of(delivery, text) == "no-usable-secret"
        assert code_of(delivery, text, OTHER_SECRET) != "no-usable-secret"


def test_a_sender_without_signatures_is_proven_by_its_token() -> None:
    """Event Grid can be given a token for the query, and signs nothing."""
    prove_by_token(bearer(TEXT_SECRET), [OTHER_SECRET, TEXT_SECRET])
    prove_by_token(Delivery({}, b"", {"access_token": TEXT_SECRET}), [TEXT_SECRET])
    for delivery, secrets, code in (
        (bearer(TEXT_SECRET), [OTHER_SECRET], "wrong-token"),
        (Delivery(SIGNED, BODY), [TEXT_SECRET], "missing-proof"),
        (bearer(UNRESOLVED), [UNRESOLVED], "no-usable-secret"),
    ):
        with pytest.raises(DeliveryRefused, match=code):
            prove_by_token(delivery, secrets)


@pytest.mark.parametrize(
    ("asked", "granted"), [({}, "100"), ({"WebHook-Request-Rate": "120"}, "100"), ({"webhook-request-rate": "99"}, "99")]
)
def test_consent_names_the_origin_and_the_rate(asked: dict[str, str], granted: str) -> None:
    """The smaller of what is asked and what is allowed (http-webhook.md, section 4.2)."""
    answer = consent({"WebHook-Request-Origin": ORIGIN, **asked}, ["other.test", ORIGIN], 100)
    assert answer == {"Allow": "POST", "WebHook-Allowed-Origin": ORIGIN, "WebHook-Allowed-Rate": granted}


@pytest.mark.parametrize(
    "rate", ["0", "-1", "+1", "1.5", "", " ", "ten", "٣", "012", "1e3", "1,2", "*", "9" * 19, "9" * 5000]
)
def test_a_malformed_rate_is_no_question(rate: str) -> None:
    """A positive integer in plain digits, and nothing else."""
    assert consent({"WebHook-Request-Origin": ORIGIN, "WebHook-Request-Rate": rate}, [ORIGIN], 100) is None


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "other.test",
        f"x.{ORIGIN}",
        f"{ORIGIN}.evil.test",
        f"https://{ORIGIN}",
        f"{ORIGIN}:443",
        "*",
        "ü.test",
        f"{ORIGIN}\r\nX: 1",
    ],
)
def test_another_origin_gets_no_consent(origin: str) -> None:
    """Whole names, and no names of parts; where anybody is allowed, it still has to be a name, because it is repeated."""
    assert consent({"WebHook-Request-Origin": origin}, [ORIGIN], 100) is None
    named = consent({"WebHook-Request-Origin": origin}, ["*"], 100)
    assert named is None or named["WebHook-Allowed-Origin"] == origin
    assert (named is not None) == (set(origin) <= set("abcdefghijklmnopqrstuvwxyz.") and bool(origin))


def test_origins_are_dns_names() -> None:
    """Without case, with or without the dot of the root; the answer repeats what was asked."""
    for asked in ("EventGrid.Azure.Net", f"{ORIGIN}."):
        answer = consent({"webhook-request-origin": asked}, ["eventgrid.AZURE.net"], 5)
        assert answer is not None
        assert answer["WebHook-Allowed-Origin"] == asked


def test_two_origins_are_no_origin() -> None:
    """Nor is none: who asks says who it is, once."""
    assert consent({}, [ORIGIN, "*"], 5) is None
    assert consent({"WebHook-Request-Origin": ORIGIN, "webhook-request-origin": "other.test"}, [ORIGIN], 5) is None
    assert consent({"WebHook-Request-Origin": ORIGIN}, [], 5) is None


@pytest.mark.parametrize("header", ["WebHook-Request-Origin", "Origin", "ORIGIN"])
def test_a_delivery_repeats_its_origin(header: str) -> None:
    """In either header; where one is named, it is one of ours."""
    assert delivery_origin_ok(Delivery({header: ORIGIN.upper()}, b""), [ORIGIN])
    assert delivery_origin_ok(Delivery({header: "other.test"}, b""), [])
    assert delivery_origin_ok(Delivery({header: "https://other.test"}, b""), ["*"])
    assert not delivery_origin_ok(Delivery({header: "other.test"}, b""), [ORIGIN])
    assert not delivery_origin_ok(Delivery({header: "null"}, b""), [ORIGIN])
    both = {"WebHook-Request-Origin": ORIGIN, "origin": ORIGIN} | {header: "other.test"}
    assert not delivery_origin_ok(Delivery(both, b""), [ORIGIN])


def test_a_delivery_without_an_origin_is_fine() -> None:
    """The origin authenticates nobody; a sender that never asked has none."""
    assert delivery_origin_ok(Delivery({"Origin": ""}, b""), [ORIGIN])

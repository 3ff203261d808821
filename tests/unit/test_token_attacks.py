"""Forged and foreign bearer tokens, and for each defence a verification without it, where the attack succeeds."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest

from shared.rules.bearer_refusals import TokenRefused
from shared.rules.bearer_tokens import Claims, Expected, verify
from tests.fakes.entra_tokens import (
    APP,
    ELSEWHERE,
    EXPECTED,
    FABRIKAM,
    KID,
    NOW,
    OBJECT,
    claims,
    encoded,
    expecting,
    jwk,
    public_pem,
    signing_input,
    token,
)

Verified = Callable[[str], Claims]


SIGNATURE_ALONE: Any = {f"verify_{claim}": False for claim in ("aud", "exp", "nbf", "iat")}


def by_its_own_word(text: str) -> Claims:
    """A verification that believes the token's header: algorithm `none`, or HMAC with the published key as its secret."""
    header = jwt.get_unverified_header(text)
    content, _, signature = text.rpartition(".")
    if header["alg"] == "HS256":
        expected = hmac.digest(public_pem(), content.encode(), hashlib.sha256)
        assert base64.urlsafe_b64decode(signature + "=") == expected
    return said(text)


def by_the_keys_it_brings(text: str) -> Claims:
    """A verification with the key that the header holds or leads to."""
    jwt.decode(text, jwt.PyJWK(jwk("mallory")).key, algorithms=["RS256"], options=SIGNATURE_ALONE)
    return said(text)


def said(text: str) -> Claims:
    """What a token claims, whoever wrote it."""
    content = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
    return Claims(content["appid"], content["oid"], frozenset(content["roles"]))


def as_expected(**changed: object) -> Verified:
    """The verification with one expectation changed."""
    return lambda text: verify(text, jwk(), expecting(**changed), NOW)


def at(now: float) -> Verified:
    """The verification at another time."""
    return lambda text: verify(text, jwk(), EXPECTED, now)


def unsigned() -> str:
    """Algorithm `none`: no signature at all."""
    return signing_input({"typ": "JWT", "alg": "none", "kid": KID}) + "."


def by_public_key() -> str:
    """HMAC with the published key, which everybody has."""
    text = signing_input({"typ": "JWT", "alg": "HS256", "kid": KID})
    return f"{text}.{encoded(hmac.digest(public_pem(), text.encode(), hashlib.sha256))}"


FABRIKAMS = f"https://sts.windows.net/{FABRIKAM}/"
HOUR_AGO = claims(iat=int(NOW) - 7200, nbf=int(NOW) - 7200, exp=int(NOW) - 3600)
LATER = claims(iat=int(NOW) + 3600, nbf=int(NOW) + 3600, exp=int(NOW) + 7200)

ATTACKS: Mapping[str, tuple[str, str, Verified]] = {
    "none": (unsigned(), "malformed algorithm", by_its_own_word),
    "hmac": (by_public_key(), "algorithm", by_its_own_word),
    "own key": (token(key="mallory"), "signature", by_the_keys_it_brings),
    "jku": (token(key="mallory", jku=ELSEWHERE), "signature", by_the_keys_it_brings),
    "x5u": (token(key="mallory", x5u=ELSEWHERE), "signature", by_the_keys_it_brings),
    "jwk": (token(key="mallory", jwk=jwk("mallory")), "signature", by_the_keys_it_brings),
    "tenant": (token(claims(iss=FABRIKAMS, tid=FABRIKAM)), "issuer", as_expected(tenant=FABRIKAM, issuers={FABRIKAMS})),
    "issuer": (token(claims(iss=ELSEWHERE)), "issuer", as_expected(issuers={ELSEWHERE})),
    "tid": (token(claims(tid=FABRIKAM)), "tenant", as_expected(tenant=FABRIKAM)),
    "audience": (
        token(claims(aud="https://graph.microsoft.com")),
        "audience",
        as_expected(audience="https://graph.microsoft.com"),
    ),
    "expired": (token(HOUR_AGO), "expired", at(NOW - 5400)),
    "not yet": (token(LATER), "not-yet", at(NOW + 5400)),
}


@pytest.mark.parametrize(("forged", "codes", "weaker"), ATTACKS.values(), ids=ATTACKS)
def test_an_attack_fails_and_would_succeed_without_its_defence(forged: str, codes: str, weaker: Verified) -> None:
    """Refused with a code that says why; the weaker verification takes it for what it claims."""
    with pytest.raises(TokenRefused) as refused:
        verify(forged, jwk(), EXPECTED, NOW)
    assert refused.value.code in codes.split()
    assert (weaker(forged).application, weaker(forged).object) == (APP, OBJECT)


@pytest.mark.parametrize("name", ["jku", "x5u", "x5c", "jwk"])
def test_a_header_that_names_a_key_does_not_spoil_a_genuine_token(name: str) -> None:
    """It is not looked at."""
    header: dict[str, Any] = {name: ELSEWHERE}
    assert verify(token(**header), jwk(), EXPECTED, NOW).application == APP


@pytest.mark.parametrize(
    "key",
    [jwk("short", 1024), jwk(use="enc"), jwk(kty="oct"), jwk(alg="RS512"), jwk(issuer=FABRIKAMS)],
    ids=["short", "for encryption", "not RSA", "another algorithm", "another tenant"],
)
def test_a_key_that_does_not_sign_for_this_tenant_verifies_nothing(key: dict[str, Any]) -> None:
    """Too short, for other uses, or another tenant's."""
    name, bits = ("short", 1024) if len(key.get("n", "")) < 200 else ("entra", 2048)
    with pytest.raises(TokenRefused) as refused:
        verify(token(key=name, bits=bits), key, EXPECTED, NOW)
    assert refused.value.code == "unusable-key"


def test_expected_is_the_tenants_own() -> None:
    """The rig's expectation is what the attacks are held against."""
    assert isinstance(EXPECTED, Expected)
    assert FABRIKAM not in str(EXPECTED)

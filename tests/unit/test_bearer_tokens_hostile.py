"""Whatever comes as a bearer token: claims or one of our refusals, and never anything of it in a text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.bearer_refusals import REASONS, TokenRefused
from shared.rules.bearer_tokens import key_id, verify
from tests.fakes.entra_tokens import EXPECTED, KID, NOW, claims, encoded, jwk, token


def outcome(text: str) -> str:
    """What comes of a token: who it is, or a code; anything else fails the test."""
    try:
        return f"{key_id(text)} {verify(text, jwk(), EXPECTED, NOW)}"
    except TokenRefused as refused:
        return refused.code


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")) | st.text("ey.A-_=", max_size=60))
def test_any_text_is_refused(text: str) -> None:
    """With one of our codes, whatever it is."""
    assert outcome(text) in REASONS


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(claims())) | st.text(max_size=5), anything), st.binary(max_size=30))
def test_any_claims_are_refused_or_read(changed: dict[str, Any], raw: bytes) -> None:
    """Also those that Entra would have signed: a surprise in a claim is a refusal, no crash."""
    for content in (claims(**changed), raw):
        found = outcome(token(content))
        assert found in REASONS or found.startswith(f"{KID} Claims(")


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jku", "jwk", "x5u", "cty", "zip"]), anything))
def test_any_header_is_refused_or_read(changed: dict[str, Any]) -> None:
    """The header is a stranger's as long as the signature is not verified."""
    found = outcome(token(**changed))
    assert found in REASONS or "Claims(" in found


@given(st.integers(0, len(token()) * 8 - 1))
def test_one_bit_flipped_is_refused(position: int) -> None:
    """Wherever it is."""
    raw = bytearray(token().encode())
    raw[position // 8] ^= 1 << (position % 8)
    assert outcome(raw.decode("latin-1")) in REASONS


def test_a_refusal_repeats_nothing_of_the_token() -> None:
    """Its text is made of the code, and every reason has a cause and a cure."""
    secret = "tell-nobody"
    for content in (claims(aud=secret), claims(oid=secret), claims(iss=secret), claims(tid=secret), secret.encode()):
        with pytest.raises(TokenRefused) as refused:
            verify(token(content), jwk(), EXPECTED, NOW)
        assert secret not in f"{refused.value} {refused.value.reason} {refused.value.__cause__}"
        assert encoded(secret.encode()) not in str(refused.value)
    assert all(reason.text and reason.fix for reason in REASONS.values())

"""Claims read without proof: what is there is told, and nothing that is not."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.token_claims import LONGEST, TokenClaims, claims_of


def a_token(said: object) -> str:
    """A compact JWS whose signature nobody looks at."""
    middle = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{middle}.c2ln"


def test_a_token_of_version_1_is_read() -> None:
    """Exchange's own kind."""
    said = {
        "aud": "https://outlook.office365.com",
        "appid": "a",
        "oid": "o",
        "tid": "t",
        "roles": ["R"],
        "iat": 1,
        "exp": 2.5,
    }
    assert claims_of(a_token(said)) == TokenClaims("https://outlook.office365.com", "a", "o", "t", ("R",), 1.0, 2.5)


def test_a_token_of_version_2_names_its_application_otherwise() -> None:
    """`azp` instead of `appid`."""
    found = claims_of(a_token({"azp": "a"}))
    assert found is not None
    assert found.application == "a"


@pytest.mark.parametrize(
    "said", [{"aud": ["x"], "roles": "R", "iat": True, "exp": "2", "appid": 7}, {"iat": -1, "exp": 1e300}, {}]
)
def test_claims_of_another_form_count_as_not_said(said: object) -> None:
    """A list for one audience, a text for the roles, numbers that are no time."""
    assert claims_of(a_token(said)) == TokenClaims()


@pytest.mark.parametrize("text", ["", "opaque", "a.b", "a.!!!.c", "a..c", a_token([1]), a_token("x"), "x" * (LONGEST + 1)])
def test_what_is_no_token_has_no_claims(text: str) -> None:
    """Opaque tokens exist; they are nothing to be afraid of."""
    assert claims_of(text) is None


@given(st.text(max_size=200))
def test_it_never_raises(text: str) -> None:
    """Whatever the endpoint calls a token."""
    claims_of(text)
    claims_of(f"a.{text}.c")

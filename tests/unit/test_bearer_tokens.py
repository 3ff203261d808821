"""Entra's tokens: which ones are taken, what they say, and that nothing else ever comes out than claims or a refusal."""

import math
from typing import Any

import pytest

from shared.rules.bearer_refusals import TokenRefused
from shared.rules.bearer_tokens import LEEWAY, LONGEST_TOKEN, Claims, bearer, expected, key_id, require_role, verify
from shared.rules.clouds import CHINA, DOD, GCC_HIGH, WORLDWIDE
from shared.rules.config import Cloud
from tests.fakes.entra_tokens import (
    APP,
    AUDIENCE,
    EXPECTED,
    KID,
    NOW,
    OBJECT,
    TENANT,
    claims,
    expecting,
    jwk,
    second_version,
    token,
)

SENDER = Claims(APP, OBJECT, frozenset({"Mail.Send"}))
# RFC 7515 appendix A.2.1: a key, and a token that it signed; nothing of it is ours.
RFC_KEY = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pC"
    "gNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtd"
    "VMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}
RFC_TOKEN = (
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ"
    "jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqt"
    "FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)


def code_of(text: str, *, now: float = NOW, key: dict[str, Any] | None = None) -> str:
    """The code of the refusal."""
    with pytest.raises(TokenRefused) as refused:
        verify(text, key or jwk(), EXPECTED, now)
    return refused.value.code


@pytest.mark.parametrize(
    "content",
    [
        claims(),
        second_version(),
        claims(iss=f"https://login.microsoftonline.com/{TENANT}/v2.0"),
        claims(appid=APP.upper(), oid=OBJECT.upper()),
        claims(idtyp="user", upn="ann@contoso.test", scp="user_impersonation"),
        claims(iat=NOW - 0.5, nbf=NOW - 0.5, exp=NOW + 0.5),
        claims(azp=APP),
    ],
    ids=["v1", "v2", "v2 issuer in v1", "capitals", "user", "fractions", "both names of the application"],
)
def test_a_sound_token_says_who_asks(content: dict[str, Any]) -> None:
    """Applications and users, either version; ids come in lower case, as mail.toml has them."""
    assert verify(token(content), jwk(), EXPECTED, NOW) == SENDER


def test_without_roles_there_are_none() -> None:
    """Entra leaves the claim out where nothing was assigned."""
    assert verify(token(claims(roles=None)), jwk(), EXPECTED, NOW).roles == frozenset()


def test_a_signature_of_the_rfc_is_verified() -> None:
    """The token of RFC 7515 appendix A.2 gets as far as its issuer, Joe; with one bit flipped, only to its signature."""
    assert code_of(RFC_TOKEN, key=RFC_KEY) == "issuer"
    assert code_of(RFC_TOKEN.replace(".cC4", ".cC5"), key=RFC_KEY) == "signature"


@pytest.mark.parametrize(
    ("cloud", "issuers"),
    [
        (WORLDWIDE, {f"https://sts.windows.net/{TENANT}/", f"https://login.microsoftonline.com/{TENANT}/v2.0"}),
        (GCC_HIGH, {f"https://sts.windows.net/{TENANT}/", f"https://login.microsoftonline.us/{TENANT}/v2.0"}),
        (DOD, {f"https://sts.windows.net/{TENANT}/", f"https://login.microsoftonline.us/{TENANT}/v2.0"}),
        (CHINA, {f"https://sts.chinacloudapi.cn/{TENANT}/", f"https://login.partner.microsoftonline.cn/{TENANT}/v2.0"}),
        (Cloud("custom", "", 0, "https://localhost:1", ""), {f"https://localhost:1/{TENANT}/v2.0"}),
        (Cloud("custom", "", 0, f"https://localhost:1/{TENANT}", ""), {f"https://localhost:1/{TENANT}/v2.0"}),
    ],
    ids=lambda value: value.name if isinstance(value, Cloud) else "",
)
def test_each_cloud_has_its_issuers(cloud: Cloud, issuers: set[str]) -> None:
    """Both versions of one tenant, whatever the case in which its id was set, and nobody else."""
    found = expected(cloud, TENANT.upper(), AUDIENCE).issuers
    assert issuers <= found
    assert all(f"/{TENANT}/" in issuer for issuer in found)


@pytest.mark.parametrize(
    ("configured", "taken"),
    [
        (AUDIENCE, {AUDIENCE}),
        (f"api://{APP}", {f"api://{APP}", APP}),
        (f"api://{APP.upper()}", {f"api://{APP.upper()}", APP}),
        (APP, {APP}),
        (f"api://{APP}/mail", {f"api://{APP}/mail"}),
        ("https://contoso.test/mail", {"https://contoso.test/mail"}),
    ],
)
def test_the_audience_is_the_configured_one(configured: str, taken: set[str]) -> None:
    """And the client id that it holds, which is all that version 2 tokens say."""
    assert expecting(audience=configured).audiences == taken


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (1000.0, None),
        (2000.0 + LEEWAY - 1, None),
        (2000.0 + LEEWAY, "expired"),
        (1000.0 - LEEWAY, None),
        (1000.0 - LEEWAY - 1, "not-yet"),
        (math.nan, "expired"),
        (math.inf, "expired"),
        (-math.inf, "not-yet"),
    ],
)
def test_a_token_lives_from_its_beginning_to_its_end(now: float, code: str | None) -> None:
    """With a leeway for clocks that differ; a time that is no time lets nobody in."""
    text = token(claims(iat=1000, nbf=1000, exp=2000))
    if code is None:
        assert verify(text, jwk(), EXPECTED, now) == SENDER
    else:
        assert code_of(text, now=now) == code


@pytest.mark.parametrize("name", ["iat", "nbf", "exp"])
@pytest.mark.parametrize("value", [None, "1800003600", True, [1], math.inf, -math.inf, math.nan])
def test_a_time_is_a_number(name: str, value: object) -> None:
    """Every one of them is there and finite: a token without an end would live for ever."""
    assert code_of(token(claims(**{name: value}))) == "claims"


def test_a_number_that_no_float_can_hold_is_a_time() -> None:
    """It only is far away."""
    assert verify(token(claims(exp=10**400)), jwk(), EXPECTED, NOW) == SENDER
    assert code_of(token(claims(nbf=10**400))) == "not-yet"


def test_a_role_is_required_by_its_exact_name() -> None:
    """Neither a part of it nor another case of it is the role."""
    for role in ("Mail.Sen", "mail.send", "Mail.Send.All", ""):
        with pytest.raises(TokenRefused, match="no-role"):
            require_role(SENDER, role)
    require_role(SENDER, "Mail.Send")


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_the_token_comes_in_the_authorization_header(name: str, scheme: str) -> None:
    """Names of headers and of schemes count without case (RFC 9110 sections 5.1 and 11.1)."""
    assert bearer({"x-other": "y", name: f"{scheme}a.b-c_d.e~f+g/h=="}) == "a.b-c_d.e~f+g/h=="


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing"),
        ({"Authorization": ""}, "missing"),
        ({"x-ms-client-principal": "eyJ9", "x-ms-token-aad-access-token": "a.b.c", "Cookie": "a"}, "missing"),
        ({"Authorization": "Basic YTpi"}, "malformed"),
        ({"Authorization": "Bearer"}, "malformed"),
        ({"Authorization": "Bearer "}, "malformed"),
        ({"Authorization": "a.b.c"}, "malformed"),
        ({"Authorization": "Bearer a.b.c,Bearer d.e.f"}, "malformed"),
        ({"Authorization": "Bearer a.b.c, Bearer d.e.f"}, "malformed"),
        ({"Authorization": "Bearer a.b.c", "authorization": "Bearer d.e.f"}, "malformed"),
        ({"Authorization": "Bearer a.b.c\nx: y"}, "malformed"),
        ({"Authorization": "Bearer a.b.c\n"}, "malformed"),
        ({"Authorization": "Bearer ä.b.c"}, "malformed"),
        ({"Authorization": "Bearer " + "a" * LONGEST_TOKEN}, "too-long"),
    ],
)
def test_anything_else_is_no_bearer_token(headers: dict[str, str], code: str) -> None:
    """Two headers, however joined, are not one; and no other header counts."""
    with pytest.raises(TokenRefused) as refused:
        bearer(headers)
    assert refused.value.code == code


@pytest.mark.parametrize("kid", [None, "", 7, ["a"], "a b", "a\n", "\u00e4", "k" * 257])
def test_a_key_id_is_a_short_plain_text(kid: object) -> None:
    """It comes from a stranger and is looked for in a dictionary."""
    with pytest.raises(TokenRefused) as refused:
        key_id(token(kid=kid))
    assert refused.value.code in {"unknown-key", "malformed"}
    assert key_id(token()) == KID

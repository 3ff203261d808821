"""Who may log in: both forms of XOAUTH2, and every claim of the token."""

import base64
import re
from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from devcloud.exchange import Exchange, ExchangeConfig
from devcloud.exchange.access import Access
from devcloud.exchange.tokens import BadSasl, BadToken, check, parse_xoauth2
from tests.unit.devcloud.exchange_client import MAIL, MAILBOX, contexts, simulator
from tests.unit.devcloud.exchange_tokens import NOW, signing_key, token, xoauth2

KEYS = {"key-1": signing_key("key-1").public_key()}


def verdict(
    bearer: str, config: ExchangeConfig | None = None, *, mailbox: str = MAILBOX, keys: Mapping[str, object] | None = None
) -> str:
    """What comes out: in, in but no rights, or the reason why not."""
    settings = config or ExchangeConfig()
    try:
        login = check(bearer, mailbox, config=settings, access=settings.access, keys=keys or KEYS, now=NOW)
    except BadToken as bad:
        return str(bad)
    return "in" if login.may_submit else "in, but no rights"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, "in"),
        ({"aud": "https://outlook.office.com"}, "in"),
        ({"aud": "https://outlook.office365.us"}, "in"),
        ({"aud": "https://graph.microsoft.com"}, "InvalidAudienceError"),
        ({"aud": "https://outlook.office365.com/"}, "InvalidAudienceError"),
        ({"without": ("aud",)}, "MissingRequiredClaimError"),
        ({"without": ("exp",)}, "MissingRequiredClaimError"),
        ({"exp": int(NOW)}, "expired"),
        ({"exp": int(NOW) + 1}, "in"),
        ({"exp": "tomorrow"}, "exp or nbf is no number"),
        ({"nbf": int(NOW) + 1}, "not valid yet"),
        ({"without": ("appid",)}, "no appid claim"),
        ({"without": ("roles",)}, "in"),
        ({"roles": "SMTP.SendAsApp"}, "in"),
        ({"scp": "SMTP.Send offline_access", "upn": MAILBOX.upper()}, "in"),
        ({"scp": "Mail.Send", "upn": MAILBOX}, "scope SMTP.Send missing"),
        ({"scp": "SMTP.Send", "upn": "eve@contoso.test"}, "token of another user"),
        ({"kid": "key-2"}, "signed with an unknown key"),
    ],
)
def test_claims(claims: dict[str, Any], expected: str) -> None:
    """Each claim decides as it does at Exchange, by default with any application and both models."""
    assert verdict(token(**claims)) == expected


@pytest.mark.parametrize(
    ("settings", "claims", "expected"),
    [
        ({"appids": {"another"}}, {}, "application unknown to Exchange"),
        ({"tenants": {"another"}}, {}, "another tenant"),
        ({"models": {"rbac"}}, {}, "role claim not accepted"),
        ({"models": {"claim"}}, {"without": ("roles",)}, "role SMTP.SendAsApp missing"),
        ({"models": {"claim"}}, {"roles": ["IMAP.AccessAsApp"]}, "role SMTP.SendAsApp missing"),
        ({"full_access": {"x@contoso.test"}}, {}, "in, but no rights"),
        ({"full_access": {MAILBOX.upper()}}, {}, "in"),
        ({"rbac_scope": {"x@contoso.test"}}, {}, "in"),
        ({"rbac_scope": {"x@contoso.test"}}, {"roles": []}, "mailbox outside the scope of the role assignment"),
        ({"rbac_scope": {"x@contoso.test"}, "out_of_scope": "data"}, {"roles": []}, "in, but no rights"),
        ({"audiences": ["api://other"]}, {}, "InvalidAudienceError"),
    ],
)
def test_settings(settings: dict[str, Any], claims: dict[str, Any], expected: str) -> None:
    """The simulated tenant can be made stricter."""
    assert verdict(token(**claims), ExchangeConfig(**settings)) == expected


def test_signature_is_verified() -> None:
    """A token signed with another key, or with none, or with the public key as a shared secret, does not pass."""
    forged = jwt.encode({"aud": "https://outlook.office365.com"}, signing_key("key-2"), "RS256", {"kid": "key-1"})
    unsigned = jwt.encode({"aud": "https://outlook.office365.com"}, "", "none", {"kid": "key-1"})
    shared = jwt.encode({"aud": "https://outlook.office365.com"}, "x" * 64, "HS256", {"kid": "key-1"})
    assert verdict(forged) == "InvalidSignatureError"
    assert verdict(unsigned) == "InvalidAlgorithmError"
    assert verdict(shared) == "InvalidAlgorithmError"
    assert verdict("not.a.token") == "DecodeError"
    nested = base64.urlsafe_b64encode(b"[" * 9_000).decode().rstrip("=")
    assert verdict(f"{nested}.{nested}.x") in {"RecursionError", "DecodeError"}


def test_keys_come_in_three_forms() -> None:
    """The issuer may publish key objects, JWKs as mappings, or PyJWK."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(KEYS["key-1"], as_dict=True)
    assert verdict(token(), keys={"key-1": public}) == "in"
    assert verdict(token(), keys={"key-1": jwt.PyJWK(public, "RS256")}) == "in"
    assert verdict(token(), keys={"key-1": "garbage"}) == "the published key is no RSA key"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user=\x01auth=Bearer t\x01\x01",
        "user=nobody\x01auth=Bearer t\x01\x01",
        "user=a@b.test\x01auth=Bearer \x01\x01",
        "user=a@b.test\x01auth=Bearer t\x01",
        "user=a@b.test auth=Bearer t\x01\x01",
        "user=a@b.test\x01auth=bearer t\x01\x01",
        "n,a=a@b.test,\x01auth=Bearer t\x01\x01",
        "user=a@b.test\x01auth=Bearer t\x01x\x01\x01",
    ],
)
def test_malformed_sasl_is_refused(text: str) -> None:
    """Anything but the documented layout is malformed."""
    with pytest.raises(BadSasl):
        parse_xoauth2(base64.b64encode(text.encode()))


def test_sasl_layout() -> None:
    """The literal example of Microsoft's page on OAuth for SMTP is read right."""
    example = (
        b"dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFv"
        b"N0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ=="
    )
    assert parse_xoauth2(example) == ("test@contoso.onmicrosoft.com", "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA")
    for data in (b"dXNlcg", b"!!!!", b"/w==", b"user=a"):
        with pytest.raises(BadSasl):
            parse_xoauth2(data)


async def test_two_step_login() -> None:
    """The prompt is 334 and nothing, the success 235 2.7.0."""
    async with simulator() as world:
        client = await world.client()
        await client.secure()
        await client.send(b"AUTH XOAUTH2\r\n")
        assert await client.line() == "334 "
        assert (await client.ask(xoauth2(MAILBOX, token()))).text == "2.7.0 Authentication successful"
        assert (await client.ask("AUTH XOAUTH2")).code == 503


async def test_refusal_is_direct_and_can_be_tried_again() -> None:
    """A bad token gets 535 5.7.3 with no JSON step, is counted, and the next login works."""
    async with simulator() as world:
        client = await world.client()
        await client.secure()
        refused = await client.login(token(exp=int(NOW) - 1))
        assert refused.code == 535
        suffix = r"\[\w+\.\w+\.PROD\.OUTLOOK\.COM 2026-11-18T11:06:40\.000Z [0-9A-F]{16}\]"
        assert re.fullmatch(rf"5\.7\.3 Authentication unsuccessful {suffix}", refused.text)
        assert (await client.ask("AUTH XOAUTH2 " + xoauth2(MAILBOX, "nonsense"))).code == 535
        assert (await client.ask("AUTH XOAUTH2 nonsense")).code == 535
        assert (await client.ask("AUTH XOAUTH2 =")).code == 535
        assert (await client.login()).code == 235
        assert world.stats()["auth_failures"] == 4


async def test_long_tokens_fit() -> None:
    """A base64 line of 12288 octets is read in both forms (RFC 4954 section 4)."""
    async with simulator() as world:
        client = await world.client()
        await client.secure()
        line = xoauth2(MAILBOX, "x" * 9_163)
        assert 12_200 < len(line) <= 12_288
        assert (await client.ask(f"AUTH XOAUTH2 {line}")).code == 535
        await client.ask("AUTH XOAUTH2")
        assert (await client.ask(line)).code == 535


async def test_cancelled_login() -> None:
    """An asterisk ends the exchange with 501 (RFC 4954 section 4)."""
    async with simulator() as world:
        client = await world.client()
        await client.secure()
        await client.ask("AUTH XOAUTH2")
        assert (await client.ask("*")).code == 501
        await client.ask("AUTH LOGIN")
        assert (await client.ask("*")).code == 501


async def test_password_login_is_prompted_and_refused() -> None:
    """AUTH LOGIN asks for name and password as seen, and then says that basic authentication is disabled."""
    async with simulator() as world:
        client = await world.client()
        await client.secure()
        await client.send(b"AUTH LOGIN\r\n")
        assert await client.line() == "334 VXNlcm5hbWU6"
        await client.send(base64.b64encode(MAILBOX.encode()) + b"\r\n")
        assert await client.line() == "334 UGFzc3dvcmQ6"
        refused = await client.ask("c2VjcmV0")
        assert refused.code == 535
        assert refused.text.startswith("5.7.139 Authentication unsuccessful, basic authentication is disabled.")
        assert (await client.ask(f"AUTH LOGIN {base64.b64encode(b'x').decode()}")).text == "UGFzc3dvcmQ6"
        assert (await client.ask("c2VjcmV0")).code == 535


@pytest.mark.parametrize("mechanism", ["PLAIN", "OAUTHBEARER", "CRAM-MD5", ""])
async def test_other_mechanisms(mechanism: str) -> None:
    """Only LOGIN and XOAUTH2 are known."""
    async with simulator() as world:
        client = await world.client()
        await client.secure()
        refused = await client.ask(f"AUTH {mechanism} AGEAYg==")
        assert refused.code == 504
        assert refused.text.startswith("5.7.4 Unrecognized authentication type")


async def test_mailbox_that_cannot_be_opened_is_told_after_data() -> None:
    """Without rights on the mailbox the login works, and the mail gets 430 4.2.0 after its content."""
    async with simulator(ExchangeConfig(full_access=["other@contoso.test"])) as world:
        client = await world.client()
        await client.secure()
        assert (await client.login()).code == 235
        refused = await client.mail()
        assert refused.code == 430
        assert "4.2.0 STOREDRV; mailbox logon failure;" in refused.text
        assert "MapiExceptionLogonFailed" in refused.text


async def test_secrets_stay_out_of_the_dialogue() -> None:
    """Neither token, password nor content appear in the transcript, whichever way they were sent."""
    async with simulator() as world:
        client = await world.client()
        await client.secure()
        bearer, secret = token(), base64.b64encode(b"my password is long enough").decode()
        await client.ask(secret)
        await client.ask("AUTH LOGIN " + secret)
        await client.ask(secret)
        await client.ask(f"AUTH XOAUTH2 {xoauth2(MAILBOX, token(exp=1))}")
        await client.ask("AUTH XOAUTH2")
        await client.ask(xoauth2(MAILBOX, bearer))
        await client.mail(content=MAIL)
        message = world.exchange.message(1)
        assert message is not None
        said = "\n".join(line["line"] for line in message.lines())
        for hidden in (bearer, bearer[:20], xoauth2(MAILBOX, bearer)[:20], secret, secret[:20], "Hello.", "Subject"):
            assert hidden not in said
        assert "AUTH XOAUTH2 [redacted]" in said


async def test_default_clock_is_the_machine_s() -> None:
    """Without a clock a token of today opens the mailbox."""
    exchange = Exchange(ExchangeConfig(), contexts()[0], lambda: KEYS)
    now = exchange.service.clock()
    assert check(token(now=now), MAILBOX, config=ExchangeConfig(), access=Access(), keys=KEYS, now=now).may_submit

"""Who may do what over HTTP: callers by their tokens, operators by their role."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.access import Access, Bearer, NotAuthenticated, NotAuthorised
from shared.rules.bearer_tokens import Claims, Expected, Verify, verify
from shared.rules.clouds import WORLDWIDE
from shared.rules.config import CallerSetting, HttpAuth, Identity, MailConfig
from shared.rules.key_sets import KEYS_DOWN, KeysUnavailable
from tests.fakes.entra_tokens import APP, AUDIENCE, KID, NOW, OBJECT, TENANT, claims, jwk, token

SHOP = CallerSetting("shop", ("alerts",), application=APP)
PERSON = CallerSetting("person", ("reports",), object=OBJECT)
PRINCIPAL = {"x-ms-client-principal": "eyJhdXRoX3R5cCI6ImFhZCJ9", "x-ms-client-principal-id": OBJECT}
MEMO = {"authorization": f"Bearer {token()}"}


class FakeKeys:
    """One published key; or nobody can say."""

    def __init__(self, *, down: bool = False) -> None:
        self.down = down

    async def key(self, kid: str) -> Mapping[str, Any] | None:
        """As the port says."""
        if self.down:
            raise KeysUnavailable(KEYS_DOWN, 30.0)
        return jwk() if kid == KID else None


def access(*callers: CallerSetting, auth: HttpAuth = HttpAuth.ENTRA, down: bool = False, rule: Verify = verify) -> Access:
    """The story, with these tables of mail.toml."""
    config = MailConfig(WORLDWIDE, Identity(), auth, http_audience=AUDIENCE, callers={one.name: one for one in callers})
    return Access(config, Bearer(FakeKeys(down=down), WORLDWIDE, TENANT, lambda: NOW, rule))


def bearing(**changed: object) -> dict[str, str]:
    """The header of a token with claims changed."""
    return {"Authorization": f"Bearer {token(claims(**changed))}", **PRINCIPAL}


async def test_a_caller_is_known_by_its_application_or_its_object() -> None:
    """The object counts first: many users may come by one application."""
    assert (await access(SHOP).caller(bearing())).name == "caller:shop"
    assert (await access(PERSON).caller(bearing())).senders == {"reports"}
    assert (await access(SHOP, PERSON).caller(bearing())).name == "caller:person"


async def test_a_genuine_token_of_nobody_in_the_file_is_not_enough() -> None:
    """403: it is known who asks, and that one has no table."""
    stranger = replace(SHOP, application="0b7e1f22-6a9d-4f57-8f3e-9a4f5d6c7b81")
    with pytest.raises(NotAuthorised) as refused:
        await access(stranger).caller(bearing())
    assert refused.value.code == "unknown-caller"


async def test_sending_and_operating_are_two_roles() -> None:
    """Neither includes the other."""
    await access(SHOP).caller(bearing(roles=["Mail.Send"]))
    await access(SHOP).operator(bearing(roles=["Mail.Operator"]))
    for refused in (
        access(SHOP).operator(bearing(roles=["Mail.Send"])),
        access(SHOP).caller(bearing(roles=["Mail.Operator"])),
        access(SHOP).caller(bearing(roles=None)),
    ):
        with pytest.raises(NotAuthorised) as wrong:
            await refused
        assert wrong.value.code == "no-role"


@pytest.mark.parametrize(
    ("headers", "code", "challenge"),
    [
        ({}, "missing", "Bearer"),
        (PRINCIPAL, "missing", "Bearer"),
        ({"authorization": "Basic eA=="}, "malformed", 'Bearer error="invalid_token"'),
        ({"authorization": f"Bearer {token(kid='other')}"}, "unknown-key", 'Bearer error="invalid_token"'),
        ({"authorization": f"Bearer {token(claims(aud='x'))}"}, "audience", 'Bearer error="invalid_token"'),
    ],
)
async def test_who_proves_nothing_is_told_so(headers: dict[str, str], code: str, challenge: str) -> None:
    """Headers of the platform prove nothing: anybody can write them."""
    for asked in (access(SHOP).caller(headers), access(SHOP).operator(headers)):
        with pytest.raises(NotAuthenticated) as refused:
            await asked
        assert (refused.value.code, refused.value.challenge) == (code, challenge)


async def test_without_entras_keys_nobody_is_judged() -> None:
    """The caller comes back."""
    with pytest.raises(KeysUnavailable):
        await access(SHOP, down=True).caller(MEMO)


async def test_with_function_keys_the_host_has_asked() -> None:
    """One caller, and no token is read."""
    keyed = access(SHOP, auth=HttpAuth.FUNCTION_KEY, down=True)
    assert (await keyed.caller(MEMO)).name == "function-key"
    await keyed.operator({})


async def test_without_an_audience_no_token_was_made_for_us() -> None:
    """Not even one that names none."""
    nobody = access(SHOP)
    with pytest.raises(NotAuthenticated, match="audience"):
        await replace(nobody, config=replace(nobody.config, http_audience=None)).caller(MEMO)


async def test_the_rule_is_what_holds() -> None:
    """With a verification that takes everybody, a token for another resource is a caller's."""

    def anybody(_token: str, _key: Mapping[str, Any], _expected: Expected, _now: float) -> Claims:
        return Claims(APP, OBJECT, frozenset({"Mail.Send"}))

    foreign = bearing(aud="https://graph.microsoft.com")
    with pytest.raises(NotAuthenticated):
        await access(SHOP).caller(foreign)
    assert (await access(SHOP, rule=anybody).caller(foreign)).name == "caller:shop"

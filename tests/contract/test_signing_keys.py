"""Entra's signing keys, fetched over TLS from the local Entra: rotation, outages, and strangers' key ids."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest

from devcloud.directory import SYSTEM_ASSIGNED, TENANT_ID
from devcloud.tokens import SigningKeys as TenantKeys
from shared.edges.signing_keys import FAILURE_PAUSE, FRESH, KEPT, UNKNOWN_PAUSE, SigningKeys
from shared.rules.bearer_tokens import Expected, verify
from shared.rules.key_sets import KeysUnavailable
from shared.telemetry import silent
from tests.fakes.token_rig import Endpoints, endpoints

AUDIENCE = "api://keyless-mail"


@pytest.fixture(scope="module")
def tenant() -> TenantKeys:
    """Making RSA keys takes its time."""
    return TenantKeys()


@pytest.fixture
async def rig(tenant: TenantKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoints]:
    """The local Entra."""
    async with endpoints(tenant, tmp_path, monkeypatch) as built:
        yield built


class Clock:
    """Time that only the test moves."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Epoch seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The edge's clock."""
    return Clock()


def edge(rig: Endpoints, clock: Clock, *, ca_file: str | None = "ours") -> SigningKeys:
    """The adapter."""
    address = f"{rig.authority}/{TENANT_ID}/discovery/v2.0/keys"
    trusted = rig.ca_file if ca_file == "ours" else ca_file
    return SigningKeys(address, telemetry=silent(), clock=clock, ca_file=trusted, timeout=5.0)


def asked(rig: Endpoints) -> int:
    """How often Entra was asked for its keys."""
    endpoints_seen = rig.directory.stats()["endpoints"]
    assert isinstance(endpoints_seen, dict)
    return int(endpoints_seen["keys"]["requests"])


def kid_of(text: str) -> str:
    """The key id in a token."""
    return str(jwt.get_unverified_header(text)["kid"])


def a_token(rig: Endpoints) -> str:
    """A token for the app."""
    return rig.directory.issue(SYSTEM_ASSIGNED, AUDIENCE, endpoint="identity")[0]


async def test_a_token_verifies_with_the_published_key(rig: Endpoints, clock: Clock) -> None:
    """Fetched once, however many ask."""
    keys, text = edge(rig, clock), a_token(rig)
    found = await asyncio.gather(*(keys.key(kid_of(text)) for _ in range(20)))
    assert asked(rig) == 1
    key = found[0]
    assert key is not None
    expected = Expected(TENANT_ID, AUDIENCE, frozenset({f"https://sts.windows.net/{TENANT_ID}/"}))
    assert verify(text, key, expected, clock.now).application == SYSTEM_ASSIGNED.client_id


async def test_a_new_key_is_found_when_a_token_names_it(rig: Endpoints, clock: Clock) -> None:
    """After the pause in which strangers could have asked."""
    keys = edge(rig, clock)
    assert await keys.key(kid_of(a_token(rig))) is not None
    rig.directory.keys.rotate()
    clock.now += UNKNOWN_PAUSE
    assert await keys.key(kid_of(a_token(rig))) is not None
    assert asked(rig) == 2


async def test_strangers_key_ids_do_not_hammer_entra(rig: Endpoints, clock: Clock) -> None:
    """Fifty made-up ids, at once and one after the other: one question."""
    keys = edge(rig, clock)
    await keys.key(kid_of(a_token(rig)))
    assert await asyncio.gather(*(keys.key(f"made-up-{n}") for n in range(50))) == [None] * 50
    assert [await keys.key(f"again-{n}") for n in range(50)] == [None] * 50
    assert asked(rig) == 1
    clock.now += UNKNOWN_PAUSE
    assert await keys.key("later") is None
    assert asked(rig) == 2


async def test_known_keys_outlive_an_outage(rig: Endpoints, clock: Clock) -> None:
    """For a time; then nobody can say."""
    keys, kid = edge(rig, clock), kid_of(a_token(rig))
    assert await keys.key(kid) is not None
    rig.fail("drop", endpoint="keys")
    clock.now += FRESH
    assert await keys.key(kid) is not None
    clock.now += KEPT
    with pytest.raises(KeysUnavailable):
        await keys.key(kid)


@pytest.mark.parametrize(
    ("scenario", "code", "questions"), [("drop", "signing-keys-down", 2), ("garbage", "signing-keys-unreadable", 1)]
)
async def test_what_goes_wrong_is_named_and_passes(
    rig: Endpoints, clock: Clock, scenario: str, code: str, questions: int
) -> None:
    """And a failure is not repeated at once; where a connection breaks, the HTTP library itself asks once more."""
    keys, kid = edge(rig, clock), kid_of(a_token(rig))
    rig.fail(scenario, endpoint="keys")
    for _ in range(5):
        with pytest.raises(KeysUnavailable) as unavailable:
            await keys.key(kid)
        assert unavailable.value.reason.code == code
    assert asked(rig) == questions
    rig.fail("slow", endpoint="nothing")
    clock.now += FAILURE_PAUSE
    assert await keys.key(kid) is not None


async def test_an_authority_that_is_not_trusted_gives_no_keys(rig: Endpoints, clock: Clock) -> None:
    """Somebody between us and Entra could have made them."""
    with pytest.raises(KeysUnavailable) as unavailable:
        await edge(rig, clock, ca_file=None).key("any")
    assert unavailable.value.reason.code == "signing-keys-not-trusted"

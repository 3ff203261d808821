"""Five hundred mails at the end of a token: what the emulated endpoints count of them, by both ways."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devcloud.directory import IdentityFaults
from devcloud.tokens import SigningKeys
from shared.edges.token_source import FetchToken, TokenSource
from shared.rules.token import EXPIRY_MARGIN
from shared.telemetry import silent
from tests.fakes.token_rig import Endpoints, endpoints

CROWD = 500
"""Mails that ask at the same moment."""

LIFE = 1000.0
"""Seconds that the first token lives; the next ones live as long as Azure's."""


@dataclass
class Late:
    """The machine's clock and `seconds` more."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """Epoch seconds."""
        return time.time() + self.seconds


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    """Making RSA keys takes its time."""
    return SigningKeys()


@pytest.fixture
async def rig(keys: SigningKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoints]:
    """Both endpoints."""
    async with endpoints(keys, tmp_path, monkeypatch) as built:
        yield built


@pytest.fixture(params=["managed-identity", "federated"])
def way(request: pytest.FixtureRequest, rig: Endpoints) -> FetchToken:
    """Each test runs on both."""
    return rig.managed() if request.param == "managed-identity" else rig.federated()


def asked(rig: Endpoints) -> dict[str, int]:
    """Endpoint → requests that have reached it so far."""
    counted: Any = rig.directory.stats()["endpoints"]
    return {name: counted[name]["requests"] for name in ("identity", "entra")}


def one_round(way: FetchToken) -> Mapping[str, int]:
    """What one fetch costs: the identity's token, and with an app registration the one that it is exchanged for."""
    return {"identity": 1, "entra": 1 if way.way == "federated" else 0}


async def test_five_hundred_at_the_end_of_a_token_are_one_request(rig: Endpoints, way: FetchToken) -> None:
    """All of them get the new token, and each endpoint involved was asked once."""
    rig.directory.set_faults(IdentityFaults(lifetime_seconds=LIFE))
    clock = Late()
    source = TokenSource(way, telemetry=silent(), clock=clock)
    old = await source.get()
    rig.directory.set_faults(IdentityFaults())
    clock.seconds = LIFE - EXPIRY_MARGIN
    before = asked(rig)
    tokens = await asyncio.gather(*(source.get() for _ in range(CROWD)))
    after = asked(rig)
    assert {name: after[name] - before[name] for name in after} == one_round(way)
    assert len({token.value for token in tokens}) == 1
    assert tokens[0].value != old.value


async def test_five_hundred_that_were_refused_with_it_are_one_request(rig: Endpoints, way: FetchToken) -> None:
    """The same after Exchange has refused one token to all of them: each drops it, one fetch replaces it."""
    source = TokenSource(way, telemetry=silent(), clock=time.time)
    old = await source.get()
    before = asked(rig)

    async def refused() -> str:
        await source.drop(old)
        return (await source.get()).value

    texts = await asyncio.gather(*(refused() for _ in range(CROWD)))
    after = asked(rig)
    assert {name: after[name] - before[name] for name in after} == one_round(way)
    assert len(set(texts)) == 1
    assert old.value not in texts

"""What every way to a token promises to the token source: one suite on the fake and on the real ways, at the emulators."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devcloud.tokens import SigningKeys
from shared.edges.token_source import FetchToken, TokenSource
from shared.rules.token_errors import TokenUnavailable
from shared.telemetry import silent
from tests.fakes.token_rig import Endpoints, endpoints
from tests.fakes.tokens import DOWN, Clock, FakeFetch


class Way:
    """One way, and how to make it fail once."""

    def __init__(self, fetch: FetchToken, rig: Endpoints | None) -> None:
        self.fetch = fetch
        self._rig = rig

    def fail_once(self) -> None:
        """The next fetch finds its endpoint broken."""
        if self._rig is not None:
            self._rig.fail("status", status=500, count=1)
        elif isinstance(self.fetch, FakeFetch):
            self.fetch.failures = [DOWN]


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    """Making RSA keys takes its time."""
    return SigningKeys()


@pytest.fixture(params=["fake", "managed-identity", "federated"])
async def way(
    request: pytest.FixtureRequest, keys: SigningKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Way]:
    """Each test runs on all three."""
    if request.param == "fake":
        yield Way(FakeFetch(Clock(time.time())), None)
        return
    async with endpoints(keys, tmp_path, monkeypatch) as rig:
        yield Way(rig.managed() if request.param == "managed-identity" else rig.federated(), rig)


async def test_a_token_comes_with_its_expiry(way: Way) -> None:
    """Epoch seconds, at least a while from now and at most a day or so."""
    text, expires_at = await way.fetch()
    assert text
    assert 600 < expires_at - time.time() < 90_000


async def test_every_fetch_brings_a_new_token(way: Way) -> None:
    """No cache hides in the way: what Exchange refused would come back."""
    assert (await way.fetch())[0] != (await way.fetch())[0]


async def test_a_broken_endpoint_is_a_reason_and_passes(way: Way) -> None:
    """One failure, told as a reason with a pause; the next fetch works."""
    way.fail_once()
    with pytest.raises(TokenUnavailable) as unavailable:
        await way.fetch()
    assert unavailable.value.reason.code == "identity-down"
    assert unavailable.value.retry_after > 0
    assert (await way.fetch())[0]


async def test_a_dropped_token_is_really_replaced(way: Way) -> None:
    """Through the source, as the story does after a refused login."""
    source = TokenSource(way.fetch, telemetry=silent(), clock=time.time)
    first = await source.get()
    assert await source.get() is first
    await source.drop(first)
    assert (await source.get()).value != first.value


async def test_a_way_has_the_name_that_mail_toml_uses(way: Way) -> None:
    """It is what the spans call it."""
    assert way.fetch.way in {"managed-identity", "federated"}

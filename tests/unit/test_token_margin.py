"""Endpoints that want more of a token's life than others: one cache, one fetch, and nobody keeps the other from mail."""

import asyncio

import pytest

from shared.edges.token_source import REFRESH_PAUSE, TokenSource
from shared.rules.token import EARLY_REFRESH, EXPIRY_MARGIN, Token
from shared.rules.token_errors import TokenUnavailable
from shared.telemetry import silent
from tests.fakes.tokens import DOWN, Clock, FakeFetch

WANTED = 660.0
"""Seconds of life that High Volume Email gets: more than the early refresh of an hour's token leaves."""

DUE = WANTED + EARLY_REFRESH - EXPIRY_MARGIN
"""Seconds left at which the next token is due for it."""

BETWEEN = (EARLY_REFRESH + WANTED) / 2
"""Seconds left at which a token is too old for the one endpoint, and for the other not even due."""


@pytest.fixture
def clock() -> Clock:
    """A time that stands still."""
    return Clock()


@pytest.fixture
def fetch(clock: Clock) -> FakeFetch:
    """A way that gives tokens of an hour."""
    return FakeFetch(clock)


@pytest.fixture
def source(clock: Clock, fetch: FakeFetch) -> TokenSource:
    """The source under test."""
    return TokenSource(fetch, telemetry=silent(), clock=clock)


async def aged(source: TokenSource, clock: Clock, left: float) -> Token:
    """A token in the cache that has so many seconds left."""
    token = await source.get()
    clock.now = token.expires_at - left
    return token


@pytest.mark.parametrize(("left", "expected"), [(DUE + 1, "t1"), (DUE, "t2"), (WANTED, "t2"), (BETWEEN, "t2")])
async def test_a_token_with_too_little_left_is_replaced(
    source: TokenSource, clock: Clock, left: float, expected: str
) -> None:
    """For whoever wants more, some minutes before it has to be; and from then on for everybody."""
    await aged(source, clock, left)
    assert (await source.get(WANTED)).value == expected
    assert (await source.get()).value == expected


async def test_who_wants_less_does_not_fetch_for_it(source: TokenSource, clock: Clock, fetch: FakeFetch) -> None:
    """The same token at the same moment serves the usual endpoint from the cache."""
    old = await aged(source, clock, BETWEEN)
    assert await source.get() is old
    assert fetch.asked == 1


async def test_both_kinds_share_one_fetch(source: TokenSource, clock: Clock, fetch: FakeFetch) -> None:
    """At the end of a token, whoever asks first."""
    await aged(source, clock, EARLY_REFRESH)
    fetch.gate = asyncio.Event()
    asking = [asyncio.create_task(source.get(margin)) for margin in (WANTED, EXPIRY_MARGIN) * 50]
    for _ in range(3):  # a task's first step, the fetch's first step, and one to spare
        await asyncio.sleep(0)
    fetch.gate.set()
    assert {token.value for token in await asyncio.gather(*asking)} == {"t2"}
    assert fetch.asked == 2


async def test_a_failed_early_renewal_costs_nobody_the_old_token(
    source: TokenSource, clock: Clock, fetch: FakeFetch
) -> None:
    """While it has more left than is wanted, it goes on being used."""
    old = await aged(source, clock, WANTED + 1)
    fetch.failures = [DOWN]
    assert await source.get(WANTED) is old
    assert fetch.asked == 2


async def test_in_an_outage_only_those_wait_whose_margin_is_not_met(
    source: TokenSource, clock: Clock, fetch: FakeFetch
) -> None:
    """The old token goes on serving the usual endpoint, the endpoint of tokens is left alone, and then both go on."""
    old = await aged(source, clock, BETWEEN)
    fetch.failures = [DOWN]
    for _ in range(10):
        with pytest.raises(TokenUnavailable) as unavailable:
            await source.get(WANTED)
        assert await source.get() is old
    assert unavailable.value.reason.code == "identity-down"
    assert fetch.asked == 2
    clock.now += REFRESH_PAUSE
    assert (await source.get(WANTED)).value == (await source.get()).value == "t2"


async def test_a_new_token_is_given_whatever_it_has_left(clock: Clock) -> None:
    """There is no better one; the server says what is wrong with it, and the doctor names it."""
    source = TokenSource(FakeFetch(clock, life=WANTED - 1), telemetry=silent(), clock=clock)
    assert (await source.get(WANTED)).value == "t1"

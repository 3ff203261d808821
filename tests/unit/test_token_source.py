"""One token for everybody, renewed early, dropped when refused, and no storm when there is none."""

import asyncio

import pytest

from shared.edges.token_source import FAILURE_PAUSE, REFRESH_PAUSE, TokenSource
from shared.rules.token import EXPIRY_MARGIN, Token
from shared.rules.token_errors import THROTTLED, TokenUnavailable
from shared.telemetry import Attr, Metric, silent
from tests.fakes.recorder import Recorder
from tests.fakes.tokens import DOWN, Clock, FakeFetch

HOUR = 3600.0


@pytest.fixture
def clock() -> Clock:
    """A time that stands still."""
    return Clock()


@pytest.fixture
def fetch(clock: Clock) -> FakeFetch:
    """A way that works."""
    return FakeFetch(clock)


@pytest.fixture
def source(clock: Clock, fetch: FakeFetch) -> TokenSource:
    """The source under test."""
    return TokenSource(fetch, telemetry=silent(), clock=clock)


async def test_a_second_mail_gets_the_same_token(source: TokenSource, fetch: FakeFetch) -> None:
    """One fetch an hour, not one a mail."""
    assert await source.get() is await source.get()
    assert fetch.asked == 1


async def test_everybody_who_waits_shares_one_fetch(source: TokenSource, fetch: FakeFetch) -> None:
    """A burst of mails at a cold start asks once."""
    fetch.gate = asyncio.Event()
    waiting = [asyncio.create_task(source.get()) for _ in range(20)]
    await asyncio.sleep(0)
    fetch.gate.set()
    assert {token.value for token in await asyncio.gather(*waiting)} == {"t1"}
    assert fetch.asked == 1


async def test_a_cancelled_mail_does_not_take_the_fetch_with_it(source: TokenSource, fetch: FakeFetch) -> None:
    """The others still get their token."""
    fetch.gate = asyncio.Event()
    first, second = (asyncio.create_task(source.get()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    fetch.gate.set()
    assert (await second).value == "t1"
    assert first.cancelled()
    assert fetch.asked == 1


async def test_a_failure_that_nobody_waits_for_any_more_is_silent(source: TokenSource, fetch: FakeFetch) -> None:
    """All who asked were cancelled; the event loop has nothing to complain about."""
    fetch.gate, fetch.failures = asyncio.Event(), [DOWN]
    only = asyncio.create_task(source.get())
    await asyncio.sleep(0)
    only.cancel()
    fetch.gate.set()
    await asyncio.gather(only, return_exceptions=True)
    with pytest.raises(TokenUnavailable):
        await source.get()
    assert fetch.asked == 1


@pytest.mark.parametrize(("age", "expected"), [(0.0, "t1"), (2999.0, "t1"), (3000.0, "t2"), (3599.0, "t2"), (3601.0, "t2")])
async def test_a_token_is_renewed_before_it_ends(source: TokenSource, clock: Clock, age: float, expected: str) -> None:
    """Ten minutes before the end of an hour's token, as `Token.due` says."""
    await source.get()
    clock.now += age
    assert (await source.get()).value == expected


async def test_a_failed_early_renewal_costs_nobody_the_old_token(
    source: TokenSource, clock: Clock, fetch: FakeFetch
) -> None:
    """It is used on, the endpoint is left alone for half a minute, then asked again."""
    old = await source.get()
    clock.now += HOUR - 600
    fetch.failures = [DOWN]
    assert await source.get() is old
    clock.now += REFRESH_PAUSE - 1
    assert await source.get() is old
    assert fetch.asked == 2
    clock.now += 1
    assert (await source.get()).value == "t2"


async def test_without_a_usable_token_the_failure_is_told(source: TokenSource, clock: Clock, fetch: FakeFetch) -> None:
    """With five minutes left a token counts as gone."""
    await source.get()
    clock.now += HOUR - EXPIRY_MARGIN
    fetch.failures = [DOWN]
    with pytest.raises(TokenUnavailable) as unavailable:
        await source.get()
    assert unavailable.value.reason.code == "identity-down"
    assert unavailable.value.retry_after == 30.0


async def test_a_failure_is_remembered_for_a_moment(source: TokenSource, clock: Clock, fetch: FakeFetch) -> None:
    """A hundred mails in a row ask once; five seconds later it may be different."""
    fetch.failures = [DOWN]
    for _ in range(100):
        with pytest.raises(TokenUnavailable):
            await source.get()
    assert fetch.asked == 1
    clock.now += FAILURE_PAUSE
    assert (await source.get()).value == "t1"


async def test_a_throttled_endpoint_gets_the_pause_that_it_asks_for(
    source: TokenSource, clock: Clock, fetch: FakeFetch
) -> None:
    """Retry-After in full, also while no token is there."""
    fetch.failures = [TokenUnavailable(THROTTLED, 120.0)]
    for pause in (0.0, 60.0, 59.0):
        clock.now += pause
        with pytest.raises(TokenUnavailable):
            await source.get()
    assert fetch.asked == 1
    clock.now += 1
    assert (await source.get()).value == "t1"


async def test_a_dropped_token_is_not_given_again(source: TokenSource, fetch: FakeFetch) -> None:
    """Exchange refused it."""
    await source.drop(await source.get())
    assert (await source.get()).value == "t2"
    assert fetch.asked == 2


async def test_late_news_of_an_old_token_does_not_touch_the_new_one(source: TokenSource, fetch: FakeFetch) -> None:
    """Ten mails were refused with the same token; nine of them come too late."""
    old = await source.get()
    for _ in range(10):
        await source.drop(old)
        await source.get()
    assert fetch.asked == 2


async def test_a_drop_ends_the_pause_after_a_failed_renewal(source: TokenSource, clock: Clock, fetch: FakeFetch) -> None:
    """The pause was there because the old token worked; it no longer does."""
    old = await source.get()
    clock.now += HOUR - 600
    fetch.failures = [DOWN]
    await source.get()
    await source.drop(old)
    assert (await source.get()).value == "t2"


@pytest.mark.parametrize("life", [0.0, -10.0])
async def test_a_token_that_has_expired_already_is_none(clock: Clock, life: float) -> None:
    """A clock is wrong somewhere; a login would only be refused."""
    source = TokenSource(FakeFetch(clock, life=life), telemetry=silent(), clock=clock)
    with pytest.raises(TokenUnavailable) as unavailable:
        await source.get()
    assert unavailable.value.reason.code == "identity-token-expired"


async def test_a_short_token_is_used_all_the_same(clock: Clock) -> None:
    """With less than the margin to live it is fetched for one mail and not kept."""
    fetch = FakeFetch(clock, life=60.0)
    source = TokenSource(fetch, telemetry=silent(), clock=clock)
    assert (await source.get()).value == "t1"
    assert (await source.get()).value == "t2"


async def test_the_token_cannot_be_seen(source: TokenSource) -> None:
    """Neither by printing it nor by printing what holds it."""
    token = await source.get()
    assert isinstance(token, Token)
    assert "t1" not in repr(token)
    assert "t1" not in repr(vars(source))


async def test_the_spans_tell_a_hit_from_a_fetch(clock: Clock, fetch: FakeFetch) -> None:
    """Each mail has its `token fetch`, with what is left of the token; only a real fetch has a duration."""
    recorder = Recorder()
    source = TokenSource(fetch, telemetry=recorder.telemetry, clock=clock)
    await source.get()
    clock.now += 100
    await source.get()
    miss, hit = (dict(span.attributes or {}) for span in recorder.spans("token fetch"))
    assert (miss[Attr.CACHE_HIT.value], hit[Attr.CACHE_HIT.value]) == (False, True)
    assert (miss[Attr.SECONDS_LEFT.value], hit[Attr.SECONDS_LEFT.value]) == (3600.0, 3500.0)
    assert hit[Attr.IDENTITY_WAY.value] == "managed-identity"
    assert recorder.durations == [(Metric.TOKEN_DURATION, {Attr.IDENTITY_WAY: "managed-identity", Attr.OUTCOME: "ok"})]


async def test_a_failed_fetch_is_a_failed_span(clock: Clock, fetch: FakeFetch) -> None:
    """By its class and its reason, in span and metric."""
    recorder = Recorder()
    source = TokenSource(fetch, telemetry=recorder.telemetry, clock=clock)
    fetch.failures = [DOWN]
    with pytest.raises(TokenUnavailable):
        await source.get()
    facts = recorder.attributes("token fetch")
    assert (facts[Attr.ERROR_TYPE.value], facts[Attr.REASON.value]) == ("TokenUnavailable", "identity-down")
    assert facts[Attr.CACHE_HIT.value] is False
    assert recorder.durations[0][1][Attr.OUTCOME] == "identity-down"


async def test_who_looks_gets_a_fresh_token_and_changes_nothing(source: TokenSource, fetch: FakeFetch) -> None:
    """What mail uses stays as it is, also where the look fails."""
    kept = await source.get()
    assert (await source.fresh()).value == "t2"
    fetch.failures = [DOWN]
    with pytest.raises(TokenUnavailable):
        await source.fresh()
    assert await source.get() is kept

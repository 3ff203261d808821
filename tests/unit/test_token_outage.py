"""Tokens when it matters: five hundred mails at the end of one, and an hour in which nobody gives a new one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from shared.edges.token_source import REFRESH_PAUSE, TokenSource
from shared.rules.mail_row import MailRow
from shared.rules.states import State
from shared.rules.token import EARLY_REFRESH, EXPIRY_MARGIN, Token
from shared.rules.token_errors import TokenUnavailable
from shared.stops import StopKeeper
from shared.telemetry import Attr, silent
from shared.transmission import Transmission
from tests.crowd import states
from tests.fakes.recorder import Recorder
from tests.fakes.tokens import DOWN, Clock, FakeFetch
from tests.stage import Stage

CROWD = 500
"""Mails that ask at the same moment: fifteen times the 32 that a host takes at once."""

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

LEFT = 30 * MINUTE
"""Seconds that the token has left to live when the endpoint goes down."""

LAST_LOGIN = LEFT - EXPIRY_MARGIN
"""Seconds into the outage until which the old token still opens a session."""

BACK_OFF = 5 * MINUTE
"""Seconds after the outage until the last mail is gone: the longest pause between two tries where nobody can send."""


async def crowd(source: TokenSource, fetch: FakeFetch) -> Sequence[Token | BaseException]:
    """What so many get who ask while one fetch is under way: each of them is waiting, or served, before it ends."""
    fetch.gate = asyncio.Event()
    asking = [asyncio.create_task(source.get()) for _ in range(CROWD)]
    for _ in range(3):  # a task's first step, the fetch's first step, and one to spare
        await asyncio.sleep(0)
    fetch.gate.set()
    return await asyncio.gather(*asking, return_exceptions=True)


@pytest.mark.parametrize("left", [EARLY_REFRESH, EXPIRY_MARGIN + 1, EXPIRY_MARGIN, 0.0, -HOUR])
async def test_five_hundred_at_the_end_of_a_token_fetch_once(left: float) -> None:
    """From the moment at which it is due, through its end, to long after it: one fetch, and everybody has the new one."""
    clock = Clock()
    fetch = FakeFetch(clock)
    source = TokenSource(fetch, telemetry=silent(), clock=clock)
    old = await source.get()
    clock.now = old.expires_at - left
    assert {token.value for token in await crowd(source, fetch) if isinstance(token, Token)} == {"t2"}
    assert fetch.asked == 2


async def test_before_that_moment_five_hundred_fetch_nothing() -> None:
    """A second earlier the token at hand is good for all."""
    clock = Clock()
    fetch = FakeFetch(clock)
    source = TokenSource(fetch, telemetry=silent(), clock=clock)
    old = await source.get()
    clock.now = old.refresh_at - 1
    assert set(await crowd(source, fetch)) == {old}
    assert fetch.asked == 1


async def test_five_hundred_share_one_failure_too() -> None:
    """Nobody asks again because another one was told no; each of them is told why."""
    clock = Clock()
    fetch = FakeFetch(clock)
    source = TokenSource(fetch, telemetry=silent(), clock=clock)
    clock.now = (await source.get()).expires_at
    fetch.failures = [DOWN]
    answers = await crowd(source, fetch)
    assert {type(answer) for answer in answers} == {TokenUnavailable}
    assert fetch.asked == 2


async def test_each_of_five_hundred_has_its_span_and_the_fetch_one_duration() -> None:
    """What they share is the fetch, not the trace; none of them calls it a hit."""
    clock, recorder = Clock(), Recorder()
    fetch = FakeFetch(clock)
    source = TokenSource(fetch, telemetry=recorder.telemetry, clock=clock)
    await crowd(source, fetch)
    spans = recorder.spans("token fetch")
    assert [dict(span.attributes or {})[Attr.CACHE_HIT.value] for span in spans] == [False] * CROWD
    assert len(recorder.durations) == 1


@dataclass
class Endpoint:
    """A way that gives numbered tokens of `life` seconds except from `down_from` until `down_until` (epoch seconds)."""

    clock: Clock
    life: float
    down_from: float
    down_until: float
    way: str = "managed-identity"
    given: int = 0
    refused: int = 0

    async def __call__(self) -> tuple[str, float]:
        """As the port says."""
        if self.down_from <= self.clock() < self.down_until:
            self.refused += 1
            raise DOWN
        self.given += 1
        return f"t{self.given}", self.clock() + self.life


@dataclass
class Outage:
    """A stage with the real token source, at the moment at which the endpoint goes down."""

    stage: Stage
    endpoint: Endpoint
    began: float

    @classmethod
    async def begin(cls, life: float) -> "Outage":
        """The token in hand is of `life` seconds and has LEFT of them to go; the hour begins now."""
        stage, clock = Stage(), Clock()
        began = stage.now + life - LEFT
        endpoint = Endpoint(clock, life, began, began + HOUR)
        source = TokenSource(endpoint, telemetry=silent(), clock=stage.clock)
        outage = cls(stage, endpoint, began)
        outage.at(stage.now)
        await source.get()
        outage.at(began)
        transmission = Transmission(source, stage.gateway)
        stage.send = replace(stage.send, transmission=transmission)
        stage.stops = _keeper(stage, transmission)
        return outage

    def at(self, now: float) -> None:
        """Both clocks say this time: the stage's and the endpoint's."""
        self.stage.now = self.endpoint.clock.now = now

    async def minute(self, number: int, *, mails: int) -> None:
        """One minute in steps of five seconds, with a mail in each of the first ones; tick and trigger do their work."""
        for step in range(12):
            self.at(self.began + number * MINUTE + 5 * step)
            if step < mails:
                await self.stage.accept(key=f"mail-{number}-{step}")
            await self.stage.stops.run()
            await self.stage.run()

    @property
    def rows(self) -> list[MailRow]:
        """All mails, oldest first."""
        return sorted((entry.row for entry in self.stage.ledger.rows.values()), key=lambda row: row.accepted_at)


def _keeper(stage: Stage, transmission: Transmission) -> StopKeeper:
    return StopKeeper(stage.config, stage.breakers, stage.ledger, stage.ledger, stage.placer, transmission, stage.clock)


@pytest.fixture(params=[HOUR, DAY], ids=["app registration", "managed identity"])
async def outage(request: pytest.FixtureRequest) -> Outage:
    """With an hour's token and with a day's, which has been due for half of it."""
    return await Outage.begin(float(request.param))


async def test_an_hour_without_the_endpoint_costs_no_mail(outage: Outage) -> None:
    """With half an hour of life left, mails of every minute: they are sent, then they wait, then they are sent."""
    for number in range(60):
        await outage.minute(number, mails=1)
        now = states(outage.stage)
        assert now == ({State.SENT} if number * MINUTE < LAST_LOGIN else {State.SENT, State.WAITING})
    before, after = outage.rows[: int(LAST_LOGIN / MINUTE)], outage.rows[int(LAST_LOGIN / MINUTE) :]
    assert {(row.state, row.attempts) for row in before} == {(State.SENT, 1)}
    assert {row.state for row in after} == {State.WAITING}
    for number in range(60, 60 + int(BACK_OFF / MINUTE)):
        await outage.minute(number, mails=0)
    assert states(outage.stage) == {State.SENT}
    assert len(outage.stage.gateway.mails) == 60
    assert set(outage.stage.gateway.tokens) == {"t1", "t2"}


async def test_a_mail_that_comes_after_the_hour_leaves_at_once(outage: Outage) -> None:
    """No memory of the outage is in its way; and what it fetched serves the others too."""
    for number in range(60):
        await outage.minute(number, mails=1)
    await outage.minute(60, mails=1)
    assert outage.rows[-1].state is State.SENT
    assert outage.endpoint.given == 2


async def test_the_hour_uses_up_no_mail_s_time_to_live(outage: Outage) -> None:
    """Each mail that waited may live as much longer as it had to wait for a token; its tries do not count against it."""
    for number in range(60 + int(BACK_OFF / MINUTE)):
        await outage.minute(number, mails=1 if number < 60 else 0)
    waited = [row for row in outage.rows if row.attempts > 1]
    assert len(waited) == 60 - int(LAST_LOGIN / MINUTE)
    for row in waited:
        assert row.expires_at - row.accepted_at == pytest.approx(DAY + row.changed_at - row.accepted_at, abs=MINUTE)


async def test_the_broken_endpoint_is_left_in_peace(outage: Outage) -> None:
    """While the old token works, a mail every five seconds makes two requests a minute at most, and each mail leaves."""
    for number in range(int(LAST_LOGIN / MINUTE)):
        await outage.minute(number, mails=12)
    assert 0 < outage.endpoint.refused <= LAST_LOGIN / REFRESH_PAUSE
    assert {(row.state, row.attempts) for row in outage.rows} == {(State.SENT, 1)}

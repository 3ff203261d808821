"""The simulated rows of the pace's table: lanes under a full backlog, and the day's wall."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from bench.simulation.exchange import Answer
from bench.simulation.host import Speeds
from bench.simulation.scene import Plan, Seen, Stage, play
from shared.rules.pace import Lane

HIGH_EVERY = 20.0
"""Seconds between two high-priority mails."""

BULK = 3_000

DAY = 86_400.0

OF_A_DAY = 12_000
"""Mails of the run with the wall: more than a day's 10,000 recipients."""


@dataclass(frozen=True)
class Lanes:
    """Intervals from accepting a high-priority mail to its final dot, and what part of the rest bulk got."""

    seen: Seen
    p50: float
    p95: float
    longest: float
    bulk_part: float


@dataclass(frozen=True)
class Wall:
    """Recipients in the fullest sliding day, and those of the first day."""

    seen: Seen
    most: int
    first_day: int


def lanes(seed: int, *, hosts: int = 3, bulk: int = BULK) -> Lanes:
    """At the true 30 a minute, one high-priority mail every 20 s for as long as a bulk backlog lasts."""
    seen = play(Plan(seed=seed, hosts=hosts, mails=bulk, per_minute=30, seconds=4 * bulk), _send_high)
    (exchange,) = seen.exchanges
    waits = sorted(mail.left - mail.accepted for mail in seen.mails if mail.lane is Lane.HIGH and mail.left is not None)
    interval = 60.0 / exchange.per_minute
    last = max(at for at, lane in zip(exchange.dots, exchange.lanes, strict=True) if lane == Lane.BULK)
    span = last - exchange.dots[0]
    high = sum(at <= last for at, lane in zip(exchange.dots, exchange.lanes, strict=True) if lane == Lane.HIGH)
    rest = span / interval - high
    p50, p95, longest = (_quantile(waits, part) / interval for part in (0.5, 0.95, 1.0))
    return Lanes(seen, p50, p95, longest, (bulk - 1) / rest)


HELD, HELD_FOR = 2, 90.0
"""Connections that another client holds without sending, and seconds until it leaves."""


@dataclass(frozen=True)
class Foreign:
    """Replies 432, and how many connections of ours there were in each half second, before and after the client left."""

    seen: Seen
    refused: int
    during: Sequence[int]
    after: Sequence[int]


def foreign(seed: int, *, hosts: int = 3) -> Foreign:
    """Another client holds two of the three connections from the beginning; Exchange takes two seconds for a mail."""
    counts: list[int] = []

    async def client(stage: Stage) -> None:
        (exchange,) = stage.exchanges.values()
        strangers = range(-HELD, 0)
        for stranger in strangers:
            exchange.login(stranger)
        for half_second in count():
            await asyncio.sleep(0.5)
            if half_second == int(2 * HELD_FOR):
                for stranger in strangers:
                    exchange.goodbye(stranger)
            counts.append(exchange.present - (HELD if half_second < int(2 * HELD_FOR) else 0))

    seen = play(Plan(seed=seed, hosts=hosts, mails=400, seconds=2.5 * HELD_FOR, speeds=Speeds(reply=2.0)), client)
    (exchange,) = seen.exchanges
    left = int(2 * HELD_FOR)
    return Foreign(seen, exchange.answers[Answer.CONCURRENT], counts[:left], counts[left:])


def wall(seed: int, *, mails: int = OF_A_DAY) -> Wall:
    """One process with more mails than a day's recipients."""
    seen = play(Plan(seed=seed, hosts=1, mails=mails, per_minute=30, per_day=10_000, seconds=2.2 * DAY))
    (exchange,) = seen.exchanges
    most = max(exchange.of_the_day(at) for at in _marks(exchange.dots))
    first_day = sum(at <= exchange.dots[0] + DAY for at in exchange.dots)
    return Wall(seen, most, first_day)


async def _send_high(stage: Stage) -> None:
    loop = asyncio.get_running_loop()
    backlog = stage.plan.mails
    end = loop.time() + backlog * 60.0 / stage.plan.per_minute
    while loop.time() < end:
        await asyncio.sleep(HIGH_EVERY * stage.random.uniform(0.9, 1.1))
        stage.accept(Lane.HIGH)


def _marks(dots: Sequence[float]) -> Sequence[float]:
    """Every fiftieth dot and the last: the fullest day ends with a dot, and fifty recipients are half a percent of it."""
    return [*dots[::50], dots[-1]]


def _quantile(ascending: Sequence[float], part: float) -> float:
    return ascending[min(len(ascending) - 1, int(part * len(ascending)))]

"""The run `foreign`: another client holds two of the mailbox's three connections without sending, and then leaves.

It comes first: Exchange refuses whoever came last, so that ours are the ones that are refused and have to give way.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from bench.pace_client import logged_in
from bench.pace_cloud import MAILBOX, PaceCloud
from bench.pace_feed import Feeder, envelopes
from bench.pace_figures import Finding, Sample, reached, settled
from bench.pace_load import Show, client_session, get
from bench.pace_plan import CONNECTIONS, Setup

NAME = "foreign"

HELD = 2
"""Connections that the other client holds."""

OURS = CONNECTIONS - HELD
"""Connections that are left for us meanwhile."""

SETTLES = 30.0
"""Seconds within which our connections have to come down to those that are left."""

RETURNS = 120.0
"""Seconds after the other client left within which ours have to be back."""

MOST_REFUSALS = 3
"""Replies 432 that it may take to find out."""

_SETUP = Setup(hosts=3)
_SLOW = 2.0  # seconds that Exchange takes for each mail: three connections are wanted, and never idle for long
_STAYS = 10.0  # seconds without a break count as settled
_LOOK_EVERY = 0.5  # seconds between two looks at the connections


@dataclass(frozen=True, slots=True)
class Course:
    """How long the other client stays, how long we wait afterwards (seconds), and mails for all that time."""

    held: float
    afterwards: float
    mails: int


WHOLE = Course(held=90.0, afterwards=RETURNS + 10.0, mails=400)
QUICK = Course(held=20.0, afterwards=20.0, mails=60)


@dataclass(slots=True)
class Sights:
    """Our connections while the other client was there and after it had left, in seconds after the start of each."""

    during: list[Sample] = field(default_factory=list)
    after: list[Sample] = field(default_factory=list)
    stats: dict[str, Any] = field(default_factory=dict)

    def findings(self) -> list[Finding]:
        """The three targets."""
        most = max((count for _at, count in self.during), default=0)
        refusals = sum(count for key, count in self.stats["replies"].items() if key.startswith("432"))
        down = settled(self.during, OURS, stays=_STAYS)
        # Who never gave way cannot come back.
        back = reached(self.after, CONNECTIONS) if math.isfinite(down) else math.inf
        sent = f"{self.stats['accepted']} mails sent"
        return [
            Finding(NAME, f"down to {OURS}", down, SETTLES, at_most=True, unit="s", numbers=f"{most} at most before"),
            Finding(NAME, f"back at {CONNECTIONS}", back, RETURNS, at_most=True, unit="s"),
            Finding(NAME, "replies 432", refusals, MOST_REFUSALS, at_most=True, numbers=sent),
        ]


def run_foreign(folder: Path, course: Course, *, seed: int, show: Show) -> list[Finding]:
    """Run it with all data in `folder`; every process that it starts has ended when it returns. Raises `StartFault`."""
    show(0, course.held + course.afterwards, f"{NAME}: starting {_SETUP.hosts} hosts")
    with ExitStack() as stack:
        fleet = PaceCloud.start(folder, _SETUP, seed=seed, stack=stack)
        return asyncio.run(_run(fleet, course, seed, show)).findings()


async def _run(fleet: PaceCloud, course: Course, seed: int, show: Show) -> Sights:
    await fleet.start_hosts(_SETUP.hosts)
    sights = Sights()
    async with client_session() as http:
        await _slow_down(fleet, http)
        async with AsyncExitStack() as held:
            for _ in range(HELD):
                await held.enter_async_context(logged_in(fleet.cloud, http))
            feeder = Feeder(fleet, http, Random(f"pace {NAME} {seed}"))
            feeding = asyncio.create_task(feeder.feed(envelopes(NAME, seed, course.mails)))
            async for at, here in _connections(fleet, http, course.held):
                sights.during.append((at, here - HELD))
                show(at, course.held + course.afterwards, f"{NAME}: {here - HELD} of ours beside {HELD}")
            await feeding
        async for at, here in _connections(fleet, http, course.afterwards):
            sights.after.append((at, here))
            show(course.held + at, course.held + course.afterwards, f"{NAME}: {here} of ours, alone")
            if here >= CONNECTIONS:
                break
        sights.stats = await get(http, fleet.api("stats"))
    return sights


async def _slow_down(fleet: PaceCloud, http: aiohttp.ClientSession) -> None:
    slow = {"name": "slow-reply", "with": {"seconds": _SLOW}}
    document = {"scenarios": [slow], "limits": {"idle_counts": True}}
    async with http.put(fleet.api("faults"), json=document) as answer:
        answer.raise_for_status()


async def _connections(fleet: PaceCloud, http: aiohttp.ClientSession, seconds: float) -> AsyncIterator[Sample]:
    """The mailbox's connections again and again, with the seconds since the start."""
    began = time.monotonic()
    while (at := time.monotonic() - began) < seconds:
        stats = await get(http, fleet.api("stats"))
        yield at, int(stats["connections_now"].get(MAILBOX, 0))
        await asyncio.sleep(_LOOK_EVERY)

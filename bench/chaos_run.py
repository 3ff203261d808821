"""One chaos run from start to verdict: mails come in and hosts, wires, storage and identity fail, then all rests."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench.chaos_cloud import LEASE_SECONDS, ChaosCloud
from bench.chaos_disturb import Disturber
from bench.chaos_doors import Producers, client_session, producer_queue
from bench.chaos_mails import ChaosMail
from bench.chaos_plan import Plan
from bench.chaos_verdict import Verdict, judge
from bench.chaos_watch import Stand, Watcher
from bench.fleet import without_telemetry
from devcloud.local_cloud import Limits, start_cloud
from devcloud.run_settings import HostKnobs, process_environment

ATTEMPT_LEASE = "3"
"""Seconds; `MAIL_ATTEMPT_LEASE` of the hosts, 30 in production: a dead host's mails are noticed that much sooner."""

REST_SECONDS = 240.0
"""After the disturbances, for the mails that wait: a second refusal of its connection costs one two minutes."""

DRAIN_SECONDS = 75.0
"""After all mails rest, for messages that are left in the queues: a late one must not send anything any more."""

_PATIENCE = 120.0  # seconds after the disturbances in which producers still try
_LOOK_EVERY = 2.0  # seconds between two looks at the ledger: each reads every row
_LIMITS = Limits(messages_per_minute=60_000, connections=12)  # of each mailbox in each host: pacing is not what is proven


@dataclass(frozen=True, slots=True)
class Sight:
    """What a person sees while it runs; `stand` is None while nothing can be seen."""

    told: int
    stand: Stand | None
    happened: Counter[str]
    phase: str


@dataclass(frozen=True, slots=True)
class Result:
    """What the run came to. Times in seconds; `left` counts messages that stayed in the queues.

    `rows` has, by key, what stands in the rows of mails that did not come to rest.
    """

    plan: Plan
    verdict: Verdict
    happened: Counter[str]
    refused: dict[str, str]
    left: int
    rows: dict[str, dict[str, str]]
    resting: float
    seconds: float


Show = Callable[[Sight], None]


def run(plan: Plan, mails: Sequence[ChaosMail], folder: Path, *, show: Show) -> Result:
    """Run it with all data in `folder`; every process that it starts has ended when it returns. Raises `StartFault`."""
    caller = {**process_environment(os.environ), "MAIL_ATTEMPT_LEASE": ATTEMPT_LEASE}
    with ExitStack() as stack:
        knobs = HostKnobs(seed=plan.seed, lease_seconds=LEASE_SECONDS)
        cloud = without_telemetry(start_cloud(folder, _LIMITS, knobs, caller=caller, stack=stack))
        chaos = ChaosCloud.around(cloud, plan, stack)
        return asyncio.run(_run(chaos, mails, show))


async def _run(chaos: ChaosCloud, mails: Sequence[ChaosMail], show: Show) -> Result:
    plan, started = chaos.plan, time.monotonic()
    await chaos.start_hosts(plan.hosts)
    async with client_session() as http, producer_queue(chaos.cloud.storage) as queue, Watcher(chaos, http) as watcher:
        producers = Producers(chaos, http, queue, Random(f"producers {plan.seed}"))
        disturber = Disturber(chaos, http)
        screen = Screen(chaos, producers, watcher, show)
        looking = asyncio.create_task(screen.keep_looking())
        try:
            await disturber.arm(plan)
            began = time.monotonic()
            feeding = producers.feed(mails, began=began, patience=plan.seconds + _PATIENCE)
            await asyncio.gather(feeding, disturber.carry_out(plan, began=began))
            happened = await disturber.calm()
        finally:
            looking.cancel()
        calmed = time.monotonic()
        await screen.rest()
        resting = time.monotonic() - calmed
        left = await screen.drain()
        records = await watcher.records(mails)
        verdict = judge(mails, told=frozenset(producers.told), records=records, inbox=await watcher.inbox())
        happened.update(producers.happened)
        rows = {ending.mail.key: await watcher.row(ending.record.id) for ending in verdict.moving if ending.record}
    return Result(plan, verdict, happened, producers.refused, left, rows, resting, time.monotonic() - started)


@dataclass(slots=True)
class Screen:
    """Looks again and again, and shows what it sees."""

    chaos: ChaosCloud
    producers: Producers
    watcher: Watcher
    show: Show

    async def keep_looking(self) -> None:
        """Until it is cancelled."""
        while True:
            await self._look("disturbed")

    async def rest(self) -> None:
        """Until every accepted mail is at rest, or the time for that is over."""
        deadline = time.monotonic() + REST_SECONDS
        while time.monotonic() < deadline:
            stand = await self._look("coming to rest")
            if stand and stand.at_rest == stand.states.total() >= len(self.producers.told):
                return

    async def drain(self) -> int:
        """Until no message is left in the queues, or the time for that is over; gives how many are left."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while True:
            stand = await self._look("draining the queues")
            if stand and (not stand.messages or time.monotonic() > deadline):
                return stand.messages

    async def _look(self, phase: str) -> Stand | None:
        await asyncio.sleep(_LOOK_EVERY)
        stand = await self.watcher.look()
        self.show(Sight(len(self.producers.told), stand, self.chaos.happened, phase))
        return stand

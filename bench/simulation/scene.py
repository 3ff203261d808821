"""Runs of the simulation: a backlog, hosts that may be killed, and what the judge saw."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bench.simulation.exchange import Exchange
from bench.simulation.host import Host, Scene, SimMail, Speeds, sender_of
from bench.simulation.loop import run
from bench.simulation.storage import Delay, Queue, Rows
from shared.rules.pace import Lane


@dataclass(frozen=True)
class Plan:
    """One run. Kills: every `kill_every` seconds a `killed` part of the hosts dies and is replaced at once."""

    seed: int = 1
    hosts: int = 3
    mails: int = 1_800
    per_minute: int = 600
    connections: int = 3
    per_day: int = 1_000_000
    mailboxes: int = 1
    idle_counts: bool = True
    storage: float = 0.01
    stalls: float = 0.001
    skew: float = 0.02
    lease: float = 600.0
    kill_every: float = 0.0
    killed: float = 1 / 3
    lane: Lane = Lane.BULK
    speeds: Speeds = field(default_factory=Speeds)
    seconds: float = 3_600.0


@dataclass(frozen=True)
class Seen:
    """What a run came to. `deferrals` is per mail."""

    plan: Plan
    exchanges: Sequence[Exchange]
    mails: Sequence[SimMail]
    queue_left: int
    writes: int
    reads: int
    races: int

    @property
    def sent(self) -> int:
        """Mails that left."""
        return sum(mail.left is not None for mail in self.mails)

    @property
    def deferrals(self) -> float:
        """Per mail."""
        return sum(mail.deferrals for mail in self.mails) / max(1, len(self.mails))

    @property
    def throttles(self) -> int:
        """Of all mailboxes."""
        return sum(exchange.throttles for exchange in self.exchanges)

    def use(self, part: float = 1.0) -> float:
        """Part of all allowances that was used until this part of the mails was sent."""
        dots = sorted(dot for exchange in self.exchanges for dot in exchange.dots)
        dots = dots[: max(2, int(len(dots) * part))]
        allowance = self.plan.per_minute * len(self.exchanges) / 60
        return (len(dots) - 1) / ((dots[-1] - dots[0]) * allowance)

    def broken(self) -> list[str]:
        """The invariants that do not hold, in words."""
        words = []
        for exchange in self.exchanges:
            if exchange.peak_connections > exchange.connections:
                words.append(f"{exchange.peak_connections} connections, {exchange.connections} allowed")
            if exchange.peak_per_minute > exchange.per_minute:
                words.append(f"{exchange.peak_per_minute} mails in a minute, {exchange.per_minute} allowed")
            if exchange.throttles:
                words.append(f"throttled: {exchange.answers}")
        return words


Director = Callable[["Stage"], Coroutine[Any, Any, None]]
"""Lets things happen beside the backlog, until it is cancelled."""


class Stage:
    """A run under way, for directors that let more happen than a backlog."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.random = Random(plan.seed)
        self.exchanges = {
            f"box-{n}@contoso.test": Exchange(plan.per_minute, plan.connections, plan.per_day, plan.idle_counts)
            for n in range(plan.mailboxes)
        }
        delay = Delay(self.random, usual=plan.storage, stalls=plan.stalls)
        self.scene = Scene(
            mails=[],
            queue=Queue(plan.lease),
            rows=Rows(delay),
            mailboxes=self.exchanges,
            sender=sender_of(self.exchanges),
            random=self.random,
            speeds=plan.speeds,
            finished=self._finished,
        )
        self.left = 0
        self._hosts: dict[int, Host] = {}
        self._born = 0

    def accept(self, lane: Lane, recipients: int = 1) -> SimMail:
        """One more mail on the queue."""
        now = asyncio.get_running_loop().time()
        mail = SimMail(len(self.scene.mails), lane, now, recipients)
        self.scene.mails.append(mail)
        self.scene.queue.put(mail.number, 0.0, now)
        return mail

    def start_hosts(self) -> None:
        """All of them."""
        for number in range(self.plan.hosts):
            self._start(number)

    def kill(self, numbers: Iterable[int]) -> None:
        """SIGKILL for these hosts, and others in their places."""
        for number in numbers:
            self._hosts[number].kill()
            self._start(number)

    def _start(self, number: int) -> None:
        self._born += 1
        skew = self.random.uniform(-self.plan.skew, self.plan.skew)
        self._hosts[number] = Host(f"host-{number}-{self._born}", self.scene, skew=skew)

    def _finished(self, _mail: SimMail) -> None:
        self.left += 1

    def seen(self) -> Seen:
        """What it came to."""
        rows = self.scene.rows
        return Seen(
            self.plan,
            list(self.exchanges.values()),
            self.scene.mails,
            len(self.scene.queue),
            rows.writes,
            rows.reads,
            rows.races,
        )


def play(plan: Plan, *directors: Director) -> Seen:
    """Run the plan until every mail has left or its time is over; `directors` act beside it."""
    return run(_play(plan, directors))


async def _play(plan: Plan, directors: Sequence[Director]) -> Seen:
    stage = Stage(plan)
    loop = asyncio.get_running_loop()
    for _ in range(plan.mails):
        stage.accept(plan.lane)
    stage.start_hosts()
    acting = [asyncio.ensure_future(director(stage)) for director in (*directors, *([_kill] if plan.kill_every else []))]
    end = loop.time() + plan.seconds
    while loop.time() < end and (stage.left < len(stage.scene.mails) or not plan.mails):  # noqa: ASYNC110 - virtual time is free
        await asyncio.sleep(0.5)
    for act in acting:
        if act.done():
            act.result()
        act.cancel()
    return stage.seen()


async def _kill(stage: Stage) -> None:
    plan = stage.plan
    while True:
        await asyncio.sleep(plan.kill_every)
        stage.kill(stage.random.sample(range(plan.hosts), round(plan.hosts * plan.killed)))

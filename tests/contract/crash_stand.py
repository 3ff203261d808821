"""Where mails are walked along their ways with a death at every point, and what must have come of each."""

import asyncio
import itertools
import json
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from azure.storage.queue.aio import QueueClient

from devcloud.exchange import Exchange, ExchangeConfig
from devcloud.storage_operations import Operation
from devcloud.storage_proxy import Forward, StorageProxy
from devcloud.tokens import SigningKeys
from tests.azurite import RunningAzurite
from tests.contract.crash_forks import Forks
from tests.contract.crash_host import Host
from tests.contract.crash_points import Death, Point, Reaper, Side, watch
from tests.contract.crash_ways import CALM, SENDERS, Way
from tests.contract.house_parts import environment, issued

AT_ONCE = 4
"""Cases that run at the same time: two processors, and a case often waits for one of the others' parts."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of one mail: what the app says, what Exchange has, how the workers died, and which points were passed."""

    status: Json
    mails: list[Json]
    exits: list[int]
    points: list[Point]

    def faults(self, rule: str, deaths: Sequence[Death], expected: Sequence[Point]) -> list[str]:
        """What is not as it was promised under this rule for unknown outcomes; empty where all is well."""
        return [
            *([] if self.exits == [-9] * len(deaths) else [f"the workers ended with {self.exits}"]),
            *([] if self.points[: len(expected)] == list(expected) else ["another way was taken up to the death"]),
            *self._state(rule),
            *self._copies(rule),
        ]

    def _state(self, rule: str) -> list[str]:
        said = self.status
        may_be_unknown = rule == "hold" or said["unknowns"] > 1
        if said["state"] == "sent":
            whole = set(said["recipients"].values()) == {"accepted"} and not said["attention"]
            return [] if whole else [f"sent, with {said}"]
        if said["state"] != "unknown" or not may_be_unknown:
            return [f"ended as {said['state']}: {said['reasons']}"]
        if said["why"] not in {"attempt-died", "outcome-unknown"} or not said["attention"]:
            return [f"unknown, and nobody is told why: {said['why']!r}"]
        return []

    def _copies(self, rule: str) -> list[str]:
        said, faults = self.status, []
        copies = Counter(recipient for mail in self.mails for recipient in mail["to"])
        most = 2 if rule == "resend" and said["possible_duplicate"] else 1
        for recipient, fate in said["recipients"].items():
            least = 1 if rule == "resend" or fate == "accepted" else 0
            if not least <= copies[recipient] <= most:
                faults.append(f"{copies[recipient]} copies for a recipient that is {fate}: {said['reasons']}")
        if len({mail["message_id"] for mail in self.mails}) > 1:
            faults.append("copies with different Message-IDs")
        return faults


@dataclass
class Stand:
    """Everything around the workers: storage behind a proxy, and a simulator for each case."""

    forks: Forks
    azurite: RunningAzurite
    folder: Path
    keys: SigningKeys
    tls: ssl.SSLContext
    proxy: StorageProxy = field(init=False)
    _hosts: dict[str, Host] = field(default_factory=dict)
    _used: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    _keys: Iterator[str] = field(default_factory=lambda: map("mail-{}".format, itertools.count(1)))

    async def prepare(self) -> None:
        """Send a mail of each sender through each of the accounts that the cases use in turn."""
        for account in [self.azurite.fresh_account() for _ in range(AT_ONCE)]:
            for rule in SENDERS:
                await self._walk(CALM, rule, (), account)
            self._used.put_nowait(account)

    async def around(self, request: web.Request, operation: Operation, forward: Forward) -> web.StreamResponse:
        """Every request to storage, handed to the host of its account."""
        return await self._hosts[request.path.split("/")[1]].around(request, operation, forward)

    async def walk(self, way: Way, rule: str, deaths: Sequence[Death] = ()) -> Ending:
        """One mail on its way, with these deaths."""
        account = await self._used.get()
        try:
            return await self._walk(way, rule, deaths, self.azurite.fresh_account() if way.new_account else account)
        finally:
            self._used.put_nowait(account)

    async def _walk(self, way: Way, rule: str, deaths: Sequence[Death], account: str) -> Ending:
        plain, key = self.azurite.connection_string(account), next(self._keys)
        async with QueueClient.from_connection_string(plain, "sending") as queue:
            host = Host(self.forks, queue, _body(way, rule, key), way.forgets)
            host.reaper = Reaper(frozenset(deaths), host.kill)
            self._hosts[account] = host
            async with self._exchange(way, host) as (exchange, port):
                storage = self.azurite.connection_string(account, self.proxy.ports)
                host.job = {"environ": environment(storage, port, self.folder), "token": issued(self.keys), "key": key}
                try:
                    status = await host.run()
                finally:
                    host.end()
        status["recipients"] = dict(zip(way.to, status["recipients"], strict=True))
        return Ending(status, exchange.messages(), host.exits, host.reaper.points)

    @asynccontextmanager
    async def _exchange(self, way: Way, host: Host) -> AsyncIterator[tuple[Exchange, int]]:
        config = ExchangeConfig(messages_per_minute=10_000)
        exchange = Exchange(config, self.tls, self.keys.public_keys, time.time, sleep=host.pause)
        exchange.set_faults(json.dumps({"scenarios": way.scenarios}).encode())
        watch(exchange, host.reaper)
        try:
            yield exchange, await exchange.start()
        finally:
            await exchange.stop()


def _body(way: Way, rule: str, key: str) -> str:
    return json.dumps({"id": key, "sender": SENDERS[rule], "to": way.to, "subject": "Disk", "text": way.text})


async def deadly_points(stand: Stand, way: Way, rule: str) -> tuple[tuple[Death, ...], list[int], list[Point]]:
    """The deaths that every case has, the numbers of the points at which the next one comes, and all points of the way."""
    first: tuple[Death, ...] = ()
    if way.dead_at:
        calm = await stand.walk(way, rule)
        first = (Death([point.name for point in calm.points].index(way.dead_at), Side.AFTER),)
    walked = await stand.walk(way, rule, first)
    assert walked.faults(rule, first, ()) == []
    begin = first[0].number + 1 if first else 0
    return first, [n for n in range(begin, len(walked.points)) if way.deadly(walked.points, n)], walked.points


async def sweep(stand: Stand, way: Way, rule: str) -> tuple[list[str], list[Point]]:
    """Walk the way with a death on each side of each point; gives what went wrong, and the points."""
    first, numbers, points = await deadly_points(stand, way, rule)

    async def one(number: int, side: Side) -> list[str]:
        deaths = (*first, Death(number, side))
        try:
            found = (await stand.walk(way, rule, deaths)).faults(rule, deaths, points[: number + 1])
        except AssertionError as wrong:
            found = [str(wrong)]
        return [f"{way.name}, {rule}: {side} {number} {points[number].name}: {fault}" for fault in found]

    found = await asyncio.gather(*(one(number, side) for number in numbers for side in Side))
    return [fault for faults in found for fault in faults], [points[number] for number in numbers]

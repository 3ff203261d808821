"""The run `latency`: one mail at a time on an idle system, from the door to Exchange's 250, beside a bare SMTP transaction.

How the parts of a mail's time are told apart, all on this machine's clock:

* It begins when the request leaves (HTTP), or when the app begins to accept what it found on the producer's queue; it ends
  with the span `smtp transaction`, that is with Exchange's 250.
* The pick-up is the time for which the message lay on `sending`: from the end of the span `send sending` (the put is done)
  to the start of the span `process sending` (the host has called the app). Both come from the mail's own trace.
* What is left is ours; less the bare transaction of the same round's peer it is the overhead.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import aiosmtplib
from azure.storage.queue.aio import QueueClient

from bench.chaos_doors import producer_queue
from bench.pace_client import logged_in
from bench.pace_cloud import MAILBOX, SENDER, PaceCloud
from bench.pace_figures import Finding, percentile
from bench.pace_load import Show, client_session, get
from bench.pace_plan import Setup
from devcloud.processes import StartFault

NAME = "latency"
DOORS = ("http", "queue")

OVERHEAD = 150.0
"""Milliseconds that half of the mails may take longer than a bare transaction, the pick-up aside."""

ROUNDS = 100
"""Mails through each door, and bare ones."""

QUICK_ROUNDS = 5

_SETUP = Setup(hosts=1, traced=True)
_WARM = 3  # rounds that are not counted: the first ones make tables, queues, token and connection
_REST = 0.5  # seconds between two mails: nothing of the one before is left to do
_POLL = 0.05  # seconds between two looks for a mail and its trace
_MAIL_SECONDS = 60.0
_TEXT = "Volume /var/lib/data on db-01 is at 93 % and grows by 2 GB an hour.\n" * 21  # about 2 kB with the headers
_FIRST, _SENT, _TAKEN, _LAST = "accept", "send sending", "process sending", "smtp transaction"

Found = TypeVar("Found")
Spans = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Took:
    """One mail's milliseconds: our own part, and the time for which its message lay on `sending`."""

    own: float
    pick_up: float


@dataclass(slots=True)
class Times:
    """Milliseconds of all rounds: the mails by door, and the bare transactions."""

    bare: list[float] = field(default_factory=list)
    doors: dict[str, list[Took]] = field(default_factory=lambda: {door: [] for door in DOORS})

    def findings(self) -> list[Finding]:
        """The overhead of each door."""
        return [self._finding(door) for door in DOORS]

    def _finding(self, door: str) -> Finding:
        own = [took.own for took in self.doors[door]]
        overhead = percentile(own, 50) - percentile(self.bare, 50)
        parts = {"ours": own, "bare": self.bare, "pick-up apart": [took.pick_up for took in self.doors[door]]}
        numbers = ", ".join(
            f"{what} {percentile(found, 50):.0f} / {percentile(found, 99):.0f}" for what, found in parts.items()
        )
        limit, told = OVERHEAD, f"p50 / p99: {numbers}"
        return Finding(NAME, f"overhead, {door}", overhead, limit, at_most=True, unit="ms", numbers=told)


def run_latency(folder: Path, rounds: int, *, seed: int, show: Show) -> list[Finding]:
    """Run it with all data in `folder`; every process that it starts has ended when it returns. Raises `StartFault`."""
    show(0, rounds, f"{NAME}: starting a host")
    with ExitStack() as stack:
        fleet = PaceCloud.start(folder, _SETUP, seed=seed, stack=stack)
        return asyncio.run(_run(fleet, rounds, show)).findings()


async def _run(fleet: PaceCloud, rounds: int, show: Show) -> Times:
    await fleet.start_hosts(_SETUP.hosts)
    times = Times()
    async with _meter(fleet) as meter:
        for number in range(-_WARM, rounds):
            kept = times if number >= 0 else Times()
            for door in DOORS:
                kept.doors[door].append(await meter.mail(door))
                kept.bare.append(await meter.bare())
            show(max(0, number + 1), rounds, f"{NAME}: one mail at a time")
    return times


@asynccontextmanager
async def _meter(fleet: PaceCloud) -> AsyncIterator["Meter"]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(client_session())
        outbox = await stack.enter_async_context(producer_queue(fleet.cloud.storage))
        yield Meter(fleet, http, outbox, await stack.enter_async_context(logged_in(fleet.cloud, http)))


@dataclass(slots=True)
class Meter:
    """Sends one mail at a time, ours or bare; a bare one has the very bytes of ours before it."""

    fleet: PaceCloud
    http: aiohttp.ClientSession
    outbox: QueueClient
    client: aiosmtplib.SMTP
    content: bytes = b""

    async def mail(self, door: str) -> Took:
        """Through a door; raises `StartFault` where it does not arrive."""
        async with self.http.delete(self.fleet.api("messages")):
            pass
        await asyncio.sleep(_REST)
        began = time.time() if door == "http" else None
        await self._knock(door)
        mail = await self._arrived()
        async with self.http.get(f"{self.fleet.cloud.addresses.inbox}{mail['raw_url']}") as answer:
            self.content = await answer.read()
        return took(await self._trace(str(mail["message_id"])), began)

    async def bare(self) -> float:
        """Milliseconds from MAIL to the 250."""
        await asyncio.sleep(_REST)
        began = time.perf_counter()
        await self.client.sendmail(MAILBOX, ["ops@contoso.test"], self.content)
        return (time.perf_counter() - began) * 1000

    async def _knock(self, door: str) -> None:
        envelope = {"sender": SENDER, "to": ["ops@contoso.test"], "subject": "Disk almost full on db-01", "text": _TEXT}
        if door == "queue":
            await self.outbox.send_message(json.dumps(envelope), time_to_live=-1)
            return
        url = f"{self.fleet.addresses[0]}/api/messages"
        async with self.http.post(url, json=envelope, headers=self.fleet.keyed) as answer:
            answer.raise_for_status()

    async def _arrived(self) -> Mapping[str, Any]:
        async def look() -> Mapping[str, Any] | None:
            mails: Sequence[Mapping[str, Any]] = (await get(self.http, self.fleet.api("messages")))["messages"]
            return mails[0] if mails else None

        return await _seen(look, "a mail")

    async def _trace(self, message_id: str) -> Spans:
        """The first span of each name, once the last one has been exported."""

        async def look() -> Spans | None:
            found = await get(self.http, f"{self.fleet.api('traces')}?{urlencode({'message_id': message_id})}")
            spans = {span["name"]: span for trace in reversed(found["traces"]) for span in reversed(trace["spans"])}
            return spans if {_FIRST, _SENT, _TAKEN, _LAST} <= spans.keys() else None

        return await _seen(look, "the trace of a mail")


def took(spans: Spans, began: float | None) -> Took:
    """The parts of a mail's time. `began` in epoch seconds; without it the app's own beginning counts."""
    start = _at(spans[_FIRST], "start") if began is None else began
    pick_up = _at(spans[_TAKEN], "start") - _at(spans[_SENT], "end")
    whole = _at(spans[_LAST], "end") - start
    return Took(own=(whole - pick_up) * 1000, pick_up=pick_up * 1000)


def _at(span: Mapping[str, Any], which: str) -> float:
    return datetime.fromisoformat(span[which]).timestamp()


async def _seen(look: Callable[[], Awaitable[Found | None]], what: str) -> Found:
    """What `look` finds as soon as there is something; raises `StartFault` when the time is over."""
    deadline = time.monotonic() + _MAIL_SECONDS
    while (found := await look()) is None:
        if time.monotonic() > deadline:
            raise StartFault(f"{what} did not arrive within {_MAIL_SECONDS:g} seconds")
        await asyncio.sleep(_POLL)
    return found

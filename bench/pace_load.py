"""Carries out one run with a backlog: feeds it, kills hosts where the plan says so, waits, and looks at what is there."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from azure.data.tables.aio import TableClient

from bench.chaos_watch import SENDING, Watcher
from bench.pace_cloud import PaceCloud, host_of
from bench.pace_feed import Feeder, envelopes
from bench.pace_plan import Kills, Load
from bench.pace_seen import Dot, Row, Seen
from devcloud.inbox.store import mail_id_of

PATIENCE = 45.0
"""Seconds without a new mail after which a run is over: longer than the short message lease and any wait for the pace."""

_REQUEST_SECONDS = 60.0  # an array of a hundred mails on a busy machine
_LOOK_EVERY = 1.0  # seconds between two looks at the simulator's counters
_SLOWEST = 2.0  # times the time that the allowance asks for; after that a run ends as it is
_STARTING = 120.0  # seconds on top, for the first mails and the last ones

Show = Callable[[float, float, str], None]
"""What a person sees while it runs: how much is done, of how much, and what is going on."""


def run_load(load: Load, folder: Path, *, seed: int, show: Show) -> Seen:
    """Run it with all data in `folder`; every process that it starts has ended when it returns. Raises `StartFault`."""
    show(0, load.mails, f"{load.name}: starting {load.setup.hosts} hosts")
    with ExitStack() as stack:
        fleet = PaceCloud.start(folder, load.setup, seed=seed, stack=stack)
        return asyncio.run(_run(fleet, load, seed, show))


def client_session() -> aiohttp.ClientSession:
    """For requests on loopback, each bounded in time."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS))


async def get(http: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    """The JSON object at an address; raises `aiohttp.ClientError` where there is none."""
    async with http.get(url) as answer:
        answer.raise_for_status()
        document: dict[str, Any] = await answer.json()
        return document


async def _run(fleet: PaceCloud, load: Load, seed: int, show: Show) -> Seen:
    await fleet.start_hosts(load.setup.hosts)
    began, random = time.monotonic(), Random(f"pace {load.name} {seed}")
    async with client_session() as http:
        feeder, course = Feeder(fleet, http, random), Course(fleet, load, http, show)
        feeding = asyncio.create_task(feeder.feed(envelopes(load.name, seed, load.mails)))
        killing = [course.kill(load.kills, random, after=feeding)] if load.kills else []
        await asyncio.gather(feeding, course.finished(feeding), *killing)
        return await _look(course, feeder, time.monotonic() - began)


@dataclass(slots=True)
class Course:
    """Watches the simulator's counter of mails. `measured` is set once the measured part of the mails is sent.

    `since` (epoch seconds) is when the killing began.
    """

    fleet: PaceCloud
    load: Load
    http: aiohttp.ClientSession
    show: Show
    measured: asyncio.Event = field(default_factory=asyncio.Event)
    since: float = 0.0

    async def finished(self, feeding: asyncio.Task[None]) -> None:
        """Wait until all mails are sent, or none came for a while, or the time is over."""
        load, began = self.load, time.monotonic()
        ends = began + _STARTING + _SLOWEST * 60.0 * load.mails / load.setup.allowance
        sent, changed = 0, began
        while not feeding.done() or (sent < load.mails and time.monotonic() < min(ends, changed + PATIENCE)):
            await asyncio.sleep(_LOOK_EVERY)
            now = int((await get(self.http, self.fleet.api("stats")))["accepted"])
            if now > sent:
                sent, changed = now, time.monotonic()
            if sent >= load.measured * load.mails:
                self.measured.set()
            deaths = self.fleet.happened["hosts killed"]
            self.show(sent, load.mails, f"{load.name}: {f'{deaths} hosts killed' if deaths else 'sending'}")
        self.measured.set()

    async def kill(self, kills: Kills, random: Random, *, after: asyncio.Task[None]) -> None:
        """Once the backlog is there, kill hosts that are up and replace them at once; wait until the last have started."""
        await after
        self.since = time.time()
        replacing: list[asyncio.Task[None]] = []
        for _ in range(kills.rounds):
            if await _happens(self.measured, within=kills.every):
                break
            up = self.fleet.numbers
            chosen = random.sample(up, min(kills.at_once, len(up)))
            replacing += [asyncio.create_task(self.fleet.kill_host(number, away=0.0)) for number in chosen]
        await asyncio.gather(*replacing)


async def _happens(event: asyncio.Event, *, within: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), within)
    return event.is_set()


async def _look(course: Course, feeder: Feeder, took: float) -> Seen:
    """Messages before rows: a mail that is sent in between must not look as if it had none."""
    fleet, http = course.fleet, course.http
    fleet.count_the_fallen()
    happened = fleet.happened + Counter({"arrays handed over again": feeder.again})
    async with Watcher(fleet, http) as watcher:
        messages = await watcher.messages(SENDING)
    operations = await get(http, fleet.api("storage/operations"))
    return Seen(
        load=course.load,
        dots=tuple(sorted(map(_dot, (await get(http, fleet.api("messages")))["messages"]))),
        stats=await get(http, fleet.api("stats")),
        puts=int(operations["resources"].get(SENDING, {}).get("queue.put-message", 0)),
        accepted=frozenset(feeder.accepted),
        rows=await _rows(fleet),
        messages=messages,
        happened=happened,
        since=course.since,
        seconds=took,
    )


async def _rows(fleet: PaceCloud) -> dict[str, Row]:
    """Every mail's row, straight from the table: thousands of requests to the app would take longer than the run."""
    async with TableClient.from_connection_string(fleet.direct_storage, "ledger") as ledger:
        found = ledger.query_entities("RowKey eq 'mail'", select=["PartitionKey", "State", "Stopped", "Timeline"])
        return {str(row["PartitionKey"]): _row(row) async for row in found}


def _row(columns: dict[str, Any]) -> Row:
    reasons = [reason for _at, _state, reason in json.loads(columns["Timeline"])]
    return Row(str(columns["State"]), bool(columns.get("Stopped")), reasons.count("paced"))


def _dot(mail: dict[str, Any]) -> Dot:
    sender = next((value for name, value in mail["headers"] if name.lower() == "from"), "")
    at = datetime.fromisoformat(mail["received_at"]).timestamp()
    return Dot(at, str(mail["mailbox"]), host_of(sender), mail_id_of(str(mail["message_id"])))

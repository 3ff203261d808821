"""What one mail asks of storage: sends it through a door of a running devcloud and reads the proxy's counters."""

import asyncio
import base64
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientSession, ClientTimeout
from azure.storage.queue.aio import QueueClient

from devcloud.processes import StartFault

DOORS = ("http", "queue")
DELAYS = {"none": "nothing delays it", "send-at": "send_at 3 s ahead", "432": "432 once, 15 s"}
"""Names of what may hold a mail up, with the words for the table."""

AHEAD = timedelta(seconds=3)
"""For `send_at`; more than the two seconds within which a mail is on time."""

MAIL_SECONDS = 60.0
"""For one mail: a 432 puts it off by up to 15 seconds, and the host looks into its queue every second."""

_POLL_SECONDS = 0.1
_REQUEST_SECONDS = 10.0
_GET = "queue.get-messages"
_SHORT = {"queue.put-message": "put", _GET: "get", "queue.delete-message": "delete"}
_TEXT = "Volume /var/lib/data on db-01 is at 93 % and grows by 2 GB an hour.\n" * 21  # about 2 kB with the headers


@dataclass(frozen=True, slots=True)
class MailCost:
    """Transactions of one mail by operation, the host's gets as explained at `costs`."""

    operations: Mapping[str, int]

    @property
    def all(self) -> int:
        """All of them."""
        return sum(self.operations.values())

    def words(self, service: str) -> str:
        """The operations with one service and their numbers, such as `1 put, 1 get`; '' for none."""
        own = {name: number for name, number in self.operations.items() if name.startswith(f"{service}.")}
        return ", ".join(f"{number} {_SHORT.get(name, name.partition('.')[2])}" for name, number in sorted(own.items()))


def cost(operations: Mapping[str, int]) -> MailCost:
    """The mail's part of what the proxy counted while nothing but this mail was under way.

    A get that returned nothing is the host's idle poll; how many of them fall into a mail's time is chance. A message that
    was deleted was got once, and with one mail at a time by a get of its own.
    """
    own = {name: number for name, number in operations.items() if name != _GET}
    if deleted := own.get("queue.delete-message", 0):
        own[_GET] = deleted
    return MailCost(own)


@dataclass(frozen=True, slots=True)
class Meter:
    """Sends mails to a devcloud. `line` is what `up` printed."""

    line: Mapping[str, Any]
    http: ClientSession
    outbox: QueueClient
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    @asynccontextmanager
    async def of(cls, line: Mapping[str, Any]) -> AsyncIterator["Meter"]:
        """A meter for the devcloud that printed this line."""
        async with (
            ClientSession(timeout=ClientTimeout(total=_REQUEST_SECONDS), raise_for_status=True) as http,
            QueueClient.from_connection_string(line["storage"], "outbox") as outbox,
        ):
            yield cls(line, http, outbox)

    async def warm_up(self) -> None:
        """A mail that makes the tables and queues; a put that found no queue leaves no message, so it is told by its end."""
        accepted = await self._accepted()
        await self._knock("queue", self._envelope("none"))
        async for operations in self._watched("the first mail"):
            if operations.get("queue.delete-message", 0) >= 2 and await self._accepted() > accepted:
                return

    async def mail(self, door: str, delay: str) -> MailCost:
        """Send one mail and wait until it is gone; raises `StartFault` where it does not arrive."""
        scenarios = [{"name": "concurrent-connections", "count": 1}] if delay == "432" else []
        async with self.http.put(f"{self.line['inbox']}/api/faults", json={"scenarios": scenarios}):
            pass
        accepted = await self._accepted()
        async with self.http.delete(f"{self.line['inbox']}/api/storage/operations"):
            pass
        await self._knock(door, self._envelope(delay))
        return cost(await self._finished(accepted + 1, f"{door}, {DELAYS[delay]}"))

    def _envelope(self, delay: str) -> bytes:
        envelope = {"id": f"bench-{next(self.numbers)}", "sender": "alerts", "to": ["ops@contoso.test"], "subject": "Disk"}
        if delay == "send-at":
            envelope["send_at"] = (datetime.now(UTC) + AHEAD).isoformat()
        return json.dumps({**envelope, "text": _TEXT}).encode()

    async def _knock(self, door: str, envelope: bytes) -> None:
        if door == "queue":
            await self.outbox.send_message(base64.b64encode(envelope).decode())
            return
        headers = {"content-type": "application/json", "x-functions-key": self.line["function_key"]}
        async with self.http.post(f"{self.line['functions'][0]}/api/messages", data=envelope, headers=headers):
            pass

    async def _finished(self, accepted: int, what: str) -> Mapping[str, int]:
        """The counters once Exchange has the mail and every message that was put is deleted, the last thing that happens."""
        async for operations in self._watched(what):
            left = operations.get("queue.put-message", 0) - operations.get("queue.delete-message", 0)
            if not left and await self._accepted() >= accepted:
                return operations
        raise StartFault("the counters cannot be watched")

    async def _watched(self, what: str) -> AsyncIterator[Mapping[str, int]]:
        """The counters, again and again; raises `StartFault` when the time is over."""
        deadline = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < deadline:
            yield (await self._get("storage/operations"))["operations"]
            await asyncio.sleep(_POLL_SECONDS)
        raise StartFault(f"a mail ({what}) did not arrive within {MAIL_SECONDS:g} seconds")

    async def _accepted(self) -> int:
        return int((await self._get("stats"))["accepted"])

    async def _get(self, path: str) -> Mapping[str, Any]:
        async with self.http.get(f"{self.line['inbox']}/api/{path}") as answer:
            document: Mapping[str, Any] = await answer.json()
            return document

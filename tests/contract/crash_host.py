"""A host for one mail: it delivers messages, ticks, lets time pass, and starts a new worker when one was killed.

Storage is a real Azurite behind a proxy, Exchange a simulator. Time is the host's own: a message that hides for a while
shows itself when the host's clock gets there, and a dead worker's message when its lease is over.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from aiohttp import web
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from devcloud.listening import drop
from devcloud.storage_operations import Operation
from devcloud.storage_proxy import Forward
from tests.contract.crash_forks import CALL_SECONDS, Died, Forks, Worker
from tests.contract.crash_points import Reaper

LEASE = 600.0
"""Seconds for which a message stays hidden whose worker died (functions reference 2.3)."""

FORGOTTEN = 960.0
"""Seconds after which the sweep looks for a mail without a message: its 15 minutes, and one more."""

FAR = 7 * 24 * 3600
"""Seconds; Azurite shall never show a message by itself."""

ROUNDS = 60
"""More than any mail needs; a mail that never comes to rest is a failure."""

AT_REST = frozenset({"sent", "rejected", "parked", "unknown", "expired", "cancelled"})

_PUT = re.compile(rb"<MessageId>([^<]+)</MessageId>.*<PopReceipt>([^<]+)</PopReceipt>", re.DOTALL)


class Forgets(Enum):
    """When somebody clears the queue `sending`."""

    NOTHING = auto()
    AFTER_ACCEPT = auto()
    AT_DEATH = auto()


@dataclass
class Message:
    """A message on `sending` as its host knows it: `at` is when it shows itself, `shown` whether Azurite shows it."""

    id: str
    receipt: str
    at: float
    shown: bool


@dataclass
class Host:
    """One mail's host. `exits` are the exit codes of its workers that died, `now` is seconds since the mail came."""

    forks: Forks
    queue: QueueClient
    body: str
    forgets: Forgets = Forgets.NOTHING
    reaper: Reaper = field(init=False)
    job: Mapping[str, Any] = field(init=False)
    now: float = 0.0
    told_yes: bool = False
    exits: list[int] = field(default_factory=list)
    _producer_at: float = 0.0
    _messages: dict[str, Message] = field(default_factory=dict)
    _worker: Worker | None = None
    _renewed: asyncio.Event = field(default_factory=asyncio.Event)

    def kill(self) -> None:
        """Kill the worker; whoever waited for it goes on."""
        if self._worker is not None:
            self._worker.kill()
        self._renewed.set()

    async def pause(self, _seconds: float) -> None:
        """The simulator is slow: meanwhile the worker renews its lease, once."""
        self._renewed.clear()
        assert self._worker is not None
        self._worker.elapse()
        async with asyncio.timeout(CALL_SECONDS):
            await self._renewed.wait()

    async def around(self, request: web.Request, operation: Operation, forward: Forward) -> web.StreamResponse:
        """Every request of the worker to its storage; a write is a point at which it may die.

        The desk writes the pace's row beside the mail, so that its place among the points is chance: it is none of them.
        """
        if request.method in {"GET", "HEAD"} or operation.resource == "pace":
            return await forward()
        number = self.reaper.enter(f"{operation.name} {operation.resource}".rstrip())
        if number is None:
            return drop(request)
        answer = await forward()
        if operation.name == "queue.put-message" and operation.resource == "sending":
            self._note(answer, int(request.query.get("visibilitytimeout", 0)))
        alive = self.reaper.leave(number)
        self._renewed.set()
        return answer if alive else drop(request)

    async def run(self) -> dict[str, Any]:
        """Work until the mail rests and nothing is left to deliver, and stays so; gives what the app says of it."""
        rested = False
        for _ in range(ROUNDS):
            idle = await self._round() and self.told_yes and not self._messages
            if idle and rested:
                status: dict[str, Any] = await self._call("look")
                return status
            rested = idle and await self._call("state") in AT_REST
            self.now = self._next()
        raise AssertionError("the mail does not come to rest")

    def end(self) -> None:
        """No more calls."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.exit_code()
            self._worker = None

    async def _round(self) -> bool:
        """Everything that is due now; False where the worker died of it."""
        try:
            if not self.told_yes and self._producer_at <= self.now:
                self._producer_at = self.now + LEASE
                await self._call("take", self.body)
                self.told_yes = True
                if self.forgets is Forgets.AFTER_ACCEPT:
                    await self._forget()
            due = await self._due()
            for message in due:
                await self._call("process", message.content)
                known = self._messages.pop(message.id)
                await self.queue.delete_message(known.id, known.receipt)
            if not due:
                await self._call("tick")
        except Died:
            if self.forgets is Forgets.AT_DEATH:
                await self._forget()
            return False
        return True

    async def _call(self, name: str, argument: str = "") -> Any:  # noqa: ANN401 - whatever the worker says
        self.reaper.during = name
        if self._worker is None:
            self._worker = await Worker.start(self.forks, self.job)
        try:
            return await self._worker.call(name, self.now, argument)
        except Died:
            self.exits.append(self._worker.exit_code())
            self._worker = None
            raise

    async def _due(self) -> list[Any]:
        """Take the messages that show themselves now."""
        for message in self._messages.values():
            if message.at <= self.now and not message.shown:
                shown = await self.queue.update_message(message.id, message.receipt, visibility_timeout=0)
                message.receipt, message.shown = str(shown.pop_receipt), True
        try:
            found = [taken async for taken in self.queue.receive_messages(max_messages=32, visibility_timeout=FAR)]
        except ResourceNotFoundError:
            return []
        for taken in found:
            self._messages[taken.id] = Message(taken.id, str(taken.pop_receipt), self.now + LEASE, shown=False)
        return found

    async def _forget(self) -> None:
        """The queue is cleared."""
        await self.queue.clear_messages()
        self._messages.clear()

    def _note(self, answer: web.StreamResponse, delay: int) -> None:
        assert isinstance(answer, web.Response)
        body = answer.body
        found = _PUT.search(body) if isinstance(body, bytes) else None
        if found is not None:
            message_id, receipt = (text.decode() for text in found.groups())
            self._messages[message_id] = Message(message_id, receipt, self.now + delay, shown=delay == 0)

    def _next(self) -> float:
        """When something happens again."""
        times = [message.at for message in self._messages.values()]
        if not self.told_yes:
            times.append(self._producer_at)
        return max(self.now, min(times, default=self.now + FORGOTTEN))

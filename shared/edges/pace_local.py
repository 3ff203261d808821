"""Each mailbox's pace inside one process: its connections and its mails in a sliding minute.

One process only: several instances on one mailbox do not know of each other here. A mail whose slot is near waits in place;
a mail whose slot is far goes back to the queue until then.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from shared.rules.config import Sender
from shared.rules.pace import Later, next_slot

WAIT_IN_PLACE = 4.0
"""Seconds. Longer waits belong into the queue: a waiting invocation holds one of the host's places."""

WAIT_FOR_CONNECTION = 60.0
"""Seconds. A full batch of the host shares three connections; far below the function's limit of ten minutes."""

BUSY = 5.0
"""Seconds until a mail comes back that found every connection of its mailbox taken for `WAIT_FOR_CONNECTION`."""


class _Mailbox:
    def __init__(self, sender: Sender) -> None:
        self.per_minute = sender.messages_per_minute
        self.booked: deque[float] = deque(maxlen=sender.messages_per_minute)
        self.connections = asyncio.Semaphore(sender.connections)


class LocalPace:
    """Turns for the mailboxes that this process sends from. `clock` may be any clock in seconds that only goes forward."""

    def __init__(self, *, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._mailboxes: dict[str, _Mailbox] = {}

    async def turn(self, mailbox: str, sender: Sender) -> AbstractAsyncContextManager[None] | Later:
        """Take one of the mailbox's connections and book the next place in its minute, or say when to come back.

        The place is booked last: a time booked before a long wait for a connection would let a later minute overflow.
        """
        box = self._mailboxes.setdefault(mailbox, _Mailbox(sender))
        if (wait := self._wait(box)) > WAIT_IN_PLACE:
            return Later(wait)
        try:
            async with asyncio.timeout(WAIT_FOR_CONNECTION):
                await box.connections.acquire()
        except TimeoutError:
            return Later(BUSY)
        if (wait := self._wait(box)) > WAIT_IN_PLACE:
            box.connections.release()
            return Later(wait)
        slot = self._clock() + wait
        box.booked.append(slot)
        return self._hold(box, slot)

    def _wait(self, box: _Mailbox) -> float:
        now = self._clock()
        return next_slot(box.booked, box.per_minute, now) - now

    @asynccontextmanager
    async def _hold(self, box: _Mailbox, slot: float) -> AsyncIterator[None]:
        try:
            wait = slot - self._clock()
            if wait > 0:
                await self._sleep(wait)
            yield
        finally:
            box.connections.release()

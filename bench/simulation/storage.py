"""Storage as a model: a queue with visibility times, and the rows of paces with conditional writes; both take their time."""

import asyncio
import heapq
import math
from dataclasses import dataclass, field
from random import Random

from shared.rules.pace import Pace, PaceEntry
from shared.rules.storage_errors import Conflict


@dataclass
class Delay:
    """How long a call takes: about `usual` seconds, and now and then `stall`."""

    random: Random
    usual: float = 0.01
    stall: float = 1.0
    stalls: float = 0.001

    async def half(self) -> None:
        """The way there, or back."""
        seconds = self.stall if self.random.random() < self.stalls else self.usual * self.random.uniform(0.5, 1.5)
        await asyncio.sleep(seconds / 2)


@dataclass
class Rows:
    """The table: each row has a version, and a write that was made from another version fails."""

    delay: Delay
    rows: dict[str, tuple[Pace, int]] = field(default_factory=dict)
    reads: int = 0
    writes: int = 0
    races: int = 0

    async def read(self, mailbox: str) -> PaceEntry:
        """As the port says."""
        self.reads += 1
        await self.delay.half()
        pace, version = self.rows.get(mailbox, (Pace(), 0))
        await self.delay.half()
        return PaceEntry(pace, str(version) if version else "")

    async def write(self, mailbox: str, pace: Pace, known: PaceEntry) -> PaceEntry:
        """As the port says."""
        self.writes += 1
        await self.delay.half()
        _, version = self.rows.get(mailbox, (Pace(), 0))
        if known.etag != (str(version) if version else ""):
            self.races += 1
            await self.delay.half()
            raise Conflict
        self.rows[mailbox] = (pace, version + 1)
        await self.delay.half()
        return PaceEntry(pace, str(version + 1))


@dataclass(order=True)
class Message:
    """A message on the queue; `visible` is when it can be taken."""

    visible: float
    number: int
    mail: int = field(compare=False)


@dataclass
class Queue:
    """A storage queue: whole seconds of invisibility, and a lease for whoever takes a message."""

    lease: float
    puts: int = 0
    _heap: list[Message] = field(default_factory=list)

    def put(self, mail: int, delay: float, now: float) -> None:
        """Put a message that shows itself after `delay` seconds."""
        self.puts += 1
        heapq.heappush(self._heap, Message(now + math.ceil(max(0.0, delay)), self.puts, mail))

    def take(self, most: int, now: float) -> list[Message]:
        """Up to `most` visible messages; whoever takes them renews their leases for as long as it lives."""
        taken: list[Message] = []
        while self._heap and self._heap[0].visible <= now and len(taken) < most:
            taken.append(heapq.heappop(self._heap))
        return taken

    def orphaned(self, message: Message, now: float, part: float) -> None:
        """Who held it is dead: it shows itself when this part of its lease is over."""
        heapq.heappush(self._heap, Message(now + part * self.lease, message.number, message.mail))

    def __len__(self) -> int:
        return len(self._heap)

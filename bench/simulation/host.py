"""One instance of the app: it polls the queue as the Functions host does, and its mails meet the app's own pace."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from bench.simulation.exchange import Answer, Exchange
from bench.simulation.storage import Message, Queue, Rows
from shared.desk_parts import DeskTimes
from shared.pacing import Pacer, Turn
from shared.rules.config import OnUnknown, Sender
from shared.rules.pace import Lane, Later, Pace, PaceEntry, Place, Request

BATCH, THRESHOLD, LONGEST_REST = 32, 96, 1.0
"""host.json of the app."""

LEAST_REST = 0.1
"""Seconds between two looks into an empty queue at first; they double (azure-functions reference, 2.3)."""

AFTER_432 = 15.0
"""Seconds until a mail is tried again that met too many connections."""

_numbers = count(1)


@dataclass
class SimMail:
    """One mail: when it was accepted, what became of it."""

    number: int
    lane: Lane
    accepted: float
    recipients: int = 1
    place: Place | None = None
    left: float | None = None
    deferrals: int = 0


@dataclass(frozen=True)
class Speeds:
    """Seconds that the parts of a transaction take: opening a session, its envelope, DATA up to the dot, and the reply."""

    connect: float = 0.05
    envelope: float = 0.01
    data: float = 0.01
    reply: float = 0.02


@dataclass
class Scene:
    """What all instances share."""

    mails: list[SimMail]
    queue: Queue
    rows: Rows
    mailboxes: dict[str, Exchange]
    sender: Sender
    random: Random
    speeds: Speeds = field(default_factory=Speeds)
    finished: Callable[[SimMail], None] = lambda _mail: None


def sender_of(mailboxes: dict[str, Exchange]) -> Sender:
    """A sender with these mailboxes, whose limits in mail.toml are Exchange's."""
    first = next(iter(mailboxes.values()))
    return Sender(
        name="sim",
        from_name="",
        from_address="sim@contoso.test",
        mailboxes=tuple(mailboxes),
        on_unknown=OnUnknown.RESEND,
        allow_recipients=("*",),
        expires_after=86_400.0,
        messages_per_minute=first.per_minute,
        connections=first.connections,
        recipients_per_day=first.per_day,
    )


class Host:
    """A process. `skew` is what its idea of storage's time is off by, in seconds."""

    def __init__(self, name: str, scene: Scene, *, skew: float = 0.0) -> None:
        self._scene = scene
        self._resting: dict[str, list[int]] = {box: [] for box in scene.mailboxes}
        self._open: dict[int, str] = {}
        self._held: dict[int, Message] = {}
        self._loop = asyncio.get_running_loop()
        times = DeskTimes(lambda: self._loop.time() + skew, asyncio.sleep, scene.random.random)
        self._dead = False
        self._pacer = Pacer(owner=name, rows=self, connections=self, times=times)
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._listen())

    def kill(self) -> None:
        """SIGKILL: everything stops, nothing more is written, and its sockets close."""
        self._dead = True
        for task in self._tasks:
            task.cancel()
        for connection, box in self._open.items():
            self._scene.mailboxes[box].goodbye(connection)
        self._open.clear()
        for message in self._held.values():
            # The host renews a lease when half of it is over.
            self._scene.queue.orphaned(message, self._loop.time(), self._scene.random.uniform(0.5, 1.0))

    async def read(self, mailbox: str) -> PaceEntry:
        """The pace's row; never for a dead process, whose cancelled tasks would otherwise tidy up."""
        await self._alive()
        return await self._scene.rows.read(mailbox)

    async def write(self, mailbox: str, pace: Pace, known: PaceEntry) -> PaceEntry:
        """As `read`."""
        await self._alive()
        return await self._scene.rows.write(mailbox, pace, known)

    async def _alive(self) -> None:
        if self._dead:
            await asyncio.Event().wait()

    async def rest(self, mailbox: str, keep: int) -> None:
        """Close resting connections, as the port says."""
        resting = self._resting[mailbox]
        while len(resting) > keep:
            await self._close(mailbox, resting.pop())

    async def _listen(self) -> None:
        rest = LEAST_REST
        while True:
            if len(self._tasks) - 1 > THRESHOLD:
                await asyncio.sleep(0.05)
                continue
            await self._scene.rows.delay.half()
            messages = self._scene.queue.take(BATCH, self._loop.time())
            self._held.update({message.number: message for message in messages})
            await self._scene.rows.delay.half()
            for message in messages:
                self._start(self._process(message))
            rest = LEAST_REST if messages else min(LONGEST_REST, 2 * rest)
            if not messages:
                await asyncio.sleep(rest * self._scene.random.uniform(0.8, 1.2))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _process(self, message: Message) -> None:
        mail = self._scene.mails[message.mail]
        await self._scene.rows.delay.half()
        await self._scene.rows.delay.half()
        if mail.left is None:
            later = await self._send(mail)
            if later is not None:
                mail.place = later.place or mail.place
                mail.deferrals += 1
                await self._scene.rows.delay.half()
                self._scene.queue.put(mail.number, later.seconds, self._loop.time())
        await self._scene.rows.delay.half()
        self._held.pop(message.number, None)

    async def _send(self, mail: SimMail) -> Later | None:
        scene = self._scene
        box = self._pacer.in_order(tuple(scene.mailboxes), scene.sender, mail.place)[0]
        request = Request(str(mail.number), mail.lane, mail.recipients, place=mail.place)
        turn = await self._pacer.turn(box, scene.sender, request)
        if isinstance(turn, Later):
            return turn
        async with turn:
            connection = await self._session(box)
            return await self._transact(box, connection, turn, mail)

    async def _session(self, box: str) -> int:
        if self._resting[box]:
            return self._resting[box].pop()
        connection = next(_numbers)
        self._open[connection] = box
        await asyncio.sleep(self._scene.speeds.connect * self._scene.random.uniform(0.7, 1.5))
        self._scene.mailboxes[box].login(connection)
        return connection

    async def _transact(self, box: str, connection: int, turn: Turn, mail: SimMail) -> Later | None:
        exchange, speeds, loop = self._scene.mailboxes[box], self._scene.speeds, self._loop
        exchange.submit(connection)
        await asyncio.sleep(speeds.envelope)
        later = await turn.ready()
        if later is not None:
            exchange.done(connection)
            self._resting[box].append(connection)
            return later
        await self._scene.rows.delay.half()
        await self._scene.rows.delay.half()
        await asyncio.sleep(speeds.data)
        began = loop.time()
        answer, wait = exchange.dot(connection, mail.lane, mail.recipients, began)
        if answer in (Answer.ACCEPTED, Answer.DELAYED):
            mail.left = began
            self._scene.finished(mail)
        await asyncio.sleep(wait + (0.0 if answer is Answer.CONCURRENT else speeds.reply))
        exchange.done(connection)
        turn.dotted(loop.time() - began, 2_000, refused=answer is Answer.CONCURRENT)
        if answer is Answer.CONCURRENT:
            await self._close(box, connection)
            return Later(AFTER_432)
        self._resting[box].append(connection)
        return None

    async def _close(self, box: str, connection: int) -> None:
        self._open.pop(connection, None)
        self._scene.mailboxes[box].goodbye(connection)
        await asyncio.sleep(self._scene.speeds.envelope)

"""Processes that send through one mailbox on a virtual clock, and Exchange's view of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.desk_parts import DeskTimes
from shared.pacing import Pacer
from shared.rules.config import OnUnknown, Sender
from shared.rules.pace import Lane, Later, Pace, Place, Request, pace_key
from shared.rules.pace_turns import held
from tests.fakes.pace_rows import FakeRows

BOX = "alerts@contoso.test"
KEY = pace_key(BOX)


def sender(
    per_minute: int = 600, connections: int = 3, per_day: int = 100_000, mailboxes: tuple[str, ...] = (BOX,)
) -> Sender:
    """A sender whose mailboxes have these limits."""
    return Sender(
        name="alerts",
        from_name="",
        from_address=BOX,
        mailboxes=mailboxes,
        on_unknown=OnUnknown.RESEND,
        allow_recipients=("*",),
        expires_after=86_400.0,
        messages_per_minute=per_minute,
        connections=connections,
        recipients_per_day=per_day,
    )


def clock() -> float:
    """Virtual epoch seconds."""
    return asyncio.get_running_loop().time()


def row(rows: FakeRows, pace: Pace | None = None, mailbox: str = BOX) -> Pace:
    """A mailbox's row; given one, it is somebody else's write."""
    found, version = rows.rows.get(mailbox, (Pace(), 0))
    if pace is not None:
        rows.rows[mailbox] = (pace, version + 1)
        return pace
    return found


@dataclass
class Exchange:
    """What the other side sees: when mails came, and connections, resting ones included."""

    dots: list[float] = field(default_factory=list)
    open: int = 0
    most: int = 0


@dataclass(frozen=True)
class Goodbye:
    """A resting connection was closed: when, how many stayed, and how many turns the row said that this process had."""

    at: float
    keep: int
    turns: int


class Office:
    """One process. `skew` is by how much its idea of storage's time is ahead."""

    def __init__(
        self,
        rows: FakeRows,
        owner: str = "a",
        *,
        like: Sender | None = None,
        exchange: Exchange | None = None,
        skew: float = 0.0,
    ) -> None:
        self.rows, self.owner = rows, owner
        self.sender = like or sender()
        self.exchange = exchange or Exchange()
        self.goodbyes: list[Goodbye] = []
        self.resting = 0
        times = DeskTimes(lambda: clock() + skew, asyncio.sleep, lambda: 0.5)
        self.pacer = Pacer(owner=owner, rows=rows, connections=self, times=times)

    async def rest(self, mailbox: str, keep: int) -> None:
        """As the port of connections says; a goodbye takes its time."""
        mine = held(row(self.rows, mailbox=mailbox), self.owner, clock())
        self.goodbyes.append(Goodbye(clock(), keep, mine.count if mine else 0))
        while self.resting > keep:
            self.resting -= 1
            await asyncio.sleep(0.01)
            self.exchange.open -= 1

    async def send(
        self,
        mail: str = "m",
        lane: Lane = Lane.BULK,
        *,
        place: Place | None = None,
        recipients: int = 1,
        prepare: float = 0.02,
        reply: float = 0.02,
        refused: bool = False,
        unused: bool = False,
    ) -> float | Later:
        """Send one mail: when its final dot was, or when it should come back. An `unused` one ends before its dot."""
        turn = await self.pacer.turn(BOX, self.sender, Request(mail, lane, recipients, place=place))
        if isinstance(turn, Later):
            return turn
        async with turn:
            self._dial()
            await asyncio.sleep(prepare)
            later = None if unused else await turn.ready()
            at = clock()
            if later is None and not unused:
                self.exchange.dots.append(at)
                await asyncio.sleep(reply)
                turn.dotted(reply, 2_000, refused=refused)
            self.resting += 1
            return later or at

    async def deliver(self, mail: str, lane: Lane = Lane.BULK) -> int:
        """Send one mail, however often it has to come back; how often that was."""
        place, times = None, 0
        while isinstance(answer := await self.send(mail, lane, place=place), Later):
            times, place = times + 1, answer.place or place
            await asyncio.sleep(answer.seconds)
        return times

    def _dial(self) -> None:
        if self.resting:
            self.resting -= 1
            return
        self.exchange.open += 1
        self.exchange.most = max(self.exchange.most, self.exchange.open)


async def until(happened: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait for something, looking every few milliseconds."""
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110 - virtual time is free
            await asyncio.sleep(0.005)

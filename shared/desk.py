"""One mailbox's desk in this process: its mails wait here for a slot, and it books in the shared row for all of them.

    a mail comes → the desk books slots for those in hand, one write for all → the mail opens its session → its slot → DATA

The row decides; what a desk remembers of it is only used to write the next version, and a write that finds another version
is done again on that one (`rules/pace_booking.py`). A desk works only while it has mails or open connections.
"""

import asyncio
import math

from shared.desk_mails import AFTER_ALL, PATIENCE, MailsInHand
from shared.desk_parts import (
    LOST_RACE,
    NEAR,
    POLL,
    QUEUE,
    SOONEST,
    SPARE,
    STORAGE_PAUSE,
    Cost,
    DeskTimes,
    Mailbox,
)
from shared.desk_row import KnownRow
from shared.pace_ports import Connections, PaceRows
from shared.permits import Permits
from shared.rules import pace_share, pace_turns
from shared.rules.pace import Later, Pace
from shared.rules.pace_booking import Ask, Booking, Want, book, soonest
from shared.rules.pace_line import Lines
from shared.rules.pace_slots import next_slot
from shared.rules.storage_errors import Conflict, StorageUnavailable


class Desk:
    """The loop that books for the mails in hand of one mailbox. `owner` is this process's name in the row."""

    def __init__(self, mailbox: Mailbox, *, owner: str, rows: PaceRows, connections: Connections, times: DeskTimes) -> None:
        self.mailbox = mailbox
        self.limits = mailbox.limits
        self.mails = MailsInHand(mailbox.key, times.clock)
        self.permits = Permits()
        self.cost = Cost()
        self.times = times
        self._owner = owner
        self._row = KnownRow(mailbox.address, owner=owner, rows=rows)
        self._connections = connections
        self._refused = self._slowed = False
        self._wake = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    @property
    def load(self) -> float:
        """Seconds until a mail that comes now would have its slot, as far as this process knows."""
        pace, now = self._row.pace, self.times.clock()
        slot = next_slot(pace.slots, self.limits, pace.share.rate, now) - now
        lines = Lines(pace, self.limits, now)
        return self.mails.new * self.limits.interval + slot + sum(lines.length.values())

    async def slot(self, want: Want) -> float | Later:
        """A slot and a connection for this mail, or when it should come back.

        Raises the storage's errors that do not pass by themselves.
        """
        at = await self._booked(want)
        if isinstance(at, Later):
            return at
        self.mails.granted += 1
        entered = False
        try:
            entered = await self.permits.enter(PATIENCE)
        finally:
            if not entered:
                self.mails.granted -= 1
                self.mails.give_back(want, at)
        return at if entered else Later(AFTER_ALL, self.mails.place(want.place))

    async def other_slot(self, want: Want, missed: float) -> float | Later:
        """Another slot for a mail that has its connection and missed the one it had."""
        self.mails.give_back(want, missed)
        return await self._booked(want)

    async def leave(self, want: Want, unused: float | None) -> None:
        """The mail is done with its connection; `unused` is the slot that it did not use."""
        self.mails.granted -= 1
        if unused is not None:
            self.mails.give_back(want, unused)
        await self.permits.leave()
        self._nudge()

    def learn(self, *, refused: bool, slowed: bool) -> None:
        """Exchange said 432, or kept us waiting for the rate."""
        self._refused |= refused
        self._slowed |= slowed
        self.permits.restrict(self.permits.held - self._surplus(self._row.pace, self.times.clock()))
        self._nudge()

    def _surplus(self, pace: Pace, now: float) -> int:
        """Turns of ours that foreign load no longer leaves. A refusal counts at once: the next mail would meet the same."""
        known = pace_share.refused(pace, self._owner, self.limits, now) if self._refused else pace
        return pace_turns.surplus(known, self._owner, self.limits, now)

    async def _booked(self, want: Want) -> float | Later:
        answer = self.mails.wait(want)
        self._nudge()
        try:
            return await answer
        finally:
            self.mails.gone(want)

    def _nudge(self) -> None:
        self._wake.set()
        if self._working is None:
            self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        try:
            while True:
                self._wake.clear()  # before the round: what happens during it needs another one
                rest = await self._round()
                if rest is None and not self._wake.is_set():
                    return
                await self._until_woken(rest or 0.0)
        finally:
            self._working = None

    async def _until_woken(self, seconds: float) -> None:
        sleeping = asyncio.ensure_future(self.times.sleep(seconds))
        waking = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()

    async def _round(self) -> float | None:
        """Look, book, write; the seconds until the next look, None where nothing is left to do."""
        try:
            return await self._book()
        except Conflict:
            self._row.forget()
            return SOONEST + LOST_RACE * self.times.chance()
        except StorageUnavailable:
            self._row.forget()
            self.mails.lose_patience()
        except Exception as fault:  # noqa: BLE001 - whatever it is, nobody may wait for a desk that is no more
            self._row.forget()
            self.mails.fail(fault)
        return None if self._is_idle() else STORAGE_PAUSE

    async def _book(self) -> float | None:
        now = self.times.clock()
        if self._is_idle() and not self._row.is_contested(now) and not self.permits.valid(now):
            return await self._close()
        pace = await self._row.look(now)
        ask = self._ask(pace, self.times.clock())
        if ask.turns < self.permits.held:
            self.permits.restrict(ask.turns)
            await self._connections.rest(self.mailbox.address, max(0, ask.turns - self.permits.in_use))
        now = self.times.clock()
        booking = book(pace, ask, self.limits, now)
        if self._is_news(pace, booking, ask, now):
            await self._row.write(booking.pace, now)
            await self._take(ask, booking)
        self.mails.answer(booking)
        return self._rest(booking, now)

    def _ask(self, pace: Pace, now: float) -> Ask:
        wants = self.mails.wants
        turns, room = self._needs(pace, wants, now)
        return Ask(
            owner=self._owner,
            wants=wants,
            room=room + sum(want.ready for want in wants),
            turns=turns,
            prepare=self.cost.prepares,
            corrections=tuple(self.mails.corrections),
            refused=self._refused,
            slowed=self._slowed,
            in_vain=self.mails.in_vain,
        )

    def _needs(self, pace: Pace, wants: list[Want], now: float) -> tuple[int, int]:
        """How many turns are of use, and how many more mails can get a slot."""
        if self._is_idle() or self._far(pace, now) > 0:
            return (0 if self._row.is_contested(now) else self.permits.held), 0
        if (surplus := self._surplus(pace, now)) > 0:
            self.permits.restrict(self.permits.held - surplus)
            return max(self.permits.in_use, self.permits.held - surplus), 0
        if pace_turns.should_yield(pace, self._owner, self.limits, now, takes=self.cost.takes):
            return self.permits.in_use, 0
        full_speed = math.ceil(SPARE * self.cost.takes / self.limits.interval)
        turns = max(self.permits.in_use, min(len(wants) + self.mails.granted, max(1, full_speed)))
        return turns, max(0, turns * max(1, int(QUEUE / self.cost.takes)) - self.mails.granted)

    def _is_news(self, pace: Pace, booking: Booking, ask: Ask, now: float) -> bool:
        """Whether the row has to be written."""
        mine = pace_turns.held(pace, self._owner, now)
        renews = mine is not None and self.mails.granted > 0 and mine.expires - now < pace_turns.RENEW
        return (
            bool(booking.slots or ask.refused or ask.slowed or renews)
            or booking.turns != (mine.count if mine else 0)
            or any(want.place is None for want in ask.wants)
            or pace_turns.wish_of(pace, self._owner) != pace_turns.wish_of(booking.pace, self._owner)
            or (not self.mails.granted and any(one.matters for one in ask.corrections))
        )

    async def _take(self, ask: Ask, booking: Booking) -> None:
        """What the row now says."""
        del self.mails.corrections[: len(ask.corrections)]
        self._refused &= not ask.refused  # what Exchange said during the write is still to be told
        self._slowed &= not ask.slowed
        mine = pace_turns.held(booking.pace, self._owner, self.times.clock())
        await self.permits.grant(mine, surplus=self._surplus(booking.pace, self.times.clock()))
        self.mails.take(booking, list(ask.wants))

    def _rest(self, booking: Booking, now: float) -> float | None:
        """Seconds until the next look."""
        if self._is_idle():
            return max(SOONEST, self.permits.expires - pace_turns.MARGIN - now) if self.permits.held else None
        if not self.permits.held and pace_turns.wish_of(booking.pace, self._owner) is not None:
            self._row.forget()
            return POLL * (0.7 + 0.6 * self.times.chance())
        rests = [self._until_booking(booking, now) + SOONEST]
        if self.permits.held:
            rests.append(self.permits.expires - (pace_turns.RENEW if self.mails.granted else 0.0) - now)
        if self._row.is_contested(now):
            rests.append(pace_turns.QUANTUM)
        return max(SOONEST, min(rests))

    def _until_booking(self, booking: Booking, now: float) -> float:
        """Seconds until a mail in hand may book; while all connections are busy, one that comes free wakes us."""
        far = self._far(booking.pace, now)
        return far if far > 0 or (booking.look == math.inf and not self.mails.granted) else booking.look

    def _far(self, pace: Pace, now: float) -> float:
        """Seconds until the mails in hand are worth a turn; none where some have a slot."""
        return 0.0 if self.mails.granted else soonest(pace, self.mails.wants, self.limits, now) - NEAR

    def _is_idle(self) -> bool:
        return not self.mails.granted and not self.mails.wants

    async def _close(self) -> float | None:
        """An idle connection is kept to the end of its turn by an instance that is alone; then the turn ends by itself."""
        if self.permits.held:
            self.permits.restrict(0)
            await self._connections.rest(self.mailbox.address, 0)
            await self.permits.grant(None)
        return None

"""The mails that this process has in hand for one mailbox: those that wait for a slot, and what became of given slots."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

from shared.desk_parts import Waiter
from shared.rules.pace import Later, Place
from shared.rules.pace_booking import Booking, Correction, Want

PATIENCE = 30.0
"""Seconds in place after which a mail goes back to the queue whatever the row says."""

SOON = 1.0
"""Seconds; a shorter wait is none."""

OVERDUE = 10.0
"""Seconds for which a mail waits at the head of its line before it counts as held up: connections are what is short."""

HELD_UP = 16
"""Mails that wait in place although they are held up: enough for the next turn. The others would only cost renewals."""

RECENT = 30.0
"""Seconds over which it is counted how fast this process sends."""

LONGEST_AWAY = 40.0
"""Seconds after which a mail that was held up comes back at the latest."""

AWAY = 10.0
"""Seconds until a mail comes back that waited in vain."""

AFTER_ALL = 2.0
"""Seconds until a mail comes back that lost its turn."""


class MailsInHand:
    """`key` is the mailbox's. `granted` counts mails that have a slot and are not done with their connection."""

    def __init__(self, key: str, clock: Callable[[], float]) -> None:
        self.granted = 0
        self.came = 0
        self.corrections: list[Correction] = []
        self._key = key
        self._clock = clock
        self._waiting: dict[str, Waiter] = {}
        self._left_at: deque[float] = deque()

    @property
    def wants(self) -> list[Want]:
        """Those that wait."""
        return [waiter.want for waiter in self._unanswered()]

    @property
    def in_vain(self) -> list[Want]:
        """Those that have waited for half of their patience."""
        return [waiter.want for waiter in self._unanswered() if waiter.in_vain(self._clock(), PATIENCE / 2)]

    @property
    def new(self) -> int:
        """Those of them that do not stand in line yet."""
        return sum(want.place is None for want in self.wants)

    def wait(self, want: Want) -> "asyncio.Future[float | Later]":
        """One more mail; its answer is a slot or when to come back."""
        self.came += want.place is None
        waiter = Waiter(want, self._clock(), asyncio.get_running_loop().create_future())
        self._waiting[want.mail_id] = waiter
        return waiter.answer

    def gone(self, want: Want) -> None:
        """The mail has its answer, or its process was stopped."""
        self._waiting.pop(want.mail_id, None)

    def done(self) -> None:
        """A mail has left."""
        self._left_at.append(self._clock())

    def give_back(self, want: Want, slot: float) -> None:
        """A slot that was not used."""
        self.corrections.append(Correction(slot, None, want.recipients, want.external))

    def left(self, want: Want, slot: float, at: float) -> None:
        """The mail left later than booked."""
        self.corrections.append(Correction(slot, at, want.recipients, want.external))

    def take(self, booking: Booking, wants: list[Want]) -> None:
        """Give the booked slots to their mails; those of mails that went away meanwhile are given back."""
        for want in wants:
            at, waiter = booking.slots.get(want.mail_id), self._waiting.get(want.mail_id)
            if at is not None and (waiter is None or not waiter.give(at)):
                self.give_back(want, at)

    def answer(self, booking: Booking) -> None:
        """Send back to the queue whose time is far, and who waited for too long."""
        for mail_id, wait in booking.waits.items():
            waiter = self._waiting.get(mail_id)
            if waiter is None:
                continue
            waiter.stand_at(booking.places[mail_id])
            if wait > waiter.holds:
                waiter.give(Later(waiter.back_in(wait), self.place(waiter.want.place)))
        self._thin_out(booking)
        self.lose_patience()

    def _thin_out(self, booking: Booking) -> None:
        """Where connections are short the line moves slower than it says: send back whom this process cannot serve soon."""
        now = self._clock()
        while self._left_at and self._left_at[0] < now - RECENT:
            self._left_at.popleft()
        each = RECENT / max(1, len(self._left_at))
        held_up = [waiter for waiter in map(self._waiting.get, booking.waits) if waiter and waiter.in_vain(now, OVERDUE)]
        overdue = [waiter for waiter in held_up if booking.waits[waiter.want.mail_id] < SOON and not waiter.want.ready]
        for number, waiter in enumerate(overdue[HELD_UP:], start=HELD_UP):
            waiter.give(Later(min(number * each, LONGEST_AWAY), self.place(waiter.want.place)))

    def lose_patience(self) -> None:
        """Send back who waited for too long."""
        now = self._clock()
        for waiter in self._unanswered():
            if waiter.in_vain(now, PATIENCE):
                waiter.give(Later(AWAY, self.place(waiter.want.place)))

    def fail(self, fault: Exception) -> None:
        """Nobody gets a slot: the row cannot be used."""
        for waiter in self._unanswered():
            waiter.fail(fault)

    def place(self, number: float | None) -> Place | None:
        """A place in this mailbox's line."""
        return None if number is None else Place(self._key, number)

    def _unanswered(self) -> "Iterator[Waiter]":
        return (waiter for waiter in list(self._waiting.values()) if not waiter.answer.done())

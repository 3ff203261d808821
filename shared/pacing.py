"""The pace as a mail meets it: which mailbox of the pool, and a turn there."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from types import TracebackType
from typing import Self

from shared.desk import Desk
from shared.desk_mails import AFTER_ALL
from shared.desk_parts import DeskTimes, Mailbox
from shared.pace_ports import Connections, PaceRows
from shared.rules.config import Sender
from shared.rules.pace import LATE, Later, Place, Request, limits_of, pace_key
from shared.rules.pace_booking import Want
from shared.rules.pace_share import is_slow

WRITTEN_DOWN = 0.25
"""Seconds; a mail that left later than this after its slot is written down as what it was."""


ALIKE = 120.0
"""Seconds; lines of a pool that differ by less count as equally long."""


class Turn:
    """One mail's connection and slot: `async with turn:` until the mail is done. A slot that was not used is given back."""

    def __init__(self, desk: Desk, want: Want, slot: float) -> None:
        self._desk = desk
        self._want = replace(want, ready=True)
        self._slot: float | None = slot
        self._began = desk.times.clock()
        self._waited = 0.0
        self._used = False

    async def __aenter__(self) -> Self:
        """The connection is this mail's already."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """From now on the connection is the next mail's."""
        if self._used:
            self._desk.cost.took(self._desk.times.clock() - self._began - self._waited)
        await self._desk.leave(self._want, None if self._used else self._slot)

    async def ready(self) -> Later | None:
        """Wait for the slot, or for another one where this one is over; `Later` where there is none to be had."""
        began = self._desk.times.clock()
        self._desk.cost.prepared(began - self._began)
        while self._slot is not None and self._desk.permits.valid(now := self._desk.times.clock()):
            if now > self._slot + LATE:
                missed, self._slot = self._slot, None
                other = await self._desk.other_slot(self._want, missed)
                if isinstance(other, Later):
                    return other
                self._slot = other
            elif now < self._slot:
                await self._desk.times.sleep(self._slot - now)
            else:
                self._waited = now - began
                return None
        return Later(AFTER_ALL)

    def dotted(self, reply_seconds: float, octets: int, *, refused: bool) -> None:
        """The final dot went out and its reply took so long; `refused` means that Exchange said 432."""
        self._used = True
        self._desk.mails.done()
        left = self._desk.times.clock() - reply_seconds
        if self._slot is not None and left - self._slot > WRITTEN_DOWN:
            self._desk.mails.left(self._want, self._slot, left)
        slowed = is_slow(reply_seconds, octets)
        if refused or slowed:
            self._desk.learn(refused=refused, slowed=slowed)


class Pacer:
    """Every mailbox's desk in this process. `owner` names the process in the rows."""

    def __init__(self, *, owner: str, rows: PaceRows, connections: Connections, times: DeskTimes) -> None:
        self._owner = owner
        self._rows = rows
        self._connections = connections
        self._times = times
        self._desks: dict[str, Desk] = {}
        self._asked = count()

    def in_order(self, mailboxes: Sequence[str], sender: Sender, place: Place | None) -> list[str]:
        """The pool's mailboxes, best first: where the mail stands in line already, then in turn those with a short line.

        What this process knows of a line is a little old, so that all would run to the same mailbox if the very shortest
        one were taken.
        """
        if len(mailboxes) == 1:
            return list(mailboxes)
        mine = place.mailbox if place else ""
        desks = {mailbox: self._desk(mailbox, sender) for mailbox in mailboxes}
        loads = {mailbox: desk.load for mailbox, desk in desks.items()}
        long = min(loads.values()) + ALIKE

        def key(mailbox: str) -> tuple[bool, bool, int]:
            return desks[mailbox].mailbox.key != mine, loads[mailbox] > long, desks[mailbox].mails.came

        return sorted(mailboxes, key=key)

    async def turn(self, mailbox: str, sender: Sender, request: Request) -> Turn | Later:
        """A turn of this mailbox, or when the mail should come back and where it stands in line.

        Raises the storage's errors that do not pass by themselves.
        """
        desk = self._desk(mailbox, sender)
        stands = request.place.number if request.place and request.place.mailbox == desk.mailbox.key else None
        # Two messages of one mail may meet in one process: each waits for itself, and the claim lets one of them through.
        want = Want(f"{request.mail_id} {next(self._asked)}", request.lane, request.recipients, request.external, stands)
        answer = await desk.slot(want)
        return answer if isinstance(answer, Later) else Turn(desk, want, answer)

    def _desk(self, mailbox: str, sender: Sender) -> Desk:
        key = pace_key(mailbox)
        desk = self._desks.get(key)
        if desk is None:
            desk = Desk(
                Mailbox(mailbox, key, limits_of(sender)),
                owner=self._owner,
                rows=self._rows,
                connections=self._connections,
                times=self._times,
            )
            self._desks[key] = desk
        return desk

"""Nothing depends on luck: the sweep finds mails that nobody works on any more and puts them back (design rule 11).

A cleared queue, a message that outlived its seven days, a bug of the host: the row is still there, and the index of open
mails leads to it. While messages wait on `sending` nothing is swept: what looks overdue may only stand in line.
"""

import logging
from dataclasses import dataclass

from shared.attempt import Attempt, Times
from shared.breakers import Breakers
from shared.placing import SENDING, Placer
from shared.ports import Ledger, OpenMails, Queues
from shared.rules.mail_row import Entry, note, woken
from shared.rules.open_mail import OpenMail
from shared.rules.states import FINAL, WAITS_FOR_A_PERSON, State
from shared.rules.stops import Phase
from shared.rules.storage_errors import BrokenRow, Conflict, NewerRow
from shared.telemetry import Attr, Metric, Telemetry

log = logging.getLogger("keyless_mail")

HELD_LONG = 3600.0
"""Seconds until a mail that is held at a stop is looked at again: whoever lifts the stop finds it without the sweep."""

OVERDUE = 900.0
"""Seconds past its time after which a mail counts as forgotten: longer than the host keeps a dead instance's message."""

MOST = 200
"""Mails looked at by one tick, the longest overdue first, so that a tick stays far below the function's limit."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The story. `ledger` and `open_mails` are usually the same edge."""

    ledger: Ledger
    open_mails: OpenMails
    queues: Queues
    placer: Placer
    breakers: Breakers
    telemetry: Telemetry
    times: Times

    async def run(self) -> int:
        """Look at the mails that are overdue; gives how many were put back."""
        if await self.queues.peek_visible(SENDING):
            return 0
        overdue = await self.open_mails.due(self.times.clock() - OVERDUE)
        found = [await self._look(mail) for mail in overdue[:MOST]]
        return sum(found)

    async def _look(self, mail: OpenMail) -> bool:
        """Whether the mail was put back."""
        try:
            entry = await self.ledger.read(mail.mail_id)
        except NewerRow:
            return False
        except BrokenRow:
            await self.open_mails.hold(mail)
            return False
        if entry is None or entry.row.state in FINAL:
            await self.open_mails.settle(mail)
            return False
        if entry.row.state in WAITS_FOR_A_PERSON:
            await self.open_mails.hold(mail)
            return False
        return await self._open(mail, entry)

    async def _open(self, mail: OpenMail, entry: Entry) -> bool:
        now = self.times.clock()
        row = entry.row
        if row.stopped and await self._stands(row.stopped):
            await self.open_mails.stop(row, row.stopped)
            await self.open_mails.look_again(mail, now + HELD_LONG)
            return False
        expected = (row.lease_until or row.due) if row.state is State.SENDING else row.due
        if expected + OVERDUE > now:
            await self.open_mails.look_again(mail, expected)
            return False
        log.warning("mail %s was forgotten in state %s and is put back", row.id, row.state)
        self.telemetry.count(Metric.SWEPT, {Attr.STATE: row.state.value})
        try:
            await self._put_back(entry, now)
        except Conflict:
            return False  # somebody works on it after all
        await self.open_mails.look_again(mail, now)
        return True

    async def _put_back(self, entry: Entry, now: float) -> None:
        if entry.row.state is State.WAITING:
            await self.placer.again(entry, note(woken(entry.row, now), at=now, reason="swept"), delay=0.0, now=now)
            return
        await Attempt(entry, ledger=self.ledger, placer=self.placer, times=self.times).declare_dead()

    async def _stands(self, key: str) -> bool:
        stops = [entry.stop for entry in await self.breakers.records()]
        return any(stop.place.key == key and stop.phase is Phase.STANDING for stop in stops)

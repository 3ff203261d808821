"""The stop button, and the end of every stop: pauses by hand, trials when their time has come, and mails put back.

pause → mails wait where they would have passed → resume → they are put back
a breaker trips → trial at its time: a login, or one mail → it went well → they are put back, slowly after a lockout
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from shared.breakers import RACES, Breakers, record_at
from shared.placing import Placer
from shared.ports import Ledger, OpenMails
from shared.rules import breakers as rules
from shared.rules.config import MailConfig
from shared.rules.mail_row import Entry, note, woken
from shared.rules.open_mail import OpenMail
from shared.rules.outcome import Reason
from shared.rules.states import UNDER_WAY, State
from shared.rules.stops import Phase, Place, Scope, Stop, StopEntry, Trial, mailbox, on_trial, send_as, wants_trial
from shared.rules.storage_errors import BrokenRow, Conflict, NewerRow
from shared.transmission import Transmission

log = logging.getLogger("keyless_mail")

MOST = 500
"""Mails put back in one go: more than a mailbox sends until the next tick, and a few seconds of storage calls."""

AT_ONCE = 8
"""Mails put back side by side."""

SLOWLY = 8.0
"""Seconds between two mails that are put back after a lockout: a quarter of the 30 a minute that a mailbox may send."""

STRAGGLERS = 60.0
"""Seconds for which the record of an ended stop is kept: a process that has not noticed yet may still hold a mail there."""

PAUSED = Reason("paused", "an operator has paused sending here", "python -m ops resume, when the reason is gone")


@dataclass(frozen=True, slots=True)
class Resumed:
    """The stops that were lifted, and how many mails were put back at once; the tick goes on with the rest."""

    stops: tuple[Stop, ...]
    mails: int


@dataclass(frozen=True, slots=True)
class StopKeeper:
    """The story. `ledger` and `open_mails` are usually the same edge."""

    config: MailConfig
    breakers: Breakers
    ledger: Ledger
    open_mails: OpenMails
    placer: Placer
    transmission: Transmission
    clock: Callable[[], float]

    async def standing(self) -> list[Stop]:
        """What holds mails back now."""
        return [entry.stop for entry in await self.breakers.records(within=0.0) if entry.stop.phase is Phase.STANDING]

    async def pause(self, place: Place, *, who: str, why: str) -> Stop:
        """Let mails wait at this place until somebody resumes it; works everywhere within five seconds."""
        stop = Stop(place, Phase.STANDING, PAUSED, since=self.clock(), by=f"{who}: {why}")
        for _ in range(RACES):
            known = record_at(await self.breakers.records(within=0.0), place)
            if await self.breakers.write(stop, known):
                return stop
        raise Conflict

    async def resume(self, place: Place, *, who: str, why: str) -> Resumed:
        """End what stands at this place, a breaker's stop too, and put its mails back; a sender's mailboxes go with it."""
        lifted, mails = [], 0
        for one in (place, *self._below(place)):
            stop = await self.breakers.lift(one, by=f"{who}: {why}")
            if stop is not None:
                lifted.append(stop)
            mails += await self._put_back(one.key, f"resumed by {who}: {why}", spacing=0.0)
        return Resumed(tuple(lifted), mails)

    async def run(self) -> None:
        """The tick's part: trials whose time has come, mails of stops that are over, records that are done."""
        for entry in await self.breakers.records(within=0.0):
            stop = entry.stop
            if stop.phase is Phase.LIFTED:
                await self._finish(entry)
            elif wants_trial(stop, self.clock()) and stop.trial is Trial.LOGIN:
                await self._try_login(entry)
            elif wants_trial(stop, self.clock()):
                await self._let_one_go(entry)

    def _below(self, place: Place) -> Sequence[Place]:
        sender = self.config.senders.get(place.name) if place.scope is Scope.SENDER else None
        boxes = sender.mailboxes if sender else ()
        return [one for box in boxes if sender for one in (mailbox(box), send_as(box, sender.from_address))]

    async def _finish(self, entry: StopEntry) -> None:
        stop = entry.stop
        spacing = SLOWLY if stop.trial is Trial.MAIL else 0.0
        put_back = await self._put_back(stop.place.key, "resumed", spacing=spacing)
        if not put_back and stop.since + STRAGGLERS < self.clock():
            await self.breakers.forget(entry)

    async def _try_login(self, entry: StopEntry) -> None:
        """A login without a mail, by whoever writes the time of the next one first."""
        stop = entry.stop
        if not await self.breakers.write(replace(stop, until=self.clock() + rules.QUARTER), entry):
            return
        refused = await self.transmission.probe(stop.place.name)
        if refused is not None:
            log.warning("a stopped mailbox still cannot log in: %s; %s", refused.text, refused.fix)
            return
        if await self.breakers.lift(stop.place):
            await self._put_back(stop.place.key, "resumed", spacing=0.0)

    async def _let_one_go(self, entry: StopEntry) -> None:
        """Put one held mail back as the trial; where none is held, the next one that comes along is it."""
        key = entry.stop.place.key
        for mail in await self.open_mails.stopped(key):
            held = await self._held(mail, key)
            if held is None:
                continue
            if await self.breakers.write(on_trial(entry.stop, mail.mail_id, self.clock()), entry):
                await self._resumed(mail, held, "trial", delay=0.0)
            return

    async def _put_back(self, key: str, reason: str, *, spacing: float) -> int:
        """How many of the mails that are held there were put back; they come back `spacing` seconds apart."""
        mails = (await self.open_mails.stopped(key))[:MOST]
        done = 0
        for first in range(0, len(mails), AT_ONCE):
            some = enumerate(mails[first : first + AT_ONCE], start=first)
            done += sum(await asyncio.gather(*(self._one(mail, key, reason, n * spacing) for n, mail in some)))
        return done

    async def _one(self, mail: OpenMail, key: str, reason: str, delay: float) -> bool:
        held = await self._held(mail, key)
        return held is not None and await self._resumed(mail, held, reason, delay=delay)

    async def _held(self, mail: OpenMail, key: str) -> Entry | None:
        """The mail if it still waits at this place; otherwise its entry there goes, unless it may be held there just now."""
        try:
            entry = await self.ledger.read(mail.mail_id)
        except (NewerRow, BrokenRow):
            return None
        if entry is not None and entry.row.state is State.WAITING and entry.row.stopped == key:
            return entry
        if entry is None or entry.row.state not in UNDER_WAY:
            await self.open_mails.settle(mail)
        return None

    async def _resumed(self, mail: OpenMail, held: Entry, reason: str, *, delay: float) -> bool:
        now = self.clock()
        try:
            await self.placer.again(held, note(woken(held.row, now), at=now, reason=reason), delay=delay, now=now)
        except Conflict:
            return False  # somebody cancelled it at this moment, or puts it back as well
        await self.open_mails.settle(mail)
        return True

"""One attempt's hold on its row: claim before DATA, renew the lease meanwhile, write the outcome afterwards.

The conditional write that turns `waiting` into `sending` is claim and intent in one (design 3.6); whoever loses it sends
nothing. What was learned from the wire is never given up because a write failed: it is tried until the lease is long gone.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from shared.placing import Placer
from shared.ports import Ledger
from shared.rules import retry
from shared.rules.breakers import service_out
from shared.rules.config import OnUnknown
from shared.rules.mail_row import Entry, MailRow, move, note, pending
from shared.rules.outcome import (
    ATTEMPT_DIED,
    Fate,
    Outcome,
    Parked,
    Phase,
    RecipientResult,
    Recipients,
    Rejected,
    Retry,
    Sent,
    Unknown,
)
from shared.rules.states import FINAL, State
from shared.rules.stops import Stop
from shared.rules.storage_errors import Conflict, StorageForbidden, StorageUnavailable

OUTCOME_TRIES = 6
"""Writes of an outcome before giving up; with doubling pauses from one second that is half a minute of outage."""

RESENDS = 1
"""How often a mail with an unknown outcome is tried again by itself; the second time it waits for a person."""


@dataclass(frozen=True, slots=True)
class Times:
    """What an attempt needs to know of time and chance, all arguments: seconds, and numbers in [0, 1)."""

    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
    lease: float


class Attempt:
    """Holds the newest version of a mail's row while one process works on it.

    `trace` is the attempt's traceparent, to which the next attempt will link.
    """

    def __init__(self, entry: Entry, *, ledger: Ledger, placer: Placer, times: Times, trace: str = "") -> None:
        self._entry = entry
        self._ledger = ledger
        self._placer = placer
        self._times = times
        self._trace = trace
        self._writing = asyncio.Lock()

    @property
    def row(self) -> MailRow:
        """The row as this attempt last wrote or read it."""
        return self._entry.row

    async def claim(self) -> None:
        """Write the intent to transmit; raises `Conflict` where somebody was quicker, and then nothing may be sent."""
        now = self._times.clock()
        claimed = move(
            self.row,
            State.SENDING,
            at=now,
            reason="transmitting",
            attempts=self.row.attempts + 1,
            attempt_trace=self._trace,
            lease_until=now + self._times.lease,
        )
        self._entry = await self._ledger.update(self._entry, claimed)

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[None]:
        """Keep the claim alive inside the block, by a write every third of the lease."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            async with self._writing:  # a write that is cut off may have arrived, under an ETag that nobody learns
                renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing

    async def _renew(self) -> None:
        while True:
            await self._times.sleep(self._times.lease / 3)
            async with self._writing:
                row = replace(self.row, lease_until=self._times.clock() + self._times.lease)
                with suppress(StorageUnavailable, StorageForbidden):
                    try:
                        self._entry = await self._ledger.update(self._entry, row)
                    except Conflict:
                        return

    async def conclude(self, outcome: Outcome, stop: Stop | None = None) -> None:
        """Write what the attempt came to: the mail is final, waits with a new message, at `stop`, or for a person.

        Raises `Conflict` where somebody else wrote the row and it is not for us to write it any more.
        """
        for n in range(OUTCOME_TRIES):
            try:
                return await self._write(outcome, stop)
            except Conflict:
                if not await self._reread(outcome):
                    raise
            except (StorageUnavailable, StorageForbidden):
                if n + 1 == OUTCOME_TRIES:
                    raise
                await self._times.sleep(2.0**n)
        return None

    async def declare_dead(self) -> None:
        """The process that held the claim is gone: nobody can know what became of the recipients it was sending to.

        A row that changed meanwhile is left alone: the process lives and has renewed its lease, or somebody was quicker.
        """
        lost = {n: RecipientResult(Fate.UNKNOWN) for n in pending(self.row)}
        with suppress(Conflict):
            await self._write(Unknown(Phase.FINAL_DOT, ATTEMPT_DIED, lost))

    async def _write(self, outcome: Outcome, stop: Stop | None = None) -> None:
        now = self._times.clock()
        why = None if isinstance(outcome, Sent) else outcome.reason
        said = None if isinstance(outcome, Unknown) else outcome.reply
        recipients = _merged(self.row, outcome.recipients)
        row = replace(self._counted(), recipients=recipients, why=why, reply=said or self.row.reply)
        match outcome:
            case Sent():
                await self._sent(row, now)
            case Retry() if stop is not None:
                waiting = _waiting(row, now, outcome.reason.code)
                self._entry = await self._placer.hold(self._entry, waiting, stop, since=now)
            case Retry() if service_out(outcome):
                standing = replace(row, standstill=now)
                await self._later(standing, outcome.reason.code, outcome.after, now, longest=retry.LONGEST_IN_OUTAGE)
            case Retry():
                await self._later(row, outcome.reason.code, outcome.after, now)
            case Rejected():
                await self._refused(row, outcome.reason.code, now)
            case Parked():
                await self._end(row, State.PARKED, outcome.reason.code, now)
            case Unknown():
                await self._unknown(row, outcome.reason.code, now)

    def _counted(self) -> MailRow:
        """The row with this attempt in it: the claim has counted it, one that ended before its claim is counted here."""
        if self.row.state is not State.WAITING:
            return self.row
        return replace(self.row, attempts=self.row.attempts + 1, attempt_trace=self._trace)

    async def _sent(self, row: MailRow, now: float) -> None:
        if pending(row):
            return await self._later(row, "recipients-pending", retry.AFTER_UNKNOWN, now)
        self._entry = await self._ledger.update(self._entry, move(row, State.SENT, at=now, reason="accepted-by-exchange"))
        return None

    async def _later(
        self, row: MailRow, reason: str, after: float, now: float, *, longest: float = retry.LONGEST_DELAY
    ) -> None:
        delay = retry.delay(after, row.attempts, self._times.chance(), longest=longest)
        waiting = _waiting(row, now, reason)
        if now + delay > _last_moment(row):
            await self._ran_out(waiting, now)
            return
        self._entry = await self._placer.again(self._entry, waiting, delay=delay, now=now)

    async def _ran_out(self, row: MailRow, now: float) -> None:
        """No try fits before the mail's end: sent if anybody got it, otherwise expired."""
        if any(r.fate is Fate.ACCEPTED for r in row.recipients):
            ended = move(
                move(row, State.SENDING, at=now, reason="expired"), State.SENT, at=now, reason="expired-for-the-rest"
            )
        else:
            ended = move(row, State.EXPIRED, at=now, reason="expired")
        self._entry = await self._ledger.update(self._entry, ended)

    async def _end(self, row: MailRow, state: State, reason: str, now: float) -> None:
        tried = row if row.state is State.SENDING else move(row, State.SENDING, at=now, reason="refused-before-data")
        self._entry = await self._ledger.update(self._entry, move(tried, state, at=now, reason=reason))

    async def _refused(self, row: MailRow, reason: str, now: float) -> None:
        """Whoever was still to get the mail will not; it is sent all the same if somebody got it by an earlier attempt."""
        code, enhanced = (row.reply.code, row.reply.enhanced) if row.reply else (None, None)
        refused = RecipientResult(Fate.REFUSED, code, enhanced)
        left = tuple(refused if one.fate is Fate.PENDING else one for one in row.recipients)
        state = State.SENT if any(one.fate is Fate.ACCEPTED for one in left) else State.REJECTED
        await self._end(replace(row, recipients=left), state, reason, now)

    async def _unknown(self, row: MailRow, reason: str, now: float) -> None:
        unknown = move(replace(row, unknowns=row.unknowns + 1), State.UNKNOWN, at=now, reason=reason)
        if unknown.on_unknown is OnUnknown.HOLD or unknown.unknowns > RESENDS:
            self._entry = await self._ledger.update(self._entry, unknown)
            return
        again = move(replace(unknown, possible_duplicate=True), State.WAITING, at=now, reason="resend")
        self._entry = await self._placer.again(self._entry, again, delay=retry.AFTER_UNKNOWN, now=now)

    async def _reread(self, outcome: Outcome) -> bool:
        """After a lost race: whether the outcome still has to be written onto the newer row.

        Either the row is still our claim, renewed by a write whose answer was lost: attempts are numbered by their claims.
        Or our lease ran out and somebody declared the outcome unknown. That Exchange took the mail goes on top of that;
        anything else is older news than what stands there.
        """
        entry = await self._ledger.read(self.row.id)
        if entry is not None and self._is_our_claim(entry.row):
            self._entry = entry
            return True
        if entry is None or not isinstance(outcome, Sent) or entry.row.state in FINAL | {State.SENDING}:
            return False
        row = entry.row
        if row.state is State.WAITING:
            row = move(row, State.SENDING, at=self._times.clock(), reason="late-evidence")
        self._entry = replace(entry, row=row)
        return True

    def _is_our_claim(self, row: MailRow) -> bool:
        claims = State.SENDING is row.state is self.row.state
        return claims and (row.attempts, row.attempt_trace) == (self.row.attempts, self.row.attempt_trace)


def _last_moment(row: MailRow) -> float:
    """When the mail can be tried for the last time; during a standstill only the caller's own deadline counts."""
    if row.standstill is None:
        return row.ends_at
    return math.inf if row.deadline is None else row.deadline


def _waiting(row: MailRow, now: float, reason: str) -> MailRow:
    if row.state is State.WAITING:
        return note(row, at=now, reason=reason)
    return move(row, State.WAITING, at=now, reason=reason)


def _merged(row: MailRow, news: Recipients) -> tuple[RecipientResult, ...]:
    return tuple(news.get(n, known) for n, known in enumerate(row.recipients))

"""Nothing rests longer than it has to: a final mail's content goes after a day, its row after ninety (design 3.7).

The index leads here and the row decides: a mail that was put back by hand keeps everything. Each removal changes the row's
ETag or needs it unchanged, so that it cannot cross a redrive. Every step may be done again, so that a tick that is killed at
any line, or meets storage trouble, is finished by a later one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.ports import Ledger, OpenMails
from shared.rules.config import Retention
from shared.rules.mail_row import Entry
from shared.rules.open_mail import OpenMail
from shared.rules.states import FINAL
from shared.rules.storage_errors import BrokenRow, Conflict, NewerRow, StorageForbidden, StorageUnavailable
from shared.telemetry import Attr, Metric, Telemetry

log = logging.getLogger("keyless_mail")

ROUNDS = 5
"""Answers of the index that one tick works through, of each list."""

MOST = 1000
"""Mails of one answer that are looked at. With a tick every five minutes this is more than a million mails a day, and a tick
of slow storage still takes minutes only."""

AT_ONCE = 16
"""Mails that are looked at side by side: each is a handful of calls to storage that mostly wait."""

TROUBLED = 3600.0
"""Seconds until a mail is looked at again that storage would not let go, so that it does not stand in the others' way."""


@dataclass(frozen=True, slots=True)
class Cleanup:
    """The story. `ledger` and `open_mails` are usually the same edge."""

    retention: Retention
    ledger: Ledger
    open_mails: OpenMails
    telemetry: Telemetry
    clock: Callable[[], float]

    async def run(self) -> tuple[int, int]:
        """Remove what has rested long enough; gives how many contents and how many rows went."""
        contents = rows = 0
        try:
            contents = await self._through(self.open_mails.spent, self._empty)
            rows = await self._through(self.open_mails.outdated, self._drop)
        except (StorageUnavailable, StorageForbidden) as trouble:
            self._say(trouble, "what is left is removed by a later tick")
        if contents or rows:
            log.info("retention: the content of %d mails and the rows of %d were removed", contents, rows)
        return contents, rows

    async def _through(
        self, listed: Callable[[float], Awaitable[Sequence[OpenMail]]], look: Callable[[OpenMail, Entry], Awaitable[bool]]
    ) -> int:
        removed = 0
        for _ in range(ROUNDS):
            mails = (await listed(self.clock()))[:MOST]
            gone = 0
            for start in range(0, len(mails), AT_ONCE):
                gone += sum(await _all(self._look(mail, look) for mail in mails[start : start + AT_ONCE]))
            removed += gone
            if not gone:
                break
        return removed

    async def _look(self, mail: OpenMail, remove: Callable[[OpenMail, Entry], Awaitable[bool]]) -> bool:
        """Whether something was removed; a mail that is not final any more goes where it belongs."""
        try:
            entry = await self.ledger.read(mail.mail_id)
            if entry is None:
                await self.open_mails.settle(mail)
                return False
            if entry.row.state not in FINAL:
                await self.open_mails.refile(mail, entry.row)
                return False
            return await remove(mail, entry)
        except BrokenRow:
            await self.open_mails.hold(mail)
        except (NewerRow, Conflict):
            return False  # newer instances know what to do; or somebody is at work on the mail, and the next tick sees
        except (StorageUnavailable, StorageForbidden) as trouble:
            self._say(trouble, f"mail {mail.mail_id} is looked at again in an hour")
            await self.open_mails.look_again(mail, self.clock() + TROUBLED)
        return False

    async def _empty(self, mail: OpenMail, entry: Entry) -> bool:
        ended = entry.row.changed_at
        if await self._rests(mail, until=ended + self.retention.payload):
            return False
        await self.ledger.drop_payload(entry)
        await self.open_mails.emptied(mail, ended + self.retention.rows)
        return True

    async def _drop(self, mail: OpenMail, entry: Entry) -> bool:
        if await self._rests(mail, until=entry.row.changed_at + self.retention.rows):
            return False
        await self.ledger.drop(entry)
        await self.open_mails.settle(mail)
        return True

    async def _rests(self, mail: OpenMail, *, until: float) -> bool:
        """Whether the mail has still time to rest: it ended again after it was put back, or mail.toml allows more now."""
        if until <= self.clock():
            return False
        await self.open_mails.look_again(mail, until)
        return True

    def _say(self, trouble: StorageUnavailable | StorageForbidden, then: str) -> None:
        log.warning("retention: %s; %s", trouble.reason.text, then)
        self.telemetry.count(Metric.FAULTS, {Attr.REASON: trouble.reason.code})


async def _all(looks: Iterable[Awaitable[bool]]) -> list[bool]:
    """All results; the first failure, if there is one, once none of them runs any more."""
    results = await asyncio.gather(*looks, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if isinstance(result, bool)]

"""A caller's daily amount, kept by all instances together: counted before a mail is stored.

A mail that is counted and then not stored, because storage failed in between, stays counted: too few rather than too many.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.ports import Ledger
from shared.rules import identifiers
from shared.rules.callers import Caller
from shared.rules.quota import Count, Standing, counted, standing
from shared.rules.storage_errors import Conflict

RACES = 20
"""Lost races for one row before the caller is asked to come back: each one means that another request was counted."""


class Counts(Protocol):
    """The last count of each caller."""

    async def read(self, caller: str) -> tuple[Count | None, str]:
        """The count and its version; (None, '') where there is none."""

    async def write(self, caller: str, count: Count, version: str) -> None:
        """Replace what was read; raises `Conflict`."""


@dataclass(frozen=True, slots=True)
class Quota:
    """The story. `clock` gives epoch seconds."""

    counts: Counts
    ledger: Ledger
    clock: Callable[[], float]

    async def take(self, caller: Caller, keys: Sequence[str]) -> Standing | None:
        """Count the mails under these keys that the ledger does not know yet; None for a caller without a daily amount.

        Raises `QuotaExceeded`, or `Conflict` where too many requests are counted at this moment.
        """
        if caller.per_day is None:
            return None
        mails = len([key for key in dict.fromkeys(keys) if await self._is_new(caller, key)])
        for _ in range(RACES):
            now = self.clock()
            known, version = await self.counts.read(caller.name)
            count = counted(known, caller.per_day, mails, now)
            try:
                if mails:
                    await self.counts.write(caller.name, count, version)
            except Conflict:
                continue
            return standing(count, caller.per_day, now)
        raise Conflict

    async def _is_new(self, caller: Caller, key: str) -> bool:
        return await self.ledger.read(identifiers.mail_id(caller.name, key)) is None

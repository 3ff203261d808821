"""The weekly audit: the tick's part. Whoever moves the due time first runs it, so that one instance does."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.audit import Audit
from shared.audit_ports import Audits
from shared.rules.storage_errors import Conflict

WEEK = 7 * 86_400.0
"""Seconds between two audits by the tick; an export counts as long."""

LOOK = 3600.0
"""Seconds between two looks of one process at the due time: the tick runs far more often than anything is due."""

TAKEN = 3600.0
"""Seconds after which another instance runs an audit that was begun and not finished, as its process may have died."""


@dataclass(slots=True)
class WeeklyAudit:
    """The story. `clock` gives epoch seconds."""

    audit: Audit
    audits: Audits
    clock: Callable[[], float]
    _look_at: float = 0.0

    async def run(self) -> None:
        """Run the audit where it is due, and show the newest one in the gauges; at most once an hour."""
        now = self.clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK
        due, version = await self.audits.due()
        if due is None or due <= now:
            await self._take(version, now)
        else:
            await self._measure()

    async def _take(self, version: str, now: float) -> None:
        try:
            taken = await self.audits.set_due(now + TAKEN, version)
        except Conflict:
            return  # another instance runs it
        await self.audit.run(who="tick", why="weekly")
        try:
            await self.audits.set_due(now + WEEK, taken)
        except Conflict:
            return  # it took so long that another instance runs it again

    async def _measure(self) -> None:
        """A process that has started since the last audit knows nothing of it."""
        for row in (await self.audits.newest(1))[:1]:
            self.audit.measure(row)

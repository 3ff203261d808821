"""Callers' daily counts in memory."""

from shared.rules.quota import Count
from shared.rules.storage_errors import Conflict
from tests.fakes.failing import Failing


class FakeQuotas(Failing):
    """The last count of each caller; `counts` may be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, tuple[Count, int]] = {}

    async def read(self, caller: str) -> tuple[Count | None, str]:
        """As the port says."""
        self._begin("read")
        if caller not in self.counts:
            return None, ""
        count, version = self.counts[caller]
        return count, str(version)

    async def write(self, caller: str, count: Count, version: str) -> None:
        """As the port says."""
        self._begin("write")
        _, current = self.counts.get(caller, (None, ""))
        if str(current) != version:
            raise Conflict
        self.counts[caller] = (count, int(version or 0) + 1)

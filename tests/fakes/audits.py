"""The ledger of audits in memory."""

from shared.rules.audit_rows import KEPT, AuditRow
from shared.rules.grants import Grants, grants_from
from shared.rules.problems import Refused
from shared.rules.storage_errors import Conflict
from tests.fakes.failing import Failing


class FakeAudits(Failing):
    """Audits in the order in which they came; `rows`, `text` (the export) and `due_at` may be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[AuditRow] = []
        self.text = ""
        self.due_at: float | None = None
        self._version = 0

    async def newest(self, most: int) -> list[AuditRow]:
        """As the port says."""
        self._begin("newest")
        return self.rows[::-1][:most]

    async def add(self, row: AuditRow) -> None:
        """As the port says."""
        self._begin("add")
        if row.id not in {one.id for one in self.rows}:
            self.rows = sorted([*self.rows, row], key=lambda one: (one.at, one.id))[-KEPT:]

    async def export(self) -> Grants | None:
        """As the port says."""
        self._begin("export")
        try:
            return grants_from(self.text.encode())
        except Refused:
            return None

    async def keep_export(self, text: str) -> None:
        """As the port says."""
        self._begin("keep_export")
        self.text = text

    async def due(self) -> tuple[float | None, str]:
        """As the port says."""
        self._begin("due")
        return self.due_at, str(self._version) if self._version else ""

    async def set_due(self, at: float, version: str) -> str:
        """As the port says."""
        self._begin("set_due")
        if version != (str(self._version) if self._version else ""):
            raise Conflict
        self.due_at, self._version = at, self._version + 1
        return str(self._version)

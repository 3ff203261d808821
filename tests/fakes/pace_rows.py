"""The rows of paces in memory, with the port's promises; and a switch that lets somebody else be quicker."""

from shared.rules.pace import Pace, PaceEntry, pace_key
from shared.rules.storage_errors import Conflict, NewerRow


class FakeRows:
    """Each row has a version, its ETag. `reads` and `writes` count the calls; `fault` is raised by the next ones."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[Pace, int]] = {}
        self.reads = 0
        self.writes = 0
        self.fault: Exception | None = None
        self.newer: set[str] = set()

    async def read(self, mailbox: str) -> PaceEntry:
        """As the port says."""
        self.reads += 1
        self._fail()
        pace, version = self.rows.get(mailbox, (Pace(), 0))
        return PaceEntry(pace, str(version) if version else "")

    async def write(self, mailbox: str, pace: Pace, known: PaceEntry) -> PaceEntry:
        """As the port says."""
        self.writes += 1
        self._fail()
        _, version = self.rows.get(mailbox, (Pace(), 0))
        if known.etag != (str(version) if version else ""):
            raise Conflict
        self.rows[mailbox] = (pace, version + 1)
        return PaceEntry(pace, str(version + 1))

    async def all(self) -> dict[str, Pace | NewerRow]:
        """As the port says; `newer` are mailboxes whose rows only a newer version can read."""
        self.reads += 1
        self._fail()
        known: dict[str, Pace | NewerRow] = {pace_key(mailbox): pace for mailbox, (pace, _) in self.rows.items()}
        return known | {pace_key(mailbox): NewerRow(2) for mailbox in self.newer}

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault

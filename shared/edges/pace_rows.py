"""The paces of the mailboxes: table `pace`, one partition, a row for each mailbox under the key of its address."""

import logging
from collections.abc import Callable, Mapping

from shared.edges.pace_columns import from_columns, full_minute, to_columns
from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Changed, Taken
from shared.edges.storage_table import Stored, Table, create
from shared.rules.pace import Limits, Pace, PaceEntry, pace_key
from shared.rules.storage_errors import Conflict, NewerRow

log = logging.getLogger("keyless_mail")

TABLE = "pace"
PARTITION = "pace"


class PaceRows:
    """Every method raises `StorageUnavailable` or `StorageForbidden` besides what it says.

    `limits` are those of every mailbox, by address. `new_id` makes an identifier that was never used before; it tells our
    own write from another's.
    """

    def __init__(
        self, account: StorageAccount, limits: Mapping[str, Limits], *, clock: Callable[[], float], new_id: Callable[[], str]
    ) -> None:
        self._table = Table(account, TABLE)
        self._limits = {pace_key(mailbox): own for mailbox, own in limits.items()}
        self._clock = clock
        self._new_id = new_id
        self._seen: set[str] = set()
        self._gone: dict[str, float] = {}

    async def read(self, mailbox: str) -> PaceEntry:
        """The mailbox's row, one call; an empty one where it has none. Raises `NewerRow`.

        A row that was there and is gone was removed by a person: what it said is taken to be a full minute.
        """
        key = pace_key(mailbox)
        found = await self._table.get(PARTITION, key)
        if found is not None:
            return self._entry(key, found)
        if key not in self._seen:
            return PaceEntry(Pace())
        if key not in self._gone:
            log.warning("the row of a mailbox's pace is gone; the mailbox pauses for a minute")
        return PaceEntry(Pace(slots=full_minute(self._limits[key], self._gone.setdefault(key, self._clock()))))

    async def write(self, mailbox: str, pace: Pace, known: PaceEntry) -> PaceEntry:
        """Write the row that was read as `known`, one call. Raises `Conflict` where another version is there."""
        key, write_id = pace_key(mailbox), self._new_id()
        columns = {"PartitionKey": PARTITION, "RowKey": key, "WriteId": write_id, **to_columns(mailbox, pace)}
        try:
            etag = await self._write(columns, known.etag)
        except (Taken, Changed, Absent):
            etag = await self._own(key, write_id)
        self._seen.add(key)
        self._gone.pop(key, None)
        return PaceEntry(pace, etag)

    async def all(self) -> dict[str, Pace | NewerRow]:
        """The rows of the configured mailboxes by key, one call; of a row that only a newer version can read, that."""
        rows = {str(row.columns["RowKey"]): row for row in await self._table.partition(PARTITION)}
        return {key: self._entry_or_newer(key, rows[key]) for key in self._limits if key in rows}

    def _entry_or_newer(self, key: str, found: Stored) -> Pace | NewerRow:
        try:
            return self._entry(key, found).pace
        except NewerRow as newer:
            return newer

    async def _write(self, columns: dict[str, object], etag: str) -> str:
        if etag:
            return await self._table.replace(columns, etag)
        return (await self._table.transact([create(columns)]))[0]

    async def _own(self, key: str, write_id: str) -> str:
        """The ETag of our own write whose answer was lost. Raises `Conflict` where somebody else's is there."""
        found = await self._table.get(PARTITION, key)
        if found is None or found.columns.get("WriteId") != write_id:
            raise Conflict
        return found.etag

    def _entry(self, key: str, found: Stored) -> PaceEntry:
        self._seen.add(key)
        self._gone.pop(key, None)
        return PaceEntry(from_columns(found.columns, self._limits[key], self._clock()), found.etag)

"""How many mails each caller has had accepted today: table `quotas`, one partition, one row for each caller.

A row counts one day and is replaced on the next, so that the table does not grow.
"""

from shared.edges.ledger_columns import ColumnReader
from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Changed, Taken
from shared.edges.storage_table import Stored, Table, create
from shared.rules.quota import Count
from shared.rules.storage_errors import Conflict

TABLE = "quotas"
PARTITION = "callers"


class Quotas:
    """Every method raises `StorageUnavailable` or `StorageForbidden` besides what it says. `caller` is a caller's name."""

    def __init__(self, account: StorageAccount) -> None:
        self._table = Table(account, TABLE)

    async def read(self, caller: str) -> tuple[Count | None, str]:
        """What was counted last, with the version that a write needs; raises `BrokenRow` for a row edited into nonsense."""
        found = await self._table.get(PARTITION, _key(caller))
        return (None, "") if found is None else (_count(found), found.etag)

    async def write(self, caller: str, count: Count, version: str) -> None:
        """Write the count in the place of the one that was read; raises `Conflict` where somebody else was quicker."""
        columns = {"PartitionKey": PARTITION, "RowKey": _key(caller), "Day": count.day, "Mails": count.mails}
        try:
            if version:
                await self._table.replace(columns, version)
            else:
                await self._table.transact([create(columns)])
        except (Taken, Changed, Absent):
            raise Conflict from None


def _key(caller: str) -> str:
    """Names of callers are those of tables in mail.toml, behind a word and a colon."""
    return caller.replace(":", "-")


def _count(row: Stored) -> Count:
    read = ColumnReader(row.columns)
    return Count(read.text("Day"), read.number("Mails"))

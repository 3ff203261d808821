"""The index of the mails that are not final, so that lists and sweeps never scan the ledger.

Table `open`. Partition `due`: mails that the program moves on, by the time at which somebody should look (row key: time
and mail id). Partition `held`: mails that wait for a person. An entry is written before its row and removed after the row's
final write, so that no open mail is missing here; an entry too much is harmless, and the sweep removes it.
"""

from shared.edges.storage_account import StorageAccount
from shared.edges.storage_table import Table, drop, put
from shared.rules.mail_row import MailRow
from shared.rules.open_mail import OpenMail
from shared.rules.states import WAITS_FOR_A_PERSON
from shared.rules.utc_text import to_utc_text

TABLE = "open"
DUE = "due"
HELD = "held"


class OpenIndex:
    """Entries of open mails. Raises `StorageUnavailable` and `StorageForbidden`."""

    def __init__(self, account: StorageAccount) -> None:
        self._table = Table(account, TABLE)

    async def add(self, row: MailRow) -> None:
        """Enter a mail whose row is about to be written; one call, and doing it again is fine."""
        await self._table.upsert({"PartitionKey": _partition(row), "RowKey": _key(row.date, row.id)})

    async def remove(self, row: MailRow) -> None:
        """Remove the entry that `add` made, if the sweep has not moved it since; one call.

        The key is the mail's Date, the one time that no deferral changes: the first due time.
        """
        await self._table.delete(DUE, _key(row.date, row.id))

    async def due(self, now: float) -> list[OpenMail]:
        """Mails at which somebody should have looked by `now`, the longest overdue first."""
        rows = await self._table.partition(DUE, until=f"{to_utc_text(now)}~")
        return [_entry(DUE, str(row.columns["RowKey"])) for row in rows]

    async def held(self) -> list[OpenMail]:
        """Mails that wait for a person, the oldest first."""
        return [_entry(HELD, str(row.columns["RowKey"])) for row in await self._table.partition(HELD)]

    async def settle(self, mail: OpenMail) -> None:
        """The entry is no longer true: remove it."""
        await self._table.delete(mail.list, mail.key)

    async def hold(self, mail: OpenMail) -> None:
        """The mail waits for a person: nobody needs to look by itself."""
        await self._table.upsert({"PartitionKey": HELD, "RowKey": mail.key})
        await self._table.delete(DUE, mail.key)

    async def look_again(self, mail: OpenMail, at: float) -> None:
        """Look at the mail when `at` has come; both keys lie in one partition, so no entry is lost in between."""
        key = _key(at, mail.mail_id)
        if key != mail.key:
            changes = [put({"PartitionKey": DUE, "RowKey": key}), drop(DUE, mail.key)]
            await self._table.transact(changes)


def _partition(row: MailRow) -> str:
    return HELD if row.state in WAITS_FOR_A_PERSON else DUE


def _key(at: float, mail_id: str) -> str:
    return f"{to_utc_text(at)}|{mail_id}"


def _entry(partition: str, key: str) -> OpenMail:
    return OpenMail(key.partition("|")[2], partition, key)

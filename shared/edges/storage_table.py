"""One Azure table in the few operations that the edges need, each one storage call.

Columns are a mapping as the SDK takes it; a value of a type that Python has not is a pair `(value, "Edm.DateTime")`.
A partition or row key is written by us and never holds what tables forbid in keys (`/ \\ # ?` and control characters).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, NoContainer, Service

if TYPE_CHECKING:
    from azure.data.tables import TableEntity
    from azure.data.tables.aio import TableClient

Columns = Mapping[str, Any]

TRANSACTION_LIMIT = 100
"""Changes in one entity group transaction (REST reference, Performing entity group transactions)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An entity as read: its columns with both keys, and the ETag for a conditional write."""

    columns: Columns
    etag: str


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a transaction: what is done with an entity, in the SDK's words."""

    verb: str
    columns: Columns
    options: Mapping[str, Any] = field(default_factory=dict)


def create(columns: Columns) -> Change:
    """Insert; the transaction fails with `Taken` if the entity exists."""
    # Without this preference storage sends the whole entity back, body and all.
    return Change("create", columns, {"response_preference": "return-no-content"})


def put(columns: Columns) -> Change:
    """Insert or replace, whatever is there."""
    return Change("upsert", columns, {"mode": "replace"})


def touch(columns: Columns, *, etag: str | None = None) -> Change:
    """Merge the columns into an entity; the transaction fails with `Absent` if it does not exist.

    With `etag` it fails with `Changed` if somebody wrote since.
    """
    return Change("update", columns, {"mode": "merge", **_if_match(etag)})


def drop(partition: str, row: str, *, etag: str | None = None) -> Change:
    """Delete; the transaction fails with `Absent` if the entity does not exist, with `Changed` as `touch` does."""
    return Change("delete", {"PartitionKey": partition, "RowKey": row}, _if_match(etag))


def _if_match(etag: str | None) -> dict[str, Any]:
    from azure.core import MatchConditions

    return {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}


class Table:
    """A table by name; made at the first write if it is missing, never by a read."""

    def __init__(self, account: StorageAccount, name: str) -> None:
        self._account = account
        self._name = name

    async def get(self, partition: str, row: str) -> Stored | None:
        """Point read; None where the entity or the table is not there."""

        async def read() -> "TableEntity":
            return await self._client().get_entity(partition, row)

        try:
            return _stored(await self._account.run(Service.TABLE, read))
        except (Absent, NoContainer):
            return None

    async def partition(self, partition: str, *, until: str | None = None) -> list[Stored]:
        """All entities of a partition by row key, up to row key `until`; one call per 1,000 entities or 4 MiB."""
        condition = "PartitionKey eq @partition" + (" and RowKey le @until" if until is not None else "")
        parameters = {"partition": partition} | ({"until": until} if until is not None else {})

        async def read() -> list[Stored]:
            found = self._client().query_entities(condition, parameters=parameters)
            return [_stored(entity) async for entity in found]

        try:
            return await self._account.run(Service.TABLE, read)
        except NoContainer:
            return []

    async def between(self, partition: str, first: str, last: str, *, most: int) -> list[Stored]:
        """Entities from row key `first` to `last`, by row key, the first `most` (at most 1,000: one call)."""
        condition = "PartitionKey eq @partition and RowKey ge @first and RowKey le @last"
        parameters = {"partition": partition, "first": first, "last": last}

        async def read() -> list[Stored]:
            found: list[Stored] = []
            async for entity in self._client().query_entities(condition, parameters=parameters, results_per_page=most):
                found.append(_stored(entity))
                if len(found) == most:
                    break
            return found

        try:
            return await self._account.run(Service.TABLE, read)
        except NoContainer:
            return []

    async def transact(self, changes: Sequence[Change]) -> list[str]:
        """All changes (one partition, at most `TRANSACTION_LIMIT`) or none; the new ETags ('' for a deletion).

        Raises `Taken`, `Absent` or `Changed` for the first change that cannot be made.
        """
        operations: Any = [(change.verb, change.columns, change.options) for change in changes]

        async def write() -> list[str]:
            written = await self._client().submit_transaction(operations)
            return [str(part.get("etag") or "") for part in written]

        return await self._account.run(Service.TABLE, write, create=self._create)

    async def replace(self, columns: Columns, etag: str) -> str:
        """Replace an entity that still has this ETag; the new ETag. Raises `Changed` or `Absent`."""
        from azure.core import MatchConditions
        from azure.data.tables import UpdateMode

        async def write() -> str:
            written = await self._client().update_entity(
                columns, mode=UpdateMode.REPLACE, etag=etag, match_condition=MatchConditions.IfNotModified
            )
            return str(written["etag"])

        return await self._account.run(Service.TABLE, write)

    async def upsert(self, columns: Columns) -> None:
        """Insert or replace one entity."""
        from azure.data.tables import UpdateMode

        async def write() -> None:
            await self._client().upsert_entity(columns, mode=UpdateMode.REPLACE)

        await self._account.run(Service.TABLE, write, create=self._create)

    async def delete(self, partition: str, row: str) -> None:
        """Delete one entity; fine if it is gone."""

        async def write() -> None:
            await self._client().delete_entity(partition, row)

        try:
            await self._account.run(Service.TABLE, write)
        except (Absent, NoContainer):
            return

    async def clear(self, partition: str, rows: Sequence[str]) -> None:
        """Delete entities of a partition, one call for each `TRANSACTION_LIMIT` of them; fine if some are gone."""
        for start in range(0, len(rows), TRANSACTION_LIMIT):
            names = rows[start : start + TRANSACTION_LIMIT]
            try:
                await self.transact([drop(partition, row) for row in names])
            except Absent:
                # Somebody else is at it, or an answer was lost: one by one, what is left of these.
                for row in names:
                    await self.delete(partition, row)

    def _client(self) -> "TableClient":
        return self._account.table(self._name)

    async def _create(self) -> None:
        await self._client().create_table()


def _stored(entity: "TableEntity") -> Stored:
    return Stored(entity, str(entity.metadata["etag"]))

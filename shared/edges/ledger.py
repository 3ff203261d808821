"""The ledger: one row for each mail, and its payload beside it.

Table `ledger`, partition = mail id, rows `mail` (everything but the payload) and `body` (a payload up to `BODY_LIMIT`, in
the same transaction as the row); a larger payload rests in a blob that is written before the row. Every write carries a
`WriteId`: a repeated write whose first answer was lost finds itself there and is a success, not a conflict.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Any

from shared.edges.ledger_codec import from_columns, to_columns
from shared.edges.ledger_index import OpenIndex
from shared.edges.ledger_payload import PayloadStore, payload_of
from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Changed, Taken
from shared.edges.storage_table import Change, Stored, Table, create, drop, put, touch
from shared.rules.identifiers import payload_hash
from shared.rules.mail_row import Entry, MailRow
from shared.rules.outcome import Reason
from shared.rules.states import FINAL, UNDER_WAY
from shared.rules.storage_errors import (
    AlreadyThere,
    BrokenRow,
    Conflict,
    NewerRow,
    NotStorable,
    PayloadChanged,
    StorageForbidden,
    StorageUnavailable,
)
from shared.telemetry import Attr, Kind, Span, Telemetry

TABLE = "ledger"
MAIL = "mail"
BODY = "body"

BODY_LIMIT = 60 * 1024
"""Bytes of a payload in the table; a binary property holds 64 KiB (Learn, Understanding the Table service data model)."""

_MAIL_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""What a mail id may look like: safe in a key, a URL and a blob's name. Ids come in through the HTTP API."""


class Ledger(OpenIndex):
    """The rows, and the index that leads to them: whoever writes a row moves its entries along.

    Every method raises `StorageUnavailable` or `StorageForbidden` besides what it says.

    `new_id` makes an identifier that was never used before; it tells our own write from another's.
    """

    def __init__(
        self,
        account: StorageAccount,
        payloads: PayloadStore,
        telemetry: Telemetry,
        *,
        new_id: Callable[[], str],
        keep_payload: float,
    ) -> None:
        super().__init__(account, keep_payload=keep_payload)
        self._table = Table(account, TABLE)
        self._payloads = payloads
        self._telemetry = telemetry
        self._new_id = new_id

    async def insert(self, row: MailRow, payload: bytes) -> Entry:
        """Store a new mail: one transaction, after one blob write if the payload is large. An empty hash: no payload.

        Raises `AlreadyThere` with the row that has the id (or `NewerRow`, `BrokenRow`, if that cannot be read),
        `PayloadChanged` if `payload` is not what `row.payload_hash` says: nothing is stored then.
        """
        _check(row, payload)
        with self._span("insert", row.id):
            await self._enter(row)
            entry, ours = await self._insert(row, payload)
            if not ours:
                with suppress(StorageUnavailable, StorageForbidden):
                    await self._withdraw(row, entry.row)
        if not ours:
            raise AlreadyThere(entry)
        return entry

    async def read(self, mail_id: str) -> Entry | None:
        """The row without its payload, by point read; None for an id that is not there. Raises `NewerRow`, `BrokenRow`."""
        if not _MAIL_ID.fullmatch(mail_id):
            return None
        with self._span("read", mail_id):
            found = await self._table.get(mail_id, MAIL)
            return None if found is None else _entry(mail_id, found)

    async def open(self, mail_id: str) -> Entry | None:
        """The row with its payload: one query, and one blob read where the payload is large.

        Raises `NewerRow`, `BrokenRow`, `PayloadGone`, `PayloadChanged`.
        """
        if not _MAIL_ID.fullmatch(mail_id):
            return None
        with self._span("open", mail_id):
            found = {stored.columns["RowKey"]: stored for stored in await self._table.partition(mail_id)}
            if MAIL not in found:
                return None
            entry = _entry(mail_id, found[MAIL])
            return replace(entry, payload=await payload_of(entry.row, found.get(BODY), self._payloads))

    async def update(self, entry: Entry, row: MailRow) -> Entry:
        """Replace `entry.row` by `row` if nobody else has changed it; the payload of `entry` is kept. Raises `Conflict`.

        Its entry in the index goes where the new state belongs: before the row if somebody has to work on the mail again.
        """
        if row.id != entry.row.id:
            raise ValueError("an update cannot change the mail's id")
        with self._span("update", row.id) as span:
            if row.state in UNDER_WAY:
                await self._follow(entry.row, row)
            written = await self._update(entry, row, span)
            if row.state not in UNDER_WAY:
                # The outcome is safe; an entry that stays in `due` is found by the sweep.
                with suppress(StorageUnavailable, StorageForbidden):
                    await self._follow(entry.row, row)
        return written

    async def drop_payload(self, entry: Entry) -> None:
        """Remove a final mail's payload and keep its row: one call, three for a large one; fine if it is gone.

        Raises `Conflict` if the row changed since: a mail that is put back at this moment still needs its payload.
        """
        _check_final(entry.row)
        with self._span("drop-payload", entry.row.id) as span:
            await self._empty(entry, span)

    async def drop(self, entry: Entry) -> None:
        """Remove a final mail: its payload, what leads to it by recipient, and its row. Raises `Conflict` as above.

        The row goes last, so that a tick that was cut off can do it again. The entry of `outdated` that led here stays
        until its reader settles it.
        """
        _check_final(entry.row)
        with self._span("drop", entry.row.id) as span:
            etag = await self._empty(entry, span)
            await self._forget_addresses(entry.row)
            try:
                await self._table.transact([drop(entry.row.id, MAIL, etag=etag)])
            except Absent:
                return
            except Changed:
                await self._enter(entry.row)  # somebody put the mail back meanwhile: its recipients lead to it again
                await self._known(entry.row.id, "", span)

    def _span(self, operation: str, mail_id: str) -> AbstractContextManager[Span]:
        attributes = {Attr.LEDGER_OPERATION: operation, Attr.MAIL_ID: mail_id}
        return self._telemetry.span("ledger", kind=Kind.CLIENT, attributes=attributes)

    async def _insert(self, row: MailRow, payload: bytes) -> tuple[Entry, bool]:
        """The entry that is there now, and whether it is ours."""
        write_id = self._new_id()
        changes = [create(_mail(row, write_id))]
        if len(payload) > BODY_LIMIT:
            await self._payloads.put(row.id, row.payload_hash, payload)
        elif row.payload_hash:
            # `put`: a body without its row is what a purge by hand leaves behind, and must not block the id for ever.
            changes.append(put({"PartitionKey": row.id, "RowKey": BODY, "Payload": payload}))
        try:
            etags = await self._table.transact(changes)
        except Taken:
            return await self._taken(row, payload, write_id)
        return Entry(row, etags[0], payload), True

    async def _taken(self, row: MailRow, payload: bytes, write_id: str) -> tuple[Entry, bool]:
        found = await self._table.get(row.id, MAIL)
        if found is None:
            reason = Reason("row-vanished", "a row with this id was there and was deleted at this moment")
            raise StorageUnavailable(reason, retry_after=1.0)
        if found.columns.get("WriteId") == write_id:
            return Entry(row, found.etag, payload), True
        return _entry(row.id, found), False

    async def _update(self, entry: Entry, row: MailRow, span: Span) -> Entry:
        write_id = self._new_id()
        try:
            etag = await self._table.replace(_mail(row, write_id), entry.etag)
        except (Changed, Absent):
            etag = await self._known(row.id, write_id, span)
        return Entry(row, etag, entry.payload)

    async def _known(self, mail_id: str, write_id: str, span: Span) -> str:
        """The ETag of our own write whose answer was lost. Raises `Conflict` where somebody else's is there."""
        found = await self._table.get(mail_id, MAIL)
        if found is None or found.columns.get("WriteId") != write_id:
            span.set({Attr.REASON: "conflict"})
            raise Conflict(_readable(mail_id, found))
        return found.etag

    async def _empty(self, entry: Entry, span: Span) -> str:
        """Remove the payload, and change the row's ETag with it: who read the row before and puts the mail back fails."""
        mail_id, write_id = entry.row.id, self._new_id()
        mark = touch({"PartitionKey": mail_id, "RowKey": MAIL, "WriteId": write_id}, etag=entry.etag)
        try:
            return (await self._table.transact([drop(mail_id, BODY), mark]))[1]
        except Absent:
            etag = await self._mark(mark, write_id, span)
        except Changed:
            return await self._known(mail_id, write_id, span)
        if entry.row.payload_hash:
            await self._payloads.drop(mail_id, entry.row.payload_hash)
        return etag

    async def _mark(self, mark: Change, write_id: str, span: Span) -> str:
        try:
            return (await self._table.transact([mark]))[0]
        except (Absent, Changed):
            return await self._known(str(mark.columns["PartitionKey"]), write_id, span)


def _check(row: MailRow, payload: bytes) -> None:
    if not _MAIL_ID.fullmatch(row.id):
        raise NotStorable(Reason("bad-id", "a mail id has 1 to 128 letters, digits, '-' or '_'"))
    if (payload_hash(payload) if row.payload_hash else "") != row.payload_hash:
        raise PayloadChanged


def _check_final(row: MailRow) -> None:
    if row.state not in FINAL:
        raise ValueError("a mail that is not final keeps its payload and its row")


def _mail(row: MailRow, write_id: str) -> dict[str, Any]:
    return {"PartitionKey": row.id, "RowKey": MAIL, "WriteId": write_id, **to_columns(row)}


def _entry(mail_id: str, stored: Stored) -> Entry:
    return Entry(from_columns(mail_id, stored.columns), stored.etag)


def _readable(mail_id: str, stored: Stored | None) -> Entry | None:
    if stored is None:
        return None
    try:
        return _entry(mail_id, stored)
    except (NewerRow, BrokenRow):
        return None

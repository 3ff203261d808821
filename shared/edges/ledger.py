"""The ledger: one row for each mail, and its payload beside it.

Table `ledger`, partition = mail id, rows `mail` (everything but the payload) and `body` (a payload up to `BODY_LIMIT`, in
the same transaction as the row); a larger payload rests in a blob that is written before the row. Every write carries a
`WriteId`: a repeated write whose first answer was lost finds itself there and is a success, not a conflict.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Any, Protocol

from shared.edges.ledger_codec import from_columns, to_columns
from shared.edges.ledger_columns import broken
from shared.edges.ledger_index import OpenIndex
from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Changed, Taken
from shared.edges.storage_table import Stored, Table, create, put
from shared.rules.mail_row import Entry, MailRow
from shared.rules.open_mail import OpenMail
from shared.rules.outcome import Reason
from shared.rules.states import FINAL, UNDER_WAY
from shared.rules.storage_errors import (
    AlreadyThere,
    BrokenRow,
    Conflict,
    NewerRow,
    NotStorable,
    PayloadChanged,
    PayloadGone,
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


class PayloadStore(Protocol):
    """Where payloads rest that are too large for the table."""

    async def put(self, mail_id: str, payload_hash: str, payload: bytes) -> None:
        """Store; the same content again is fine."""

    async def get(self, mail_id: str, payload_hash: str) -> bytes | None:
        """Read; None if it is gone."""


class Ledger:
    """Every method raises `StorageUnavailable` or `StorageForbidden` besides what it says.

    `new_id` makes an identifier that was never used before; it tells our own write from another's.
    """

    def __init__(
        self, account: StorageAccount, payloads: PayloadStore, telemetry: Telemetry, *, new_id: Callable[[], str]
    ) -> None:
        self._table = Table(account, TABLE)
        self._index = OpenIndex(account)
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
            if row.state not in FINAL:
                await self._index.add(row)
            entry, ours = await self._insert(row, payload)
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
            return replace(entry, payload=await self._payload(entry.row, found.get(BODY)))

    async def update(self, entry: Entry, row: MailRow) -> Entry:
        """Replace `entry.row` by `row` if nobody else has changed it; the payload of `entry` is kept. Raises `Conflict`.

        A mail that becomes final leaves the index of open mails, one that is put back by hand is due again.
        """
        if row.id != entry.row.id:
            raise ValueError("an update cannot change the mail's id")
        with self._span("update", row.id) as span:
            if row.state in UNDER_WAY and entry.row.state not in UNDER_WAY:
                await self._index.add(row)
            written = await self._update(entry, row, span)
            if isinstance(written, Conflict):
                raise written
            if row.state in FINAL:
                # The outcome is safe; an entry that stays is found by the sweep.
                with suppress(StorageUnavailable, StorageForbidden):
                    await self._index.remove(row)
        return written

    async def due(self, now: float) -> list[OpenMail]:
        """Open mails at which somebody should have looked by `now`, the longest overdue first."""
        return await self._index.due(now)

    async def held(self) -> list[OpenMail]:
        """Open mails that wait for a person."""
        return await self._index.held()

    async def settle(self, mail: OpenMail) -> None:
        """The entry is no longer true: it leaves the index."""
        await self._index.settle(mail)

    async def hold(self, mail: OpenMail) -> None:
        """The mail waits for a person."""
        await self._index.hold(mail)

    async def look_again(self, mail: OpenMail, at: float) -> None:
        """Nobody needs to look at the mail before `at`."""
        await self._index.look_again(mail, at)

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

    async def _update(self, entry: Entry, row: MailRow, span: Span) -> Entry | Conflict:
        write_id = self._new_id()
        try:
            etag = await self._table.replace(_mail(row, write_id), entry.etag)
        except (Changed, Absent):
            found = await self._table.get(row.id, MAIL)
            if found is None or found.columns.get("WriteId") != write_id:
                span.set({Attr.REASON: "conflict"})
                return Conflict(_readable(row.id, found))
            etag = found.etag
        return Entry(row, etag, entry.payload)

    async def _payload(self, row: MailRow, body: Stored | None) -> bytes:
        if not row.payload_hash:
            return b""
        payload = _inline(body) if body is not None else await self._payloads.get(row.id, row.payload_hash)
        if payload is None:
            raise PayloadGone
        if hashlib.sha256(payload).hexdigest() != row.payload_hash:
            raise PayloadChanged
        return payload


def _check(row: MailRow, payload: bytes) -> None:
    if not _MAIL_ID.fullmatch(row.id):
        raise NotStorable(Reason("bad-id", "a mail id has 1 to 128 letters, digits, '-' or '_'"))
    if (hashlib.sha256(payload).hexdigest() if row.payload_hash else "") != row.payload_hash:
        raise PayloadChanged


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


def _inline(body: Stored) -> bytes:
    columns: Mapping[str, Any] = body.columns
    if not isinstance(columns.get("Payload"), bytes):
        raise broken("Payload", "is missing or not binary")
    return bytes(columns["Payload"])

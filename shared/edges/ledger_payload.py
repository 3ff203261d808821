"""A mail's payload beside its row: in the table where it is small, in a store of its own where it is large."""

from typing import Protocol

from shared.edges.ledger_columns import broken
from shared.edges.storage_table import Stored
from shared.rules.identifiers import payload_hash
from shared.rules.mail_row import MailRow
from shared.rules.storage_errors import PayloadChanged, PayloadGone


class PayloadStore(Protocol):
    """Where payloads rest that are too large for the table."""

    async def put(self, mail_id: str, payload_hash: str, payload: bytes) -> None:
        """Store; the same content again is fine."""

    async def get(self, mail_id: str, payload_hash: str) -> bytes | None:
        """Read; None if it is gone."""

    async def drop(self, mail_id: str, payload_hash: str) -> None:
        """Delete; fine if it is gone."""


async def payload_of(row: MailRow, body: Stored | None, store: PayloadStore) -> bytes:
    """The row's payload, from the table's `body` or else from the store.

    Raises `BrokenRow`, `PayloadGone`, or `PayloadChanged` for a payload that is not the one of the row's hash.
    """
    if not row.payload_hash:
        return b""
    payload = _inline(body) if body is not None else await store.get(row.id, row.payload_hash)
    if payload is None:
        raise PayloadGone
    if payload_hash(payload) != row.payload_hash:
        raise PayloadChanged
    return payload


def _inline(body: Stored) -> bytes:
    if not isinstance(body.columns.get("Payload"), bytes):
        raise broken("Payload", "is missing or not binary")
    return bytes(body.columns["Payload"])

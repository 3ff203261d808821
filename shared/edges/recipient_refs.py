"""References to recipients: hashes under a random key that the app makes once and keeps in its own storage (design 3.7).

Table `keys`, one row. It is a table of its own so that nobody who clears the ledger or the index takes the key along:
without it, what is stored of earlier mails no longer answers whether somebody got them.
"""

import asyncio
from collections.abc import Callable, Sequence

from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Taken
from shared.edges.storage_table import Table, create
from shared.rules.identifiers import recipient_ref
from shared.rules.outcome import Reason
from shared.rules.storage_errors import StorageUnavailable

TABLE = "keys"
PARTITION = "keys"
ROW = "recipients"

KEY_LENGTH = 32
"""Bytes: as long as the hash (RFC 2104, section 3)."""

RETRY_AFTER = 60.0
"""Seconds until a person may have put the key right."""


class RecipientRefs:
    """Raises `StorageUnavailable` or `StorageForbidden`. `new_key` makes `KEY_LENGTH` random bytes."""

    def __init__(self, account: StorageAccount, *, new_key: Callable[[], bytes]) -> None:
        self._table = Table(account, TABLE)
        self._new_key = new_key
        self._key: bytes | None = None
        self._reading = asyncio.Lock()

    async def of(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """One reference for each address; the key is read once in the life of this object, and made if there is none."""
        async with self._reading:
            if self._key is None:
                self._key = await self._read() or await self._make()
        key = self._key
        return tuple(recipient_ref(key, address) for address in addresses)

    async def _make(self) -> bytes:
        made = self._new_key()
        try:
            await self._table.transact([create({"PartitionKey": PARTITION, "RowKey": ROW, "Key": made})])
        except Taken:
            # Another instance was quicker, or it is ours and its answer was lost: what is there counts.
            found = await self._read()
            if found is None:
                raise _unusable() from None
            return found
        return made

    async def _read(self) -> bytes | None:
        found = await self._table.get(PARTITION, ROW)
        if found is None:
            return None
        key = found.columns.get("Key")
        if not isinstance(key, bytes) or len(key) != KEY_LENGTH:
            raise _unusable()
        return key


def _unusable() -> StorageUnavailable:
    """A wrong key would give every recipient a second reference, and nobody would notice."""
    text = f"the key of the recipients' references in table {TABLE} is gone or not {KEY_LENGTH} bytes"
    fix = f"put it back, or delete row {ROW}: a new key is made, and mails accepted so far are not found by recipient"
    return StorageUnavailable(Reason("reference-key-broken", text, fix), RETRY_AFTER)

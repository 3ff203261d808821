"""Attachments that a caller left in container `attachments`, each caller below a prefix of its own.

Accepting pins a blob by its ETag and SHA-256; sending reads exactly that version or nothing.
"""

import hashlib
from typing import Any

from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Changed, Empty, NoContainer, Service
from shared.rules.mail import Blob

CONTAINER = "attachments"

LARGEST = 25 * 1024 * 1024
"""Bytes of one attachment: Base64 makes a third more of it, and a mailbox sends 35 MB by default."""


class Attachments:
    """Reads callers' blobs; never writes them."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    async def pin(self, prefix: str, name: str) -> Blob | None:
        """The blob `prefix/name` as it is now, None if it is not there or larger than `LARGEST`; raises `StorageFault`."""
        path = f"{prefix}/{name}"
        read = await self._read(path, etag=None)
        if read is None:
            return None
        content, etag = read
        return Blob(name=path, etag=etag, sha256=hashlib.sha256(content).hexdigest(), size=len(content))

    async def fetch(self, pinned: Blob) -> bytes | None:
        """The pinned content, None if the blob is gone or was changed; raises `StorageFault`."""
        read = await self._read(pinned.name, etag=pinned.etag)
        if read is None or hashlib.sha256(read[0]).hexdigest() != pinned.sha256:
            return None
        return read[0]

    async def _read(self, path: str, *, etag: str | None) -> tuple[bytes, str] | None:
        from azure.core import MatchConditions

        condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}

        async def read() -> tuple[bytes, str] | None:
            blob = await self._account.container(CONTAINER).download_blob(path, offset=0, length=LARGEST + 1, **condition)
            if blob.size > LARGEST:
                return None
            return await blob.readall(), str(blob.properties.etag)

        async def look() -> tuple[bytes, str] | None:
            blob = self._account.container(CONTAINER).get_blob_client(path)
            seen = await blob.get_blob_properties(**condition)
            return (b"", str(seen.etag)) if seen.size == 0 else None

        try:
            try:
                return await self._account.run(Service.BLOB, read)
            except Empty:
                return await self._account.run(Service.BLOB, look)
        except (Absent, NoContainer, Changed):
            return None

"""Payloads that do not fit into a table row: container `payloads`, one blob for each mail and content."""

from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Empty, NoContainer, Service
from shared.rules.outcome import Reason
from shared.rules.storage_errors import NotStorable, PayloadChanged

CONTAINER = "payloads"

LARGEST = 48 * 1024 * 1024
"""Bytes. Exchange takes 35 MB at most by default, 150 MB if asked; an envelope is far below, and memory is not endless."""


class Payloads:
    """Blobs named `<mail id>/<payload hash>`: the same content may be written twice, another content has another name."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    async def put(self, mail_id: str, payload_hash: str, payload: bytes) -> None:
        """Store a payload; writing it again is fine. Raises `NotStorable` above `LARGEST`."""
        if len(payload) > LARGEST:
            raise NotStorable(Reason("too-large", f"a payload holds at most {LARGEST} bytes"))

        async def write() -> None:
            await self._account.container(CONTAINER).upload_blob(f"{mail_id}/{payload_hash}", payload, overwrite=True)

        await self._account.run(Service.BLOB, write, create=self._create)

    async def get(self, mail_id: str, payload_hash: str) -> bytes | None:
        """The payload, None if it is gone. Raises `PayloadChanged` for a blob too large to be one of ours."""

        async def read() -> bytes:
            blob = await self._account.container(CONTAINER).download_blob(
                f"{mail_id}/{payload_hash}", offset=0, length=LARGEST + 1
            )
            if blob.size > LARGEST:
                raise PayloadChanged
            return await blob.readall()

        try:
            return await self._account.run(Service.BLOB, read)
        except Empty:
            return b""
        except (Absent, NoContainer):
            return None

    async def drop(self, mail_id: str, payload_hash: str) -> None:
        """Delete a payload; fine if it is gone."""

        async def write() -> None:
            await self._account.container(CONTAINER).delete_blob(f"{mail_id}/{payload_hash}")

        try:
            await self._account.run(Service.BLOB, write)
        except (Absent, NoContainer):
            return

    async def _create(self) -> None:
        await self._account.container(CONTAINER).create_container()

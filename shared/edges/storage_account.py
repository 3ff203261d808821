"""The mail's storage account: one connection pool, one credential, and a client for each table, queue and container.

Everything is made at first use. Calls go through `run`, which creates a missing table, queue or container once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from shared.edges.storage_calls import NoContainer, Service, Sleep, Taken, call
from shared.edges.storage_clock import ClockListener, StorageClock
from shared.edges.storage_credential import StorageIdentity
from shared.rules.outcome import Reason
from shared.rules.storage_config import StorageSettings
from shared.rules.storage_errors import StorageFault, StorageForbidden, StorageUnavailable

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.data.tables.aio import TableClient, TableServiceClient
    from azure.storage.blob.aio import BlobServiceClient, ContainerClient
    from azure.storage.queue.aio import QueueClient, QueueServiceClient

CONNECTIONS = 64
"""Sockets for all three services: a plan's outbound ports are shared by everything on the machine (128 are sure)."""

CONNECT_TIMEOUT = 3.0
"""Seconds for TCP and TLS: storage is in the same region, so longer means that it does not answer."""

READ_TIMEOUT = 7.0
"""Seconds between two pieces of an answer; below the limit of an attempt, so that the cause is named."""

SINGLE_PUT = 1024 * 1024
"""Bytes up to which a blob is written in one request, else in blocks of this size: aiohttp writes a larger body in one go
and stalls the loop meanwhile. A payload rarely is larger: an HTTP body has at most 1 MB."""

SINGLE_GET = 64 * 1024 * 1024
"""Bytes up to which a blob is read in one request; every payload is smaller (`payloads.LARGEST`)."""

_QUIET = logging.getLogger("keyless_mail.storage.requests")
"""Where the SDKs' request log ends: at level INFO it is twenty lines for each request, and the host collects INFO."""
_QUIET.disabled = True

Result = TypeVar("Result")
Client = TypeVar("Client")


class StorageAccount:
    """Clients of one storage account on one event loop; `close` ends its connections.

    `sleep` is how the pauses between two attempts are spent. `clock`, if there is one, learns from every answer.
    """

    def __init__(
        self, settings: StorageSettings, *, sleep: Sleep = asyncio.sleep, clock: StorageClock | None = None
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._clock = clock
        self._session: ClientSession | None = None
        self._identity: StorageIdentity | None = None
        self._services: dict[Service, Any] = {}
        self._clients: dict[tuple[Service, str], Any] = {}

    async def run(
        self,
        service: Service,
        operation: Callable[[], Awaitable[Result]],
        *,
        create: Callable[[], Awaitable[object]] | None = None,
    ) -> Result:
        """One operation. With `create`, a missing table, queue or container is made and the operation repeated once.

        Raises the signals of `storage_calls` and `StorageFault`.
        """
        try:
            return await call(operation, service=service, sleep=self._sleep)
        except NoContainer:
            if create is None:
                raise
        await self._create(service, create)
        try:
            return await call(operation, service=service, sleep=self._sleep)
        except NoContainer:
            reason = Reason("storage-not-ready", f"a {service} was just created and is not there yet")
            raise StorageUnavailable(reason, retry_after=1.0) from None

    def table(self, name: str) -> "TableClient":
        """The client of a table."""
        return self._client(Service.TABLE, name, lambda: self._tables().get_table_client(name))

    def queue(self, name: str) -> "QueueClient":
        """The client of a queue; text is sent as it is."""
        return self._client(Service.QUEUE, name, lambda: self._queues().get_queue_client(name))

    def container(self, name: str) -> "ContainerClient":
        """The client of a blob container."""
        return self._client(Service.BLOB, name, lambda: self._blobs().get_container_client(name))

    async def close(self) -> None:
        """Close all connections; the account makes new ones if it is used again."""
        session, identity = self._session, self._identity
        self._session = self._identity = None
        self._services.clear()
        self._clients.clear()
        if identity is not None:
            await identity.close()
        if session is not None:
            await session.close()

    async def _create(self, service: Service, create: Callable[[], Awaitable[object]]) -> None:
        try:
            await call(create, service=service, sleep=self._sleep)
        except Taken:
            return
        except StorageForbidden as refused:
            text = f"a {service} is missing and the app may not create it: {refused.reason.text}"
            raise StorageForbidden(Reason(refused.reason.code, text, refused.reason.fix)) from None

    def _client(self, service: Service, name: str, make: Callable[[], Client]) -> Client:
        client = self._clients.get((service, name))
        if client is None:
            client = self._clients[service, name] = make()
        return client

    def _tables(self) -> "TableServiceClient":
        from azure.data.tables.aio import TableServiceClient

        return self._service(Service.TABLE, TableServiceClient, "endpoint", self._settings.table_uri)

    def _queues(self) -> "QueueServiceClient":
        from azure.storage.queue.aio import QueueServiceClient

        return self._service(Service.QUEUE, QueueServiceClient, "account_url", self._settings.queue_uri)

    def _blobs(self) -> "BlobServiceClient":
        from azure.storage.blob.aio import BlobServiceClient

        return self._service(Service.BLOB, BlobServiceClient, "account_url", self._settings.blob_uri)

    def _service(self, service: Service, kind: type[Client], address: str, uri: str | None) -> Client:
        if service not in self._services:
            options: dict[str, Any] = {"transport": self._transport(), "retry_total": 0, "logger": _QUIET}
            if self._clock is not None and service is Service.TABLE:
                # The table library takes no policies (`per_call_policies` is ignored), but calls these for every request.
                listening = ClockListener(self._clock)
                options["raw_request_hook"] = listening.on_request
                options["raw_response_hook"] = listening.on_response
            if service is Service.BLOB:
                sizes = {"max_single_put_size": SINGLE_PUT, "max_block_size": SINGLE_PUT, "max_single_get_size": SINGLE_GET}
                options.update(sizes)
            try:
                self._services[service] = self._connect(kind, address, uri, options)
            except (ValueError, TypeError, KeyError):
                raise _unusable(service) from None
        connected: Client = self._services[service]
        return connected

    def _connect(self, kind: Any, address: str, uri: str | None, options: dict[str, Any]) -> object:  # noqa: ANN401 - three SDKs, no common type
        if self._settings.connection_string is not None:
            return kind.from_connection_string(self._settings.connection_string, **options)
        if uri is None:
            raise ValueError("neither a connection string nor an address")
        if self._identity is None:
            self._identity = StorageIdentity(self._settings.client_id)
        return kind(**{address: uri}, credential=self._identity, **options)

    def _transport(self) -> "AioHttpTransport":
        """A transport on the shared session.

        The session has the TLS context: handed a CA file, the SDK's transport makes a new context for every request, and
        with it a new connection. No proxy from the environment.
        """
        import aiohttp
        from azure.core.pipeline.transport import AioHttpTransport

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=self._tls()),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return AioHttpTransport(
            session=self._session,
            session_owner=False,
            connection_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            use_env_settings=False,
        )

    def _tls(self) -> Any:  # noqa: ANN401 - `True` is aiohttp's own context, as in its signature
        if self._settings.ca_file is None:
            return True
        import ssl

        context = ssl.create_default_context()
        try:
            context.load_verify_locations(cafile=self._settings.ca_file)
        except OSError:
            reason = Reason("storage-settings", "the certificate authority's file cannot be read", "check MAIL_CA_FILE")
            raise StorageUnavailable(reason, retry_after=60.0) from None
        return context


def _unusable(service: Service) -> StorageFault:
    reason = Reason(
        "storage-settings",
        f"the settings do not lead to a {service}",
        "set MailStorage__accountName, or MailStorage to a complete connection string",
    )
    return StorageUnavailable(reason, retry_after=60.0)

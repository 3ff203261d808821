"""From the name in a decorator's `connection` to clients of a storage account.

Rules: Microsoft Learn, "Guide for developing Azure Functions", connections; the order of the names as in the Storage
extension's configuration code: `AzureWebJobsNAME` before `NAME`, a value of that very name before `NAME__…`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from devcloud.host.faults import HostFault

ALIAS_PREFIX = "AzureWebJobs"
HOST_STORAGE = "AzureWebJobsStorage"
CONNECT_SECONDS = 5  # a local storage answers at once or not at all
READ_SECONDS = 30  # the longest a storage operation may take; the queue service's own limit
RETRIES = 2  # of single messages; the loops retry by themselves
RETRY_BACKOFF_SECONDS = 1  # the SDK takes whole seconds
RETRY_BACKOFF_GROWTH = 2  # 1 s, then 3 s

_BINDING_EXPRESSION = re.compile(r"%([^%\s]+)%")


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a storage account is and how to prove who we are; exactly one of the two forms is filled."""

    name: str
    connection_string: str | None = None
    queue_uri: str | None = None
    blob_uri: str | None = None
    managed: bool = False
    client_id: str | None = None


def expand(text: str, settings: Mapping[str, str], where: str) -> str:
    """Replace every `%NAME%` in `text` by the app setting NAME.

    Raises:
        HostFault: a setting is missing; `where` says which binding needs it.
    """

    def value(match: re.Match[str]) -> str:
        found = settings.get(match.group(1))
        if not found:
            raise HostFault(f"{where}: app setting {match.group(1)} is missing; set it or remove %{match.group(1)}%")
        return found

    return _BINDING_EXPRESSION.sub(value, text)


def resolve(name: str, settings: Mapping[str, str]) -> Connection:
    """Find the connection called `name` among the app settings; an empty name means the host's own storage.

    Raises:
        HostFault: no setting of that name, or one that this host cannot use.
    """
    wanted = name or HOST_STORAGE
    for candidate in (ALIAS_PREFIX + wanted, wanted):
        if settings.get(candidate):
            return Connection(wanted, connection_string=settings[candidate])
        section = _section(candidate, settings)
        if section:
            return _by_identity(wanted, section)
    raise HostFault(
        f"connection {wanted!r} is missing: set the app setting {wanted} (a connection string) "
        f"or {wanted}__queueServiceUri with {wanted}__credential=managedidentity"
    )


def _section(name: str, settings: Mapping[str, str]) -> dict[str, str]:
    start = f"{name}__".lower()
    return {key[len(start) :].lower(): value for key, value in settings.items() if key.lower().startswith(start) and value}


def _by_identity(name: str, section: Mapping[str, str]) -> Connection:
    account = section.get("accountname")
    queue_uri = section.get("queueserviceuri") or section.get("serviceuri")
    blob_uri = section.get("blobserviceuri")
    if account:
        queue_uri = queue_uri or f"https://{account}.queue.core.windows.net"
        blob_uri = blob_uri or f"https://{account}.blob.core.windows.net"
    if not queue_uri and not blob_uri:
        raise HostFault(f"connection {name!r}: set {name}__queueServiceUri (and __blobServiceUri for host storage)")
    credential = section.get("credential", "").lower()
    if credential not in {"", "managedidentity"} or "clientsecret" in section:
        raise HostFault(f"connection {name!r}: this host knows only {name}__credential=managedidentity")
    return Connection(
        name, queue_uri=queue_uri, blob_uri=blob_uri, managed=bool(credential), client_id=section.get("clientid")
    )


class StorageClients:
    """Makes storage clients, one session for each connection, and closes them with their credentials in the end."""

    def __init__(self, ca_file: str | None = None) -> None:
        self._verify: bool | str = ca_file or True
        self._credentials: dict[tuple[bool, str | None], ManagedIdentityCredential | DefaultAzureCredential] = {}
        self._queues: dict[tuple[Connection, int], QueueServiceClient] = {}
        self._blobs: dict[Connection, BlobServiceClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for closable in (*self._queues.values(), *self._blobs.values(), *self._credentials.values()):
            await closable.close()

    def queue(self, connection: Connection, name: str) -> QueueClient:
        """Return a client that repeats failed operations on one queue; bodies are passed through as they are stored.

        Raises:
            HostFault: the connection names no queue endpoint.
        """
        return self._queue_service(connection, RETRIES).get_queue_client(name)

    def receiver(self, connection: Connection, name: str) -> QueueClient:
        """Return a client that asks once: a repeated receive could hide a batch that nobody got.

        Raises:
            HostFault: the connection names no queue endpoint.
        """
        return self._queue_service(connection, 0).get_queue_client(name)

    def blobs(self, connection: Connection) -> BlobServiceClient:
        """Return a client of the account's blobs; it asks once.

        Raises:
            HostFault: the connection names no blob endpoint.
        """
        if connection not in self._blobs:
            self._blobs[connection] = self._new_blob_service(connection)
        return self._blobs[connection]

    def _queue_service(self, connection: Connection, retries: int) -> QueueServiceClient:
        key = (connection, retries)
        if key not in self._queues:
            self._queues[key] = self._new_queue_service(connection, retries)
        return self._queues[key]

    def _new_queue_service(self, connection: Connection, retries: int) -> QueueServiceClient:
        if connection.connection_string:
            return QueueServiceClient.from_connection_string(connection.connection_string, **self._transport(retries))
        if not connection.queue_uri:
            raise HostFault(f"connection {connection.name!r}: set {connection.name}__queueServiceUri")
        return QueueServiceClient(connection.queue_uri, credential=self._credential(connection), **self._transport(retries))

    def _new_blob_service(self, connection: Connection) -> BlobServiceClient:
        if connection.connection_string:
            return BlobServiceClient.from_connection_string(connection.connection_string, **self._transport(0))
        if not connection.blob_uri:
            raise HostFault(f"connection {connection.name!r}: set {connection.name}__blobServiceUri")
        return BlobServiceClient(connection.blob_uri, credential=self._credential(connection), **self._transport(0))

    def _transport(self, retries: int) -> dict[str, Any]:
        return {
            "connection_verify": self._verify,
            "connection_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "retry_total": retries,
            "initial_backoff": RETRY_BACKOFF_SECONDS,
            "increment_base": RETRY_BACKOFF_GROWTH,
            "random_jitter_range": 0,
        }

    def _credential(self, connection: Connection) -> AsyncTokenCredential:
        key = (connection.managed, connection.client_id)
        if key not in self._credentials:
            self._credentials[key] = (
                ManagedIdentityCredential(client_id=connection.client_id) if connection.managed else DefaultAzureCredential()
            )
        return self._credentials[key]

"""Where timers are remembered and who runs them: blobs in the host's own storage.

Container `azure-webjobs-hosts`, blobs `timers/{hostId}/{fullName}/status` and `locks/{hostId}/{fullName}.Listener`, as
the real host (azure-webjobs-sdk-extensions StorageScheduleMonitor.cs; listener singletons of the WebJobs SDK).
"""

import contextlib
import hashlib
import logging
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, BlobServiceClient, ContainerClient

from devcloud.host.timers import Status

CONTAINER = "azure-webjobs-hosts"
FUNCTION_PREFIX = "Host.Functions."
HOST_ID_SETTING = "AzureFunctionsWebHost__hostid"
HOST_ID_LENGTH = 32  # the real host cuts at 32 characters
SHORTEST_LEASE = 15  # seconds; what the blob service allows
LONGEST_LEASE = 60

logger = logging.getLogger(__name__)


def host_id(settings: Mapping[str, str], directory: Path) -> str:
    """Return the id that instances of one app share: a setting, the site's name, or a hash of machine and folder."""
    configured = settings.get(HOST_ID_SETTING) or settings.get("WEBSITE_SITE_NAME")
    if configured:
        return configured.lower()[:HOST_ID_LENGTH].rstrip("-")
    return hashlib.sha256(f"{socket.gethostname()}:{directory}".encode()).hexdigest()[:HOST_ID_LENGTH]


class TimerStore:
    """Blobs of one host id."""

    def __init__(self, blobs: BlobServiceClient, identifier: str) -> None:
        self._container: ContainerClient = blobs.get_container_client(CONTAINER)
        self._id = identifier

    async def prepare(self) -> None:
        """Create the container when it is missing."""
        with contextlib.suppress(ResourceExistsError):
            await self._container.create_container()

    async def read(self, function: str) -> Status | None:
        """Return what is remembered of a timer, or None when there is nothing readable."""
        try:
            stream = await self._status_blob(function).download_blob()
            return Status.from_json((await stream.readall()).decode())
        except ResourceNotFoundError:
            return None
        except (ValueError, TypeError, AttributeError):
            logger.warning("timer %s: its status blob is unreadable and will be replaced", function)
            return None

    async def write(self, function: str, status: Status) -> None:
        """Remember the status; best effort, as in the real host."""
        try:
            await self._status_blob(function).upload_blob(status.to_json(), overwrite=True)
        except AzureError as error:
            logger.warning("timer %s: status not saved: %s", function, type(error).__name__)

    def lock(self, function: str, period: float) -> "ListenerLock":
        """Return the lock that only one instance can hold; `period` is its lease in seconds."""
        return ListenerLock(
            self._container.get_blob_client(f"locks/{self._id}/{FUNCTION_PREFIX}{function}.Listener"), period
        )

    def _status_blob(self, function: str) -> BlobClient:
        return self._container.get_blob_client(f"timers/{self._id}/{FUNCTION_PREFIX}{function}/status")


class ListenerLock:
    """A blob lease, renewed at half its period.

    The blob service knows no lease below 15 seconds. For tests a shorter period works like this: the holder writes the
    blob's metadata at each renewal, and a contender that has seen the blob unchanged for a whole period, by its own
    monotonic clock, breaks the lease.
    """

    def __init__(self, blob: BlobClient, period: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._blob = blob
        self.period = min(period, LONGEST_LEASE)
        self._monotonic = monotonic
        self._lease: BlobLeaseClient | None = None
        self._seen: tuple[str, float] = ("", 0.0)

    async def acquire(self) -> bool:
        """Try to take the lock; False when another instance holds it."""
        lease = BlobLeaseClient(self._blob, lease_id=str(uuid4()))
        try:
            await lease.acquire(lease_duration=max(SHORTEST_LEASE, round(self.period)))
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):  # another instance may be quicker
                await self._blob.upload_blob(b"", overwrite=False)
            return await self.acquire()
        except HttpResponseError as error:
            if error.status_code != 409:
                raise
            await self._break_if_silent()
            return False
        self._lease = lease
        return await self.renew()

    async def renew(self) -> bool:
        """Keep the lock; False when it is lost."""
        if self._lease is None:
            return False
        try:
            await self._lease.renew()
            if self._is_short:
                await self._blob.set_blob_metadata({"heartbeat": uuid4().hex}, lease=self._lease)
        except HttpResponseError:
            self._lease = None
            return False
        return True

    async def release(self) -> None:
        """Give the lock back, so that another instance need not wait."""
        lease, self._lease = self._lease, None
        if lease is not None:
            with contextlib.suppress(AzureError):
                await lease.release()

    @property
    def _is_short(self) -> bool:
        return self.period < SHORTEST_LEASE

    async def _break_if_silent(self) -> None:
        if not self._is_short:
            return
        etag = (await self._blob.get_blob_properties()).etag
        now = self._monotonic()
        if etag != self._seen[0]:
            self._seen = (etag, now)
        elif now - self._seen[1] >= self.period:
            with contextlib.suppress(HttpResponseError):
                await BlobLeaseClient(self._blob).break_lease(lease_break_period=0)

"""The managed identity as the storage clients want it: asynchronous, one fetch at a time.

The SDK's synchronous credential runs in a thread, because it renews a long-lived token at half its life and keeps the
old one when that fails; its asynchronous twin drops the old one (azure-identity 1.27).
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

from shared.rules.outcome import Reason
from shared.rules.storage_errors import StorageUnavailable

if TYPE_CHECKING:
    from types import TracebackType

    from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
    from azure.identity import ManagedIdentityCredential

IDENTITY_CONNECT = 2.0
"""Seconds to reach the identity endpoint: it is on the same machine."""

IDENTITY_READ = 5.0
"""Seconds for its answer: one attempt has to fit into a storage attempt."""

RETRY_AFTER_IDENTITY = 15.0
"""Seconds. msal repeats nothing itself and throttles for 5 s after a failure of the endpoint."""

SDK_LOG, SILENT = "azure.identity", logging.CRITICAL + 1
"""The SDK logs at WARNING what the endpoint said, which may hold a token."""

NO_TOKEN = Reason(
    "storage-token",
    "the managed identity gave no token for storage",
    "is an identity assigned to the app, and does MailStorage__clientId name it?",
)

Fetched = TypeVar("Fetched")


class StorageIdentity:
    """An `AsyncTokenCredential` on the app's managed identity; `client_id` names a user-assigned one."""

    def __init__(self, client_id: str | None) -> None:
        self._client_id = client_id
        self._credential: ManagedIdentityCredential | None = None
        self._one_at_a_time = asyncio.Lock()

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,  # noqa: ANN401 - the SDK's protocol
    ) -> "AccessToken":
        """A token for `scopes`; the parameters are the SDK's."""
        options = {"claims": claims, "tenant_id": tenant_id, "enable_cae": enable_cae, **kwargs}
        return await self._fetch(lambda: self._sync().get_token(*scopes, **options))

    async def get_token_info(self, *scopes: str, options: "TokenRequestOptions | None" = None) -> "AccessTokenInfo":
        """A token for `scopes` with the time at which it should be renewed."""
        return await self._fetch(lambda: self._sync().get_token_info(*scopes, options=options))

    async def close(self) -> None:
        """Close the connection to the identity endpoint."""
        if self._credential is not None:
            await asyncio.to_thread(self._credential.close)
            self._credential = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: "TracebackType | None" = None,
    ) -> None:
        await self.close()

    async def _fetch(self, fetch: Callable[[], Fetched]) -> Fetched:
        """Run `fetch` in a thread. Its failures are named here: seen later, a 403 would look like one of storage's."""
        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(fetch)
            except Exception:  # noqa: BLE001 - msal also raises what its parsing stumbles over; the texts may quote the answer
                raise StorageUnavailable(NO_TOKEN, RETRY_AFTER_IDENTITY) from None

    def _sync(self) -> "ManagedIdentityCredential":
        if self._credential is None:
            from azure.core.pipeline.transport import RequestsTransport
            from azure.identity import ManagedIdentityCredential

            logging.getLogger(SDK_LOG).setLevel(SILENT)
            # No proxy from the environment: the endpoint is on this machine, and its header is a secret.
            transport = RequestsTransport(
                use_env_settings=False, connection_timeout=IDENTITY_CONNECT, read_timeout=IDENTITY_READ
            )
            self._credential = ManagedIdentityCredential(client_id=self._client_id, transport=transport, retry_total=0)
        return self._credential

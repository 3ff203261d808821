"""A token from the function app's managed identity, by the unchanged identity SDK.

A new credential for every fetch: each one has a cache of its own, which would hand out again what was just dropped.
Protocol and measurements: Azure Functions reference 3.3.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.rules.config import IdentityWay
from shared.rules.token_errors import (
    CONFIGURATION_PAUSE,
    DOWN,
    DOWN_PAUSE,
    ENDPOINT_MISSING,
    SETTINGS_WRONG,
    TIMEOUT,
    UNREADABLE,
    TokenUnavailable,
    of_status,
)

FETCH_TIMEOUT = 30.0
"""Seconds for one fetch in all: a mail that waits for a token holds its mailbox's turn."""

CONNECT_TIMEOUT = 5.0
"""Seconds. The endpoint is on this machine."""

READ_TIMEOUT = 20.0
"""Seconds of silence; with CONNECT_TIMEOUT below FETCH_TIMEOUT, so that no thread outlives its fetch."""


@dataclass(slots=True)
class LastAnswer:
    """Status and Retry-After of the newest HTTP answer; the SDKs lose both on the way to their exceptions."""

    status: int | None = None
    retry_after: str | None = None

    def note(self, status: int, retry_after: str | None) -> None:
        """Remember an answer."""
        self.status, self.retry_after = status, retry_after


class ManagedIdentityFetch:
    """Asks the managed identity for a token of `scope`; `client_id` names a user-assigned identity, None the app's own."""

    way: str = IdentityWay.MANAGED_IDENTITY.value

    def __init__(self, scope: str, *, client_id: str | None = None, timeout: float = FETCH_TIMEOUT) -> None:
        self._scope = scope
        self._client_id = client_id
        self._timeout = timeout

    async def __call__(self) -> tuple[str, float]:
        """A new token and its expiry in epoch seconds; raises `TokenUnavailable` after FETCH_TIMEOUT at the latest."""
        return await in_bounded_thread(self._ask, self._timeout)

    def _ask(self) -> tuple[str, float]:
        answer = LastAnswer()
        try:
            return self._token(answer)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises, its text may quote the answer and goes no further
            unavailable = unavailable_because(error, answer)
        raise unavailable

    def _token(self, answer: LastAnswer) -> tuple[str, float]:
        from azure.identity import ManagedIdentityCredential

        def note(response: Any) -> None:  # noqa: ANN401 - azure-core's PipelineResponse, generic over transports
            http = response.http_response
            answer.note(http.status_code, http.headers.get("Retry-After"))

        with ManagedIdentityCredential(
            client_id=self._client_id,
            retry_total=0,  # the mail waits in its queue instead of in a sleeping thread
            use_env_settings=False,  # an HTTP proxy would see the identity header and the token
            connection_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            raw_response_hook=note,
        ) as credential:
            token = credential.get_token(self._scope)
        return token.token, float(token.expires_on)


async def in_bounded_thread(ask: Callable[[], tuple[str, float]], seconds: float) -> tuple[str, float]:
    """Run a blocking fetch in a thread; raises `TokenUnavailable` when so many seconds are over."""
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(ask)
    except TimeoutError:
        pass
    raise TokenUnavailable(TIMEOUT, DOWN_PAUSE)


def unavailable_because(error: Exception, answer: LastAnswer) -> TokenUnavailable:
    """The reason for what azure-identity, azure-core or msal raised: an answer's status tells more than the class."""
    from azure.core.exceptions import (
        AzureError,
        ClientAuthenticationError,
        ServiceRequestTimeoutError,
        ServiceResponseTimeoutError,
    )

    if isinstance(error, ServiceRequestTimeoutError | ServiceResponseTimeoutError | TimeoutError):
        return TokenUnavailable(TIMEOUT, DOWN_PAUSE)
    if answer.status is not None:
        return of_status(answer.status, answer.retry_after)
    if isinstance(error, ClientAuthenticationError):
        return TokenUnavailable(ENDPOINT_MISSING, CONFIGURATION_PAUSE)
    if isinstance(error, AzureError | OSError):
        return TokenUnavailable(DOWN, DOWN_PAUSE)
    if isinstance(error, ValueError):
        return TokenUnavailable(SETTINGS_WRONG, CONFIGURATION_PAUSE)
    return TokenUnavailable(UNREADABLE, DOWN_PAUSE)

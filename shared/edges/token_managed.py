"""A token from the function app's managed identity, by the unchanged identity SDK.

A new credential for every fetch: each one has a cache of its own, which would hand out again what was just dropped.
Protocol and measurements: Azure Functions reference 3.3.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from shared.rules.config import IdentityWay
from shared.rules.outcome import Reason
from shared.rules.token_errors import (
    AMBIGUOUS,
    CONFIGURATION_PAUSE,
    DOWN,
    DOWN_PAUSE,
    ENDPOINT_MISSING,
    REFUSED,
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


NO_SUCH_IDENTITY = 400
"""The endpoint's answer where it has no identity as asked for; without a client id, where the app has none of its own."""


METADATA = "169.254.169.254"
"""Where virtual machines of several clouds have their metadata; the SDK asks there when no IDENTITY_ENDPOINT is set."""


SDK_LOG, SILENT = "azure.identity", logging.CRITICAL + 1
"""The SDK logs at WARNING what the endpoint said, which may hold a token; the reason tells all that an operator needs."""


@dataclass(slots=True)
class LastAnswer:
    """Status and Retry-After of the newest HTTP answer, and its host; the SDKs lose them on the way to their exceptions."""

    status: int | None = None
    retry_after: str | None = None
    host: str = ""

    def note(self, status: int, retry_after: str | None, host: str = "") -> None:
        """Remember an answer, and who gave it."""
        self.status, self.retry_after, self.host = status, retry_after, host


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
        if unavailable.reason is REFUSED:
            raise TokenUnavailable(self._refusal(answer), unavailable.retry_after)
        raise unavailable

    def _refusal(self, answer: LastAnswer) -> Reason:
        """What a refusal means: without the app's own endpoint the SDK asks the machine's, which knows no function app."""
        if answer.host == METADATA:
            return ENDPOINT_MISSING
        return AMBIGUOUS if answer.status == NO_SUCH_IDENTITY and self._client_id is None else REFUSED

    def _token(self, answer: LastAnswer) -> tuple[str, float]:
        from azure.identity import ManagedIdentityCredential

        logging.getLogger(SDK_LOG).setLevel(SILENT)

        def note(response: Any) -> None:  # noqa: ANN401 - azure-core's PipelineResponse, generic over transports
            http = response.http_response
            answer.note(http.status_code, http.headers.get("Retry-After"), urlsplit(http.request.url).hostname or "")

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

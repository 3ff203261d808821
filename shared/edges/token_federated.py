"""A token of an app registration whose only credential is the managed identity: no secret, no certificate.

Flow: Microsoft Learn, "Configure an application to trust a managed identity" (Exchange reference 3). The identity's token
for the exchange audience is the client assertion; Entra answers with an ordinary app token.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.edges.token_managed import CONNECT_TIMEOUT, FETCH_TIMEOUT, READ_TIMEOUT, LastAnswer, in_bounded_thread
from shared.edges.token_source import FetchToken
from shared.rules.config import IdentityWay
from shared.rules.token_errors import (
    AUTHORITY_DOWN,
    AUTHORITY_NOT_TRUSTED,
    CONFIGURATION_PAUSE,
    DOWN_PAUSE,
    FEDERATION_REFUSED,
    SETTINGS_WRONG,
    TIMEOUT,
    TokenUnavailable,
    of_status,
)

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True, slots=True)
class Application:
    """The app registration: its tenant's token endpoint, its ids, the scope wanted, and a further CA file to trust."""

    authority: str
    tenant_id: str
    client_id: str
    scope: str
    ca_file: str | None = None


class FederatedFetch:
    """Exchanges the identity's token, which `assertion` fetches, for the application's. `clock` gives epoch seconds."""

    way: str = IdentityWay.FEDERATED.value

    def __init__(
        self,
        application: Application,
        *,
        assertion: FetchToken,
        clock: Callable[[], float],
        timeout: float = FETCH_TIMEOUT,
    ) -> None:
        self._application = application
        self._assertion = assertion
        self._clock = clock
        self._timeout = timeout

    async def __call__(self) -> tuple[str, float]:
        """A new token and its expiry in epoch seconds; raises `TokenUnavailable`."""
        assertion, _ = await self._assertion()
        return await in_bounded_thread(lambda: self._exchange(assertion), self._timeout)

    def _exchange(self, assertion: str) -> tuple[str, float]:
        answer = LastAnswer()
        try:
            result = _ask(self._application, assertion, answer)
            if "access_token" in result:
                return str(result["access_token"]), self._clock() + float(result["expires_in"])
            unavailable = _refusal(answer)
        except Exception as error:  # noqa: BLE001 - whatever msal or requests raise, their texts go no further
            unavailable = _because(error, answer)
        raise unavailable


def _ask(application: Application, assertion: str, answer: LastAnswer) -> dict[str, Any]:
    import msal  # type: ignore[import-untyped]  # msal ships no types

    with _session(application.ca_file, answer) as session:
        client = msal.ConfidentialClientApplication(
            application.client_id,
            authority=_authority(application),
            client_credential={"client_assertion": lambda: assertion},
            http_client=session,
            instance_discovery=False,  # the authority comes from the code or a custom cloud; nobody else is asked about it
        )
        result: dict[str, Any] = client.acquire_token_for_client([application.scope]) or {}
        return result


def _authority(application: Application) -> str:
    """The tenant's authority; a custom cloud's may name the tenant already."""
    base = application.authority.rstrip("/")
    return base if urlsplit(base).path else f"{base}/{application.tenant_id}"


def _session(ca_file: str | None, answer: LastAnswer) -> "requests.Session":
    import requests

    class BoundedSession(requests.Session):
        """A session whose every request ends in time; msal passes no timeout of its own."""

        def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - requests' own signature
            kwargs["timeout"] = (CONNECT_TIMEOUT, READ_TIMEOUT)
            response = super().request(*args, **kwargs)
            answer.note(response.status_code, response.headers.get("Retry-After"))
            return response

    session = BoundedSession()
    session.trust_env = False  # neither a proxy nor a CA bundle from the environment may stand between app and authority
    session.verify = ca_file or True
    return session


def _refusal(answer: LastAnswer) -> TokenUnavailable:
    if answer.status in (400, 401):
        return TokenUnavailable(FEDERATION_REFUSED, CONFIGURATION_PAUSE)
    return _of_answer(answer)


def _of_answer(answer: LastAnswer) -> TokenUnavailable:
    if answer.status is not None and answer.status >= 500:
        return TokenUnavailable(AUTHORITY_DOWN, DOWN_PAUSE)
    return of_status(answer.status or 0, answer.retry_after)


def _because(error: Exception, answer: LastAnswer) -> TokenUnavailable:
    """The reason for what requests raised (OSErrors, a bad URL also a ValueError) or msal (ValueError)."""
    from requests import exceptions

    if isinstance(error, exceptions.SSLError):
        return TokenUnavailable(AUTHORITY_NOT_TRUSTED, CONFIGURATION_PAUSE)
    if isinstance(error, exceptions.Timeout):
        return TokenUnavailable(TIMEOUT, DOWN_PAUSE)
    if isinstance(error, OSError) and not isinstance(error, ValueError):
        return TokenUnavailable(AUTHORITY_DOWN, DOWN_PAUSE)
    # msal raises ValueError where the tenant's metadata cannot be had, or before it asks anybody
    if answer.status in (None, 400, 404):
        return TokenUnavailable(SETTINGS_WRONG, CONFIGURATION_PAUSE)
    return _of_answer(answer)

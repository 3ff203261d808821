"""One question to the app, and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import httpx

TIMEOUT = 60.0
"""Seconds. A cold app needs some before it answers, a bulk order some more; nobody waits longer at a prompt."""

Json = dict[str, Any]

_OTHER_KEY = (
    "the app does not take this key; set --key or MAIL_OPS_KEY to its master key (_master), "
    "or --token or MAIL_OPS_TOKEN where mail.toml says auth = entra"
)
_RENEW = (
    "the app does not take this token; it may have expired, or be for another resource or tenant. Set --token or "
    "MAIL_OPS_TOKEN to a new one: az account get-access-token --resource api://... --query accessToken -o tsv"
)
_OK = range(200, 300)
_REFUSED = range(400, 500)


class CouldNotAsk(Exception):
    """The app gave no answer that could be read: wrong address, wrong key or token, or it is down."""


class Refused(Exception):
    """The app answered no: there is no such thing, or it is not possible; the text says why and what to do."""

    def __init__(self, body: Json) -> None:
        super().__init__(_told(body))
        self.body = body


@dataclass(frozen=True, slots=True)
class App:
    """The app's address (without `/api`), and its master key or an operator's access token, or both.

    `seconds` is how long an answer may take.
    """

    url: str
    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    seconds: float = TIMEOUT

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """JSON body of `GET /api/{path}`; raises `CouldNotAsk` or `Refused`."""
        return _read(*self._ask("GET", path, query=query))

    def post(self, path: str, body: Mapping[str, object]) -> Json:
        """JSON body of `POST /api/{path}`; raises `CouldNotAsk` or `Refused`."""
        return _read(*self._ask("POST", path, body=body))

    def report(self, path: str) -> Json:
        """JSON body of `GET /api/{path}` whatever its status is; raises `CouldNotAsk`."""
        return self._ask("GET", path)[1]

    def _ask(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Mapping[str, object] | None = None
    ) -> tuple[int, Json]:
        self._check_address()
        try:
            answer = httpx.request(
                method,
                f"{self.url.rstrip('/')}/api/{path}",
                params=query,
                json=body,
                headers=self._proof(),
                timeout=self.seconds,
                trust_env=False,
            )
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise CouldNotAsk(
                f"{self.url} cannot be asked ({type(error).__name__}); check --url or MAIL_OPS_URL, and the key or token"
            ) from None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise _unauthorised(answer, self.token)
        return answer.status_code, _parsed(answer)

    def _proof(self) -> dict[str, str]:
        """The headers that prove the operator: the host reads the key, the app the token."""
        if not (self.key or self.token):
            raise CouldNotAsk("there is neither a key nor a token; set MAIL_OPS_KEY, or MAIL_OPS_TOKEN where auth = entra")
        key = {"x-functions-key": self.key} if self.key else {}
        return {**key, "Authorization": f"Bearer {self.token}"} if self.token else key

    def _check_address(self) -> None:
        """Key and token open everything: they go over TLS, or nowhere but to this machine."""
        try:
            address = httpx.URL(self.url)
        except (httpx.InvalidURL, UnicodeError):
            raise CouldNotAsk(
                "--url or MAIL_OPS_URL is not an address; give one such as https://app.azurewebsites.net"
            ) from None
        if address.scheme == "http" and not _is_this_machine(address.host):
            raise CouldNotAsk("key and token are not sent over plain http; give the app's https address")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parsed(answer: httpx.Response) -> Json:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        hint = "look at the app's log" if answer.status_code >= 500 else "is --url the function app, in this version?"
        raise CouldNotAsk(f"the app's answer ({answer.status_code}) is not what the app says; {hint}")
    return body


def _unauthorised(answer: httpx.Response, token: str) -> CouldNotAsk:
    """The host says nothing about a key; the app says what is wrong with a token."""
    if not token:
        return CouldNotAsk(_OTHER_KEY)
    try:
        told = _told(_parsed(answer))
    except CouldNotAsk:
        return CouldNotAsk(_RENEW)
    return CouldNotAsk(f"the app does not take this token: {told}")


def _read(status: int, body: Json) -> Json:
    if status in _OK:
        return body
    if status == httpx.codes.FORBIDDEN:
        raise CouldNotAsk(_told(body))
    if status in _REFUSED:
        raise Refused(body)
    raise CouldNotAsk(_told(body))


def _told(body: Json) -> str:
    """A problem (RFC 9457) in one line: each fault, or else what is wrong, and the cure."""
    errors = [str(one.get("detail", "")) for one in _objects(body.get("errors"))]
    faults = [f"{one.get('name')}: {one.get('cause')} → {one.get('cure')}" for one in _objects(body.get("faults"))]
    fix = body.get("fix")
    said = errors or [str(body.get("detail") or body.get("title") or "")]
    told = [*said, *faults, f"→ {fix}" if fix else ""]
    return " ".join(one for one in told if one) or "the app said no and gave no reason"


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []

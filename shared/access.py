"""Who may do what over HTTP: the caller of the API, and the operator.

With `[http] auth = "function-key"` the host has checked a key before our code runs. With `entra` it lets everybody
through, and the bearer token is the only proof that counts here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.rules import callers
from shared.rules.bearer_refusals import MISSING, REASONS, TokenRefused
from shared.rules.bearer_tokens import Claims, Verify, bearer, expected, key_id, require_role, verify
from shared.rules.callers import Caller
from shared.rules.config import CallerSetting, Cloud, HttpAuth, MailConfig
from shared.rules.outcome import Reason

SEND_ROLE, OPERATOR_ROLE = "Mail.Send", "Mail.Operator"
"""App roles of the app's registration (design 3.5). Neither includes the other."""

UNKNOWN_CALLER = Reason(
    "unknown-caller",
    "the bearer token is genuine, but no [callers.NAME] of mail.toml names its application or its object",
    "add a table with application (client id) or object (object id of the service principal or user)",
)


class SigningKeys(Protocol):
    """The port to Entra's signing keys."""

    async def key(self, kid: str) -> Mapping[str, Any] | None:
        """The JSON Web Key of this id, None where there is none; raises `KeysUnavailable`."""


class NotAuthenticated(Exception):
    """Nobody knows who asks: an answer 401. `code` is one of `bearer_refusals.REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(f"not authenticated: {code}")
        self.code = code
        self.reason = REASONS[code]

    @property
    def challenge(self) -> str:
        """What WWW-Authenticate has to say (RFC 6750 section 3): no error where there was no token."""
        return "Bearer" if self.code == MISSING else 'Bearer error="invalid_token"'


class NotAuthorised(Exception):
    """It is known who asks, and that one may not do this: an answer 403."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"not authorised: {reason.code}")
        self.code = reason.code
        self.cause = reason.text
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Bearer:
    """Reads and verifies bearer tokens of one tenant. `clock` gives epoch seconds."""

    keys: SigningKeys
    cloud: Cloud
    tenant: str
    clock: Callable[[], float]
    verify: Verify = verify

    async def claims(self, headers: Mapping[str, str], audience: str) -> Claims:
        """What the request's token says, if it was made for `audience`. Raises `TokenRefused` or `KeysUnavailable`."""
        token = bearer(headers)
        key = await self.keys.key(key_id(token))
        if key is None:
            raise TokenRefused("unknown-key")
        return self.verify(token, key, expected(self.cloud, self.tenant, audience), self.clock())


@dataclass(frozen=True, slots=True)
class Access:
    """Decides by the request's headers. `bearer` is asked where `[http] auth` is entra."""

    config: MailConfig
    bearer: Bearer

    async def caller(self, headers: Mapping[str, str]) -> Caller:
        """Who calls the API. Raises `NotAuthenticated`, `NotAuthorised`, or `KeysUnavailable`."""
        if self.config.http_auth is HttpAuth.FUNCTION_KEY:
            return callers.function_key(self.config)
        claims = await self._with_role(headers, SEND_ROLE)
        setting = _named(tuple(self.config.callers.values()), claims)
        if setting is None:
            raise NotAuthorised(UNKNOWN_CALLER)
        return callers.application(setting)

    async def operator(self, headers: Mapping[str, str]) -> None:
        """Returns for an operator. Raises as `caller` does; with function keys the host has asked for the master key."""
        if self.config.http_auth is not HttpAuth.FUNCTION_KEY:
            await self._with_role(headers, OPERATOR_ROLE)

    async def _with_role(self, headers: Mapping[str, str], role: str) -> Claims:
        try:
            claims = await self._claims(headers)
        except TokenRefused as refused:
            raise NotAuthenticated(refused.code) from None
        try:
            require_role(claims, role)
        except TokenRefused as missing:
            text = f"{missing.reason.text}: {role}"
            raise NotAuthorised(Reason(missing.code, text, missing.reason.fix)) from None
        return claims

    async def _claims(self, headers: Mapping[str, str]) -> Claims:
        if not self.config.http_audience:
            raise TokenRefused("audience")
        return await self.bearer.claims(headers, self.config.http_audience)


def _named(settings: tuple[CallerSetting, ...], claims: Claims) -> CallerSetting | None:
    """The caller that the token names. Its object comes first: many users may come by one application, such as `az`."""
    by_object = (one for one in settings if one.object == claims.object)
    by_application = (one for one in settings if one.application == claims.application)
    return next(by_object, None) or next(by_application, None)

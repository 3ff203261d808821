"""Does this token open this mailbox? Signature, claims, Exchange's own records, authorisation model.

Claims as in Microsoft's access token claims reference; the two models as in its pages on OAuth for SMTP (role claim and
mailbox permission) and on RBAC for Applications (no claim, a scoped role assignment).
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from devcloud.exchange.access import Access, Switch
from devcloud.exchange.config import ExchangeConfig
from devcloud.exchange.syntax import BadAddress, check_address

PublicKeys = Callable[[], Mapping[str, Any]]
"""Asked at every login, so that keys can be rotated: key id → RSA public key, `jwt.PyJWK` or JWK as a mapping."""

ROLE = "SMTP.SendAsApp"
SCOPE = "SMTP.Send"


class BadToken(Exception):
    """The token does not authenticate; the text says why, for the dialogue of a test and never for the client."""


class SwitchedOff(Exception):
    """The token is good, but SMTP AUTH is off: `switch` says for whom."""

    def __init__(self, switch: Switch) -> None:
        super().__init__(switch)
        self.switch = switch


class BadSasl(ValueError):
    """The XOAUTH2 data is malformed."""


@dataclass(frozen=True)
class Login:
    """A good login; `may_submit` is False when the mailbox will not open after DATA (430 4.2.0)."""

    appid: str
    may_submit: bool = True


def parse_xoauth2(data: bytes) -> tuple[str, str]:
    """User and token out of the base64 line: `user=…^Aauth=Bearer …^A^A`; raises BadSasl."""
    try:
        text = base64.b64decode(data, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadSasl("not base64 of UTF-8") from error
    user, _, rest = text.removeprefix("user=").partition("\x01")
    token = rest.removeprefix("auth=Bearer ").removesuffix("\x01\x01")
    expected = f"user={user}\x01auth=Bearer {token}\x01\x01"
    if text != expected or not token or "\x01" in token:
        raise BadSasl("fields")
    try:
        check_address(user)
    except BadAddress as error:
        raise BadSasl("user is no address") from error
    return user, token


def claimed_appid(token: str) -> str | None:
    """The `appid` that a token claims, unverified: only to choose a fault by."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_aud": False, "verify_exp": False})
    except (jwt.PyJWTError, RecursionError):
        return None
    return claims["appid"] if isinstance(claims.get("appid"), str) else None


def check(token: str, mailbox: str, *, config: ExchangeConfig, access: Access, keys: Mapping[str, Any], now: float) -> Login:
    """Verify the token for this mailbox; raises BadToken with the reason, or SwitchedOff.

    The order in which Exchange asks is not published. Ours: the token, who it is, whether the mailbox is there and may
    use SMTP AUTH, and last what was granted.
    """
    claims = _verified(token, config, keys)
    _check_times(claims, now)
    appid = _check_application(claims, config, access)
    if not access.exists(mailbox):
        raise BadToken("no such mailbox")
    off = access.switched_off(mailbox)
    if off is not None:
        raise SwitchedOff(off)
    if "scp" in claims or "upn" in claims:
        return _delegated(claims, appid, mailbox)
    return _app_only(claims, appid, mailbox, access)


def _check_application(claims: Mapping[str, Any], config: ExchangeConfig, access: Access) -> str:
    """The client id of an application that Exchange knows in this tenant, and under the object id of the token."""
    appid = claims.get("appid")
    if not isinstance(appid, str) or not appid:
        raise BadToken("no appid claim")
    if not access.is_registered(appid):
        raise BadToken("application unknown to Exchange")
    registered = access.registered_object_id(appid)
    if registered is not None and str(claims.get("oid")).lower() != registered.lower():
        raise BadToken("registered with another object id")
    if config.tenants and claims.get("tid") not in config.tenants:
        raise BadToken("another tenant")
    return appid


def _verified(token: str, config: ExchangeConfig, keys: Mapping[str, Any]) -> dict[str, Any]:
    try:
        kid = str(jwt.get_unverified_header(token).get("kid"))
        if kid not in keys:
            raise BadToken("signed with an unknown key")
        # Times are checked against the simulator's clock, not against the machine's.
        options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["aud", "exp"]}
        claims: dict[str, Any] = jwt.decode(
            token,
            _public_key(keys[kid]),
            algorithms=["RS256"],
            audience=list(config.audiences),
            options=options,  # type: ignore[arg-type]  # a TypedDict of PyJWT that is private in some releases
        )
    except (jwt.PyJWTError, TypeError, ValueError, RecursionError) as error:
        raise BadToken(type(error).__name__) from error
    return claims


def _public_key(key: object) -> RSAPublicKey:
    """Take the key out of whatever form the publisher has it in."""
    if isinstance(key, Mapping):
        key = jwt.PyJWK(dict(key), algorithm="RS256")
    if isinstance(key, jwt.PyJWK):
        key = key.key
    if not isinstance(key, RSAPublicKey):
        raise BadToken("the published key is no RSA key")
    return key


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    expires, starts = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expires, int | float) or not isinstance(starts, int | float):
        raise BadToken("exp or nbf is no number")
    if now >= expires:
        raise BadToken("expired")
    if now < starts:
        raise BadToken("not valid yet")


def _delegated(claims: Mapping[str, Any], appid: str, mailbox: str) -> Login:
    scopes = str(claims.get("scp", "")).split()
    if SCOPE not in scopes:
        raise BadToken("scope SMTP.Send missing")
    if str(claims.get("upn", "")).lower() != mailbox.lower():
        raise BadToken("token of another user")
    return Login(appid)


def _app_only(claims: Mapping[str, Any], appid: str, mailbox: str, access: Access) -> Login:
    roles = claims.get("roles", [])
    if isinstance(roles, list) and ROLE in roles:
        if "claim" not in access.models:
            raise BadToken("role claim not accepted")
        return Login(appid, may_submit=access.may_open(mailbox))
    if "rbac" not in access.models:
        raise BadToken("role SMTP.SendAsApp missing")
    inside = access.in_scope(mailbox)
    if not inside and access.out_of_scope == "auth":
        raise BadToken("mailbox outside the scope of the role assignment")
    return Login(appid, may_submit=inside)

"""Entra's access tokens, verified by the app itself: which ones prove a caller, and what they say about it.

Sources: Microsoft identity platform, "Access tokens" (validation) and "Access token claims reference"; RFC 6750 (bearer
tokens), RFC 7515 and 7519 (signed tokens), RFC 8725 (their best practice). Nothing but the token is asked: headers such as
`x-ms-client-principal` can be written by anybody where App Service authentication is off.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.rules.bearer_refusals import MISSING, NO_ROLE, TokenRefused
from shared.rules.clouds import CHINA, WORLDWIDE
from shared.rules.config import Cloud
from shared.rules.key_sets import ALGORITHM, public_key, tenant_authority
from shared.rules.patterns import GUID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = ["Claims", "Expected", "TokenRefused", "Verify", "bearer", "expected", "key_id", "require_role", "verify"]

LONGEST_TOKEN = 16 * 1024
"""Characters. Entra's tokens have one to six thousand; the host takes 32 KB for all headers together."""

LEEWAY = 60.0
"""Seconds between Entra's clock and ours: both keep network time. More would only lengthen the life of a stolen token."""

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")
"""RFC 6750 section 2.1. Two headers arrive joined by a comma, which the form does not allow."""

_SIGNED = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
"""The compact form (RFC 7515 section 7.1). The signature may be missing here, so that `none` is named as what it is."""

_KEY_ID = re.compile(r"[!-~]{1,256}")
_API = "api://"
_V1_ISSUERS: Mapping[str, str] = {CHINA.name: "https://sts.chinacloudapi.cn"}
_V1_ISSUER = "https://sts.windows.net"
_OWN_CHECKS: dict[str, Any] = {f"verify_{name}": False for name in ("aud", "iss", "exp", "nbf", "iat")}
"""What the library would check against the machine's clock, or without a code for each claim."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: the application that asked for it, whose it is, and the app roles of that one.

    `application` is the client id, `object` the object id of the service principal or user; both in lower case.
    """

    application: str
    object: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to be: of this tenant, for this audience (the application id URI), from one of these issuers."""

    tenant: str
    audience: str
    issuers: frozenset[str]

    @property
    def audiences(self) -> frozenset[str]:
        """The audience as configured, and without `api://` where a client id follows: version 2 tokens say only that id."""
        bare = self.audience.removeprefix(_API)
        return frozenset({self.audience, bare.lower()} if GUID.fullmatch(bare) else {self.audience})


Verify = Callable[[str, Mapping[str, Any], Expected, float], Claims]
"""Token, JSON Web Key, what is expected and the time in epoch seconds; raises `TokenRefused`."""


def expected(cloud: Cloud, tenant: str, audience: str) -> Expected:
    """What the tokens of one tenant and cloud have to be.

    The app's registration decides about version 1 or 2, and so about the issuer's form; the signature decides which
    cloud's Entra it was, as only that one's keys are asked for.
    """
    name = tenant.lower()
    issuers = {
        f"{_V1_ISSUERS.get(cloud.name, _V1_ISSUER)}/{name}/",
        f"{tenant_authority(cloud, name)}/v2.0",
        f"{WORLDWIDE.authority}/{name}/v2.0",
    }
    return Expected(name, audience, frozenset(issuers))


def bearer(headers: Mapping[str, str]) -> str:
    """The token of the one Authorization header. Raises `TokenRefused`: `missing`, `malformed`, `too-long`."""
    found = [value for name, value in headers.items() if name.lower() == "authorization"]
    if not any(found):
        raise TokenRefused(MISSING)
    if len(found) > 1:
        raise TokenRefused("malformed")
    if len(found[0]) > LONGEST_TOKEN:
        raise TokenRefused("too-long")
    match = _BEARER.fullmatch(found[0])
    if match is None:
        raise TokenRefused("malformed")
    return match[1]


def key_id(token: str) -> str:
    """The id of the key that is said to have signed. Raises `TokenRefused`: `malformed`, `too-long`, `algorithm`,
    `unknown-key`. Nothing is proven by it.
    """
    kid = _header(token).get("kid")
    if not isinstance(kid, str) or not _KEY_ID.fullmatch(kid):
        raise TokenRefused("unknown-key")
    return kid


def verify(token: str, key: Mapping[str, Any], expected: Expected, now: float) -> Claims:
    """What the token says, where this key signed it and it is what is expected at `now`, in epoch seconds.

    Raises `TokenRefused` and nothing else. Header fields that name a key (`jku`, `jwk`, `x5u`, `x5c`) are not looked at.
    """
    _header(token)
    claims = _signed(token, public_key(key, expected.tenant, expected.issuers))
    _check_origin(claims, expected)
    _check_times(claims, now)
    return _claims(claims)


def require_role(claims: Claims, role: str) -> None:
    """Raises `TokenRefused` (`no-role`) unless the app role was assigned: any application of a tenant can get a token for
    any other one, so a token without a role proves no right.
    """
    if role not in claims.roles:
        raise TokenRefused(NO_ROLE)


def _header(token: str) -> Mapping[str, Any]:
    """The header of a token that may be looked at further."""
    import jwt

    if len(token) > LONGEST_TOKEN:
        raise TokenRefused("too-long")
    if not _SIGNED.fullmatch(token):
        raise TokenRefused("malformed")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise TokenRefused("malformed") from None
    # `crit` names what a reader must understand (RFC 7515 section 4.1.11). We understand none of it, Entra writes none.
    if "crit" in header:
        raise TokenRefused("malformed")
    if header.get("alg") != ALGORITHM:
        raise TokenRefused("algorithm")
    return header


def _signed(token: str, key: "RSAPublicKey") -> Mapping[str, Any]:
    import jwt

    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[ALGORITHM], options=_OWN_CHECKS)  # type: ignore[arg-type]  # a plain dict
    except jwt.InvalidSignatureError:
        raise TokenRefused("signature") from None
    except jwt.PyJWTError:
        raise TokenRefused("malformed") from None
    return claims


def _check_origin(claims: Mapping[str, Any], expected: Expected) -> None:
    if not _among(claims.get("iss"), expected.issuers):
        raise TokenRefused("issuer")
    if not _among(claims.get("tid"), {expected.tenant}):
        raise TokenRefused("tenant")
    if not _among(claims.get("aud"), expected.audiences):
        raise TokenRefused("audience")


def _among(value: object, allowed: Collection[str]) -> bool:
    """Whether the claim is one text and one of these; an empty text never is."""
    return isinstance(value, str) and value != "" and value in allowed


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    """All three stand in every token of Entra. A `now` that is no number refuses as well."""
    issued, begins, ends = (_time(claims.get(name)) for name in ("iat", "nbf", "exp"))
    if not now - LEEWAY < ends:
        raise TokenRefused("expired")
    if not now + LEEWAY >= max(issued, begins):
        raise TokenRefused("not-yet")


def _time(value: object) -> float:
    """Seconds since 1970 (RFC 7519 section 2, NumericDate)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise TokenRefused("claims")


def _claims(claims: Mapping[str, Any]) -> Claims:
    """Version 1 names the application in `appid`, version 2 in `azp`. An ID token has neither and is refused by it."""
    applications = {_guid(claims[name]) for name in ("appid", "azp") if name in claims}
    if len(applications) != 1:
        raise TokenRefused("claims")
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise TokenRefused("claims")
    return Claims(applications.pop(), _guid(claims.get("oid")), frozenset(roles))


def _guid(value: object) -> str:
    if not isinstance(value, str) or not GUID.fullmatch(value):
        raise TokenRefused("claims")
    return value.lower()

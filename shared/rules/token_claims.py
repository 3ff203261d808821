"""What an access token says about itself, read without proof: for diagnosis only, never to decide whom to trust.

Names as in Microsoft's "Access token claims reference"; Exchange's tokens are of version 1 (`appid`), others may be of
version 2 (`azp`).
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 16 * 1024
"""Characters of a token that is looked at; Entra's have one to six thousand."""


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """The claims that decide at Exchange; '' or None where the token does not say.

    `application` is the client id and `object` the service principal's object id, as the token writes them; times are
    epoch seconds.
    """

    audience: str = ""
    application: str = ""
    object: str = ""
    tenant: str = ""
    roles: tuple[str, ...] = ()
    issued_at: float | None = None
    expires_at: float | None = None


def claims_of(token: str) -> TokenClaims | None:
    """The claims of a compact JWS (RFC 7515 section 7.1); None where the token is opaque or malformed. Never raises."""
    parts = token.split(".") if len(token) <= LONGEST else []
    if len(parts) != 3:
        return None
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return _claims(said) if isinstance(said, dict) else None


def _claims(said: Mapping[str, Any]) -> TokenClaims:
    roles = said.get("roles")
    return TokenClaims(
        audience=_text(said.get("aud")),
        application=_text(said.get("appid")) or _text(said.get("azp")),
        object=_text(said.get("oid")),
        tenant=_text(said.get("tid")),
        roles=tuple(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else (),
        issued_at=_number(said.get("iat")),
        expires_at=_number(said.get("exp")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    """Seconds; JSON of Python's making may hold NaN and numbers without end, which are no time."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        return None
    return float(value)

"""Tokens as Entra makes them: RS256 keys that rotate, and the claims of an application's token.

Claims: Microsoft identity platform, "Access token claims reference"; what Exchange reads of them is described at
"Authenticate an IMAP, POP or SMTP connection using OAuth".
"""

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

FEDERATION_AUDIENCE = "api://AzureADTokenExchange"
"""Audience of a managed identity's token that is used as the credential of an app registration."""

_RSA_BITS = 2048  # what Entra signs with; more only makes every start slower
_KEYS_PUBLISHED = 3  # after a rotation the old keys stay published for a while, as in Entra


class SigningKeys:
    """The tenant's signing keys: the newest signs, the last few are published."""

    def __init__(self) -> None:
        self._keys: dict[str, RSAPrivateKey] = {}
        self.rotate()

    def rotate(self) -> str:
        """Sign with a new key from now on; returns its key id."""
        kid = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        self._keys[kid] = generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
        for old in list(self._keys)[:-_KEYS_PUBLISHED]:
            del self._keys[old]
        return kid

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact JWS of these claims, signed by the newest key."""
        kid, key = list(self._keys.items())[-1]
        return jwt.encode(dict(claims), key, algorithm="RS256", headers={"kid": kid, "x5t": kid})

    def public_keys(self) -> Mapping[str, RSAPublicKey]:
        """Key id → public key, of every key that is still published."""
        return {kid: key.public_key() for kid, key in self._keys.items()}

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The published keys as a JSON Web Key Set (RFC 7517 section 5)."""
        return {"keys": [_jwk(kid, key) for kid, key in self.public_keys().items()]}


def application_claims(
    *, tenant_id: str, audience: str, client_id: str, object_id: str, issued_at: float, lifetime: float
) -> dict[str, Any]:
    """Claims of an app-only token of version 1, as Exchange's resource asks for them. Times are epoch seconds."""
    issued = int(issued_at)
    return {
        "aud": audience,
        "iss": issuer_of(tenant_id, audience),
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(lifetime),
        "appid": client_id,
        "appidacr": "2",
        "idp": f"https://sts.windows.net/{tenant_id}/",
        "idtyp": "app",
        "oid": object_id,
        "sub": object_id,
        "tid": tenant_id,
        "uti": base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode(),
        "ver": "1.0",
    }


def issuer_of(tenant_id: str, audience: str) -> str:
    """Who a token says it is from: the v2 name for a federation assertion (that is what a federated credential is
    registered with), the v1 name for everything else."""
    if audience == FEDERATION_AUDIENCE:
        return f"https://login.microsoftonline.com/{tenant_id}/v2.0"
    return f"https://sts.windows.net/{tenant_id}/"


def with_overrides(claims: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The claims with some replaced, and those whose override is None removed."""
    merged = {**claims, **overrides}
    return {name: value for name, value in merged.items() if value is not None}


def _jwk(kid: str, key: RSAPublicKey) -> dict[str, str]:
    numbers = json.loads(RSAAlgorithm.to_jwk(key))
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": numbers["n"], "e": numbers["e"]}

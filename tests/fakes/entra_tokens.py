"""Tokens as Entra makes them, and as nobody should: made by hand, because a library would refuse to make most of them."""

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.rules.bearer_tokens import Expected, expected
from shared.rules.clouds import WORLDWIDE

NOW = 1_800_000_000.0
TENANT = "5f0c1d4e-8a55-4a3b-9d0b-3f6a1c2b7e10"
FABRIKAM = "0b7e1f22-6a9d-4f57-8f3e-9a4f5d6c7b81"
"""Another tenant, whose tokens the same keys sign: Entra has one set for all tenants of a cloud."""

AUDIENCE = "api://keyless-mail"
APP = "3c0a4f0e-5a0e-4d52-9f27-2f6f6b1b7a11"
OBJECT = "9d4f7c55-1111-4222-8333-944455566677"
KID = "entra-key-1"
EXPECTED = expected(WORLDWIDE, TENANT, AUDIENCE)
ELSEWHERE = "https://evil.test/keys"
"""Where a stranger would have published keys of their own."""


@lru_cache(maxsize=8)
def private_key(name: str, bits: int = 2048) -> RSAPrivateKey:
    """A key by its name: `entra` is the published one, every other one a stranger's."""
    assert name
    return generate_private_key(public_exponent=65537, key_size=bits)


def jwk(name: str = "entra", bits: int = 2048, **changed: object) -> dict[str, Any]:
    """The public half as Entra publishes it, with fields changed; None removes one."""
    numbers = private_key(name, bits).public_key().public_numbers()
    key = {"kty": "RSA", "use": "sig", "kid": KID, "x5t": KID, "n": _number(numbers.n), "e": _number(numbers.e), **changed}
    return {field: value for field, value in key.items() if value is not None}


def public_pem(name: str = "entra") -> bytes:
    """The public half as PEM."""
    return private_key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def claims(**changed: object) -> dict[str, Any]:
    """An application's version 1 token with role Mail.Send, with claims changed; None removes one."""
    issued = int(NOW) - 100
    sound = {
        "aud": AUDIENCE,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": issued,
        "nbf": issued,
        "exp": issued + 3600,
        "appid": APP,
        "idtyp": "app",
        "oid": OBJECT,
        "sub": OBJECT,
        "tid": TENANT,
        "roles": ["Mail.Send"],
        "ver": "1.0",
        **changed,
    }
    return {name: value for name, value in sound.items() if value is not None}


def second_version(**changed: object) -> dict[str, Any]:
    """The same as a version 2 token."""
    issuer = f"https://login.microsoftonline.com/{TENANT}/v2.0"
    return claims(**{"iss": issuer, "appid": None, "azp": APP, "ver": "2.0", **changed})


def token(
    content: Mapping[str, Any] | bytes | None = None, *, key: str = "entra", bits: int = 2048, **header: object
) -> str:
    """A signed token; `content` are its claims, `key` the name of the key, the others fields of its header."""
    head = {"typ": "JWT", "alg": "RS256", "kid": KID, **header}
    text = signing_input({name: value for name, value in head.items() if value is not None}, content)
    return f"{text}.{encoded(private_key(key, bits).sign(text.encode(), padding.PKCS1v15(), SHA256()))}"


def signing_input(header: Mapping[str, Any] | bytes, content: Mapping[str, Any] | bytes | None = None) -> str:
    """Header and claims, with nothing behind them."""
    return f"{_part(header)}.{_part(claims() if content is None else content)}"


def encoded(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part: str) -> dict[str, Any]:
    """The JSON object in one part of a token, whoever signed it."""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return found


def expecting(**changed: object) -> Expected:
    """What is expected, with one thing changed: a verification without that one check."""
    sound: dict[str, Any] = {"tenant": EXPECTED.tenant, "audience": EXPECTED.audience, "issuers": EXPECTED.issuers}
    return Expected(**{**sound, **changed})


def _part(value: Mapping[str, Any] | bytes) -> str:
    return encoded(value if isinstance(value, bytes) else json.dumps(value).encode())


def _number(value: int) -> str:
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))

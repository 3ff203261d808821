"""Tokens for the exchange tests, signed with real keys."""

import base64
import functools
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

NOW = 1_795_000_000.0
"""Where a test clock starts: in November 2026."""


@functools.cache
def signing_key(kid: str) -> rsa.RSAPrivateKey:
    """The issuer's private key; one per name for the whole run, because making one takes its time."""
    assert kid
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def token(*, kid: str = "key-1", now: float = NOW, without: tuple[str, ...] = (), **claims: object) -> str:
    """A token as the identity platform makes them, with some claims changed or left out."""
    usual: dict[str, Any] = {
        "aud": "https://outlook.office365.com",
        "iss": "https://sts.windows.net/11111111-1111-1111-1111-111111111111/",
        "tid": "11111111-1111-1111-1111-111111111111",
        "appid": "22222222-2222-2222-2222-222222222222",
        "roles": ["SMTP.SendAsApp"],
        "nbf": int(now) - 300,
        "iat": int(now) - 300,
        "exp": int(now) + 3600,
    }
    chosen = {name: value for name, value in {**usual, **claims}.items() if name not in without}
    return jwt.encode(chosen, signing_key(kid), algorithm="RS256", headers={"kid": kid})


def xoauth2(user: str, bearer: str) -> str:
    """The base64 line of XOAUTH2."""
    return base64.b64encode(f"user={user}\x01auth=Bearer {bearer}\x01\x01".encode()).decode()

"""The keys with which Entra signs a tenant's tokens: where they are published, how they are read, and why there are none.

Sources: OpenID Connect Discovery 1.0 (`jwks_uri`), RFC 7517 (JSON Web Key Set), Microsoft identity platform, "Signing key
rollover". The address is built, not discovered: what a metadata document says would be one more thing to trust.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.rules.bearer_refusals import TokenRefused
from shared.rules.config import Cloud
from shared.rules.outcome import Reason
from shared.rules.strict import Refused, parse_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

ALGORITHM = "RS256"
"""The one algorithm with which Entra signs. It is not the token that says how it is to be verified (RFC 8725, 3.1)."""

SMALLEST_KEY = 2048
"""Bits of an RSA key that may sign (RFC 7518 section 3.3)."""

LARGEST_SET = 256 * 1024
"""Bytes. Entra publishes about 20 KB: some keys with their certificates; more is not a set of keys."""

KeySet = Mapping[str, Mapping[str, Any]]
"""JSON Web Keys by their `kid`."""


class KeysUnavailable(Exception):
    """Nobody can say now whether a token is genuine. `retry_after` is in seconds from now, the message the reason's code.

    It is no verdict on the token: an answer 503, never 401, which senders such as Event Grid do not repeat.
    """

    def __init__(self, reason: Reason, retry_after: float) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.retry_after = retry_after


KEYS_DOWN = Reason("signing-keys-down", "Entra's signing keys cannot be fetched: it cannot be reached or fails")
KEYS_TIMEOUT = Reason("signing-keys-timeout", "Entra did not give its signing keys in time")
KEYS_UNREADABLE = Reason("signing-keys-unreadable", "what Entra answered is not a set of signing keys")
KEYS_REFUSED = Reason(
    "signing-keys-refused",
    "Entra does not know the tenant whose signing keys are needed",
    "check MAIL_TENANT_ID, and MAIL_AUTHORITY in the custom cloud",
)
KEYS_NOT_TRUSTED = Reason(
    "signing-keys-not-trusted",
    "the certificate of the host that publishes the signing keys is not trusted",
    "check MAIL_CA_FILE, and whether something between the app and Entra breaks TLS open",
)
KEYS_SETTINGS_WRONG = Reason(
    "signing-keys-settings-wrong",
    "the settings lead to no https address of signing keys",
    "check MAIL_TENANT_ID, and MAIL_AUTHORITY and MAIL_CA_FILE in the custom cloud",
)


def tenant_authority(cloud: Cloud, tenant: str) -> str:
    """The tenant's own authority; a custom cloud's may name the tenant already."""
    base = cloud.authority.rstrip("/")
    return base if urlsplit(base).path else f"{base}/{tenant}"


def keys_address(cloud: Cloud, tenant: str) -> str:
    """Where the keys are published that sign the tenant's tokens of both versions."""
    return f"{tenant_authority(cloud, tenant)}/discovery/v2.0/keys"


def of_status(status: int) -> Reason | None:
    """Why an answer with this HTTP status holds no keys; None for 200."""
    if status == 200:
        return None
    if status in (400, 404):
        return KEYS_REFUSED
    return KEYS_UNREADABLE if status < 400 else KEYS_DOWN


def read_key_set(body: bytes) -> KeySet:
    """The RSA keys of a JSON Web Key Set that have a `kid`, by it; empty where the body is no such set.

    Other keys are left out, as RFC 7517 section 5 asks. Whether a key is good enough is asked when a token names it.
    """
    try:
        document = parse_json(body, limit=LARGEST_SET)
    except Refused:
        return {}
    keys = document.get("keys") if isinstance(document, dict) else None
    found = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
    return {key["kid"]: key for key in found if key.get("kty") == "RSA" and isinstance(key.get("kid"), str)}


def public_key(key: Mapping[str, Any], tenant: str, issuers: Collection[str]) -> "RSAPublicKey":
    """The key for verifying this tenant's signatures. Raises `TokenRefused` (`unusable-key`)."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt import PyJWTError
    from jwt.algorithms import RSAAlgorithm

    if not _signs(key) or not _signs_for(key, tenant, issuers):
        raise TokenRefused("unusable-key")
    try:
        # Modulus and exponent only: what else stands in the key must not make it another one.
        made = RSAAlgorithm.from_jwk({"kty": "RSA", "n": key["n"], "e": key["e"]})
    except (PyJWTError, ValueError, TypeError, KeyError):
        raise TokenRefused("unusable-key") from None
    if not isinstance(made, RSAPublicKey) or made.key_size < SMALLEST_KEY:
        raise TokenRefused("unusable-key")
    return made


def _signs(key: Mapping[str, Any]) -> bool:
    """Whether the key is RSA and for signatures, as far as it says so (RFC 7517 sections 4.1 to 4.4)."""
    operations = key.get("key_ops", ["verify"])
    return (
        key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", ALGORITHM) == ALGORITHM
        and isinstance(operations, list)
        and "verify" in operations
    )


def _signs_for(key: Mapping[str, Any], tenant: str, issuers: Collection[str]) -> bool:
    """Whether the key is for this tenant, where it says whose it is: Entra's sets also hold keys for personal accounts
    (Microsoft identity platform, "Access tokens", section "Validate the signing key issuer").
    """
    owner = key.get("issuer")
    return owner is None or (isinstance(owner, str) and owner.replace("{tenantid}", tenant) in issuers)

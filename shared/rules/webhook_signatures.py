"""Standard Webhooks, symmetric signatures `v1` (specification 1.0.0; protocols reference 1.1 and 1.2).

Whatever comes in, a delivery is either verified or refused by `SignatureRefused`; there is no third way out.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TOLERANCE = 300.0
"""Seconds between the sender's clock and ours. The specification gives no number; its libraries use five minutes."""

SHORTEST_SECRET = 24
"""Bytes of a decoded secret (specification, section on symmetric signatures)."""

LONGEST_ID = 256
MOST_SIGNATURES = 20
"""Items of one header; a sender that rotates its key sends two."""

_PREFIX = "whsec_"
_ASYMMETRIC = ("whsk_", "whpk_")
_UNRESOLVED = "@microsoft.keyvault("

_ID = re.compile(rf"[!-\-/-~]{{1,{LONGEST_ID}}}")
"""Printable ASCII without the dot: it separates the signed parts, and an id that holds it could stand for other parts."""

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_ITEM = re.compile(r"v1,([A-Za-z0-9+/]{43}=)")
"""A version 1 item with the Base64 of 32 bytes. Items of other versions, and broken ones, are passed over."""


class SignatureRefused(Exception):
    """The delivery is not proven to come from the holder of a secret; `code` says why and may be logged."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the delivery's signature was refused: {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Verified:
    """A verified delivery: the event's id (the same in every retry) and when this attempt was signed, in epoch seconds."""

    id: str
    timestamp: int


def verify_standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> Verified:
    """Verify a delivery against any of `secrets`; `now` is in epoch seconds, `body` the raw bytes as received.

    Header names count without case. Raises `SignatureRefused` with one of the codes `no-usable-secret`, `missing-header`,
    `bad-id`, `bad-timestamp`, `no-v1-signature`, `wrong-signature`, `too-old`, `too-new`.
    """
    keys = [_key(secret) for secret in secrets if usable_secret(secret) is None]
    if not keys:
        raise SignatureRefused("no-usable-secret")
    event_id, timestamp, signatures = (_header(headers, name) for name in ("id", "timestamp", "signature"))
    if not _ID.fullmatch(event_id):
        raise SignatureRefused("bad-id")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureRefused("bad-timestamp")
    _check_signature(f"{event_id}.{timestamp}.".encode("ascii") + body, signatures, keys)
    _check_age(int(timestamp), now)
    return Verified(event_id, int(timestamp))


def usable_secret(text: str) -> str | None:
    """None where `text` can verify deliveries, otherwise why not, in words for an operator and without the text."""
    if not text.strip():
        return "is empty; set the app setting"
    if text.strip().lower().startswith(_UNRESOLVED):
        return "is a Key Vault reference that was not resolved; check the vault's name and the identity's right to read it"
    if text.startswith(_ASYMMETRIC):
        return "is an asymmetric key; only symmetric secrets (whsec_) are supported"
    try:
        length = len(_key(text))
    except (binascii.Error, ValueError):
        return "is not Base64 behind whsec_; copy it again from the sender"
    if length < SHORTEST_SECRET:
        return f"is shorter than {SHORTEST_SECRET} bytes; let the sender make a new one"
    return None


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)


def _header(headers: Mapping[str, str], name: str) -> str:
    wanted = f"webhook-{name}"
    for key, value in headers.items():
        if key.lower() == wanted and value:
            return value
    raise SignatureRefused("missing-header")


def _check_signature(content: bytes, signatures: str, keys: Sequence[bytes]) -> None:
    matches = [_ITEM.fullmatch(item) for item in signatures.split(" ")[:MOST_SIGNATURES]]
    candidates = [match[1].encode("ascii") for match in matches if match]
    if not candidates:
        raise SignatureRefused("no-v1-signature")
    expected = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()) for key in keys]
    # Every pair is compared before the answer, so that time does not tell which key or item was the right one.
    if True not in [hmac.compare_digest(ours, theirs) for ours in expected for theirs in candidates]:
        raise SignatureRefused("wrong-signature")


def _check_age(timestamp: int, now: float) -> None:
    """After the signature, so that a stranger learns nothing about our clock. A `now` that is no number refuses as well."""
    if now - timestamp > TOLERANCE:
        raise SignatureRefused("too-old")
    if not timestamp - now <= TOLERANCE:
        raise SignatureRefused("too-new")

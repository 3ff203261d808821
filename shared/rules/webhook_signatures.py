"""Standard Webhooks, symmetric signatures `v1` (specification 1.0.0; protocols reference 1.1 and 1.2).

Whatever comes in, a delivery is either verified or refused by `DeliveryRefused`; there is no third way out.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.rules.deliveries import DeliveryRefused
from shared.rules.secret_forms import not_there, too_short

TOLERANCE = 300.0
"""Seconds between the sender's clock and ours. The specification gives no number; its libraries use five minutes."""

LONGEST_ID = 256
MOST_SIGNATURES = 20
"""Items of one header; a sender that rotates its key sends two."""

_PREFIX = "whsec_"
_ASYMMETRIC = ("whsk_", "whpk_")

_ID = re.compile(rf"[!-\-/-~]{{1,{LONGEST_ID}}}")
"""Printable ASCII without the dot: it separates the signed parts, and an id that holds it could stand for other parts."""

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_ITEM = re.compile(r"v1,([A-Za-z0-9+/]{43}=)")
"""A version 1 item with the Base64 of 32 bytes. Items of other versions, and broken ones, are passed over."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A verified delivery: the event's id (the same in every retry) and when this attempt was signed, in epoch seconds."""

    id: str
    timestamp: int


def verify_standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> Verified:
    """Verify a delivery against any of `secrets`, in the form of the specification; otherwise as `verify_signed`."""
    return verify_signed(headers, body, [signing_key(secret) for secret in secrets if usable_secret(secret) is None], now)


def verify_signed(headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], now: float) -> Verified:
    """Verify a delivery against any of `keys`; `now` is in epoch seconds, `body` the raw bytes as received.

    Header names count without case. Raises `DeliveryRefused` with one of the codes `no-usable-secret`, `missing-header`,
    `bad-id`, `bad-timestamp`, `no-v1-signature`, `wrong-signature`, `too-old`, `too-new`.
    """
    if not keys:
        raise DeliveryRefused("no-usable-secret")
    event_id, timestamp, signatures = (_header(headers, name) for name in ("id", "timestamp", "signature"))
    if not _ID.fullmatch(event_id):
        raise DeliveryRefused("bad-id")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise DeliveryRefused("bad-timestamp")
    _check_signature(f"{event_id}.{timestamp}.".encode("ascii") + body, signatures, keys)
    _check_age(int(timestamp), now)
    return Verified(event_id, int(timestamp))


def usable_secret(text: str) -> str | None:
    """None where `text` can verify deliveries, otherwise why not, in words for an operator and without the text."""
    if (cause := not_there(text)) is not None:
        return cause
    if text.startswith(_ASYMMETRIC):
        return "is an asymmetric key; only symmetric secrets (whsec_) are supported"
    try:
        return too_short(signing_key(text))
    except (binascii.Error, ValueError):
        return "is not Base64 behind whsec_; copy it again from the sender"


def has_own_form(text: str) -> bool:
    """Whether the text has one of the prefixes by which Standard Webhooks marks its keys."""
    return text.startswith((_PREFIX, *_ASYMMETRIC))


def signing_key(secret: str) -> bytes:
    """The bytes that key the HMAC; raises `ValueError` for a secret that `usable_secret` refuses as no Base64."""
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)


def _header(headers: Mapping[str, str], name: str) -> str:
    wanted = f"webhook-{name}"
    for key, value in headers.items():
        if key.lower() == wanted and value:
            return value
    raise DeliveryRefused("missing-header")


def _check_signature(content: bytes, signatures: str, keys: Sequence[bytes]) -> None:
    matches = [_ITEM.fullmatch(item) for item in signatures.split(" ")[:MOST_SIGNATURES]]
    candidates = [match[1].encode("ascii") for match in matches if match]
    if not candidates:
        raise DeliveryRefused("no-v1-signature")
    expected = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()) for key in keys]
    # Every pair is compared before the answer, so that time does not tell which key or item was the right one.
    if True not in [hmac.compare_digest(ours, theirs) for ours in expected for theirs in candidates]:
        raise DeliveryRefused("wrong-signature")


def _check_age(timestamp: int, now: float) -> None:
    """After the signature, so that a stranger learns nothing about our clock. A `now` that is no number refuses as well."""
    if now - timestamp > TOLERANCE:
        raise DeliveryRefused("too-old")
    if not timestamp - now <= TOLERANCE:
        raise DeliveryRefused("too-new")

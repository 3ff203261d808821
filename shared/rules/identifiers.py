"""Names and fingerprints that are computed, never drawn: the same input gives the same mail, whoever asks."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime

import msgspec

from shared.rules.envelope import Envelope

MAIL_ID_LENGTH = 32
"""Hex digits: 128 bits of SHA-256, as much as a UUID, so that two mails never meet by chance."""

RECIPIENT_REF_LENGTH = 24
"""Hex digits: 96 bits, so that two addresses never meet by chance, and 500 of them fit into one column."""

_NOT_CONTENT = frozenset({"id", "traceparent", "tracestate"})
"""Fields that say who asks and in which trace, not what is to be sent."""


def mail_id(caller: str, key: str) -> str:
    """The mail's id: 32 hex digits from the caller's name and its key; no two pairs share their input."""
    digest = hashlib.sha256()
    for part in ("keyless-mail/mail-id/1", caller, key):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:MAIL_ID_LENGTH]


def refused_id(caller: str, key: str) -> str:
    """The id of the row that explains why a message was not accepted: another one than the mail's, so that a producer may
    send the same key again once the message is mended.
    """
    return mail_id(f"refused by {caller}", key)


def content_hash(envelope: Envelope) -> str:
    """SHA-256 (hex) of what the caller wants sent: neither the order of keys nor how a time is written counts."""
    fields = {name: _plain(getattr(envelope, name)) for name in envelope.__struct_fields__ if name not in _NOT_CONTENT}
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def payload_hash(payload: bytes) -> str:
    """SHA-256 (hex) of a stored payload."""
    return hashlib.sha256(payload).hexdigest()


def message_id(mail_id: str, domain: str) -> str:
    """The Message-ID (RFC 5322 3.6.4): made once per mail, so that every attempt carries the same one."""
    return f"<{mail_id}@{domain}>"


def recipient_ref(key: bytes, address: str) -> str:
    """An address's reference: HMAC-SHA256 under the storage account's own key, however the address was capitalised.

    Without the key nobody can try out addresses, as they could with a plain hash (design 3.7).
    """
    normalised = address.strip().casefold().encode("utf-8", "surrogatepass")
    return hmac.digest(key, normalised, hashlib.sha256).hex()[:RECIPIENT_REF_LENGTH]


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.timestamp()
        case bytes():
            return hashlib.sha256(value).hexdigest()
        case msgspec.Struct():
            return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return value

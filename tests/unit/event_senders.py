"""What senders of events do: sign, write envelopes, and set the headers. Their side is written from the specifications."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from shared.rules.deliveries import Delivery

AT = 1_700_000_000
"""When everything here is signed, in epoch seconds."""

TEXT_SECRET = "correct horse battery staple"
OTHER_SECRET = "another secret of 32 characters!"
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
UNRESOLVED = "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/hook)"

TOPIC = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg/providers/Microsoft.EventGrid/topics/kt1"

ENVELOPE: dict[str, Any] = {
    "specversion": "1.0",
    "type": "com.example.someevent",
    "source": "/mycontext",
    "id": "C234-1234-1234",
    "time": "2018-04-05T17:31:00Z",
    "comexampleextension1": "value",
    "comexampleothervalue": 5,
    "datacontenttype": "application/json",
    "data": {"appinfoA": "abc", "appinfoB": 123, "appinfoC": True},
}
"""The example of the JSON event format, section 3.2."""

GRID_EVENT: dict[str, Any] = {
    "id": "831e1650-001e-001b-66ab-eeb76e069631",
    "topic": TOPIC,
    "subject": "/blobServices/default/containers/in/blobs/new.txt",
    "eventType": "Microsoft.Storage.BlobCreated",
    "eventTime": "2017-06-26T18:41:00.9584103Z",
    "data": {"api": "PutBlockList", "contentLength": 524288},
    "dataVersion": "",
    "metadataVersion": "1",
}
"""As Microsoft's page on the schema has it, with a topic of ours."""


def as_json(value: object) -> bytes:
    """The value as JSON."""
    return json.dumps(value).encode()


def standard_headers(body: bytes, key: bytes, *, id_: str = "msg_1", at: int = AT) -> dict[str, str]:
    """The headers of Standard Webhooks over a body."""
    digest = hmac.digest(key, f"{id_}.{at}.".encode() + body, hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": id_, "webhook-timestamp": str(at), "webhook-signature": signature}


def standard_key(secret: str) -> bytes:
    """What a secret with the prefix whsec_ stands for."""
    return base64.b64decode(secret.removeprefix("whsec_"))


def github_signature(body: bytes, secret: str = TEXT_SECRET) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def github(body: bytes, secret: str = TEXT_SECRET, **headers: str) -> Delivery:
    """A delivery of GitHub, with further headers whose underscores are hyphens."""
    signed = {"X-Hub-Signature-256": github_signature(body, secret), "Content-Type": "application/json"}
    return Delivery({**signed, **{name.replace("_", "-"): value for name, value in headers.items()}}, body)


def structured(envelope: object, headers: Mapping[str, str] | None = None) -> Delivery:
    """A CloudEvent in structured mode."""
    return Delivery({"Content-Type": "application/cloudevents+json; charset=UTF-8", **(headers or {})}, as_json(envelope))


def batched(*envelopes: object) -> Delivery:
    """CloudEvents in one batch."""
    return Delivery({"Content-Type": "application/cloudevents-batch+json"}, as_json(envelopes))


def grid(events: object, kind: str = "Notification") -> Delivery:
    """A delivery in Event Grid's schema."""
    return Delivery({"Content-Type": "application/json; charset=utf-8", "aeg-event-type": kind}, as_json(events))

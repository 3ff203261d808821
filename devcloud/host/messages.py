"""One queue message: from its stored text to trigger data (types as the host sends them over gRPC)."""

import base64
import binascii
import datetime as dt
import json
from dataclasses import dataclass

from azure.functions.meta import Datum
from azure.storage.queue import QueueMessage

from devcloud.host.options import Encoding
from devcloud.host.triggering import TriggerData


@dataclass(slots=True)
class ReceivedMessage:
    """A message that this host holds; the pop receipt changes with every renewal. Times are aware, in UTC."""

    id: str
    pop_receipt: str
    stored_text: str
    dequeue_count: int
    inserted_on: dt.datetime | None
    expires_on: dt.datetime | None
    next_visible_on: dt.datetime | None


def received(message: QueueMessage) -> ReceivedMessage:
    """Take over a message from the storage SDK."""
    return ReceivedMessage(
        id=message.id,
        pop_receipt=message.pop_receipt or "",
        stored_text=message.content or "",
        dequeue_count=message.dequeue_count or 0,
        inserted_on=message.inserted_on,
        expires_on=message.expires_on,
        next_visible_on=message.next_visible_on,
    )


def decoded(stored_text: str, encoding: Encoding) -> bytes | None:
    """Return the body of a message, or None when the host could not decode it."""
    if encoding == "none":
        return stored_text.encode("utf-8", "replace")
    try:
        # .NET's decoder skips white space, and nothing else that is not of the alphabet.
        return base64.b64decode("".join(stored_text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def trigger_data(message: ReceivedMessage, body: bytes, *, binary: bool) -> TriggerData:
    """Return what the worker gets for a message: the body and the metadata that the host sends beside it."""
    text = body.decode("utf-8", "replace")
    metadata = {
        "QueueTrigger": Datum(text, "string"),
        "Id": Datum(message.id, "string"),
        "PopReceipt": Datum(message.pop_receipt, "string"),
        "DequeueCount": Datum(json.dumps(message.dequeue_count), "json"),
    }
    times = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    metadata |= {name: Datum(json.dumps(_iso(time)), "json") for name, time in times.items() if time is not None}
    return TriggerData(Datum(body, "bytes") if binary else Datum(text, "string"), metadata)


def _iso(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat()

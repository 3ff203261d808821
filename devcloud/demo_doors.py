"""The four doors of the demo: how each is knocked at, and by what its mail is recognised when it arrives."""

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue.aio import QueueClient

from devcloud.mail_toml import DEMO_SECRET, PRODUCER_QUEUE

JSON = {"Content-Type": "application/json"}


class RefusedError(Exception):
    """A door did not say yes; the text is what it said instead."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """What the demo needs to know of a running devcloud, out of the line that `up` prints."""

    functions: str
    function_key: str
    storage: str
    inbox: str
    webhook_secret: str

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "Cloud":
        """Read that line (design 3.1)."""
        return cls(
            functions=line["functions"][0],
            function_key=line["function_key"],
            storage=line["storage"],
            inbox=line["inbox"],
            webhook_secret=line["settings"][DEMO_SECRET],
        )

    @property
    def keyed(self) -> dict[str, str]:
        """Headers of a caller with the function key."""
        return {**JSON, "x-functions-key": self.function_key}


@dataclass(frozen=True, slots=True)
class Door:
    """A door and the envelope by which its mail is known: the mailbox it leaves from and one of its recipients."""

    name: str
    does: str
    sender: str
    recipient: str

    def sent(self, mail: Mapping[str, Any]) -> bool:
        """Whether this mail came through this door."""
        return mail["from"] == self.sender and self.recipient in mail["to"]


QUEUE = Door("queue", "a producer's message on the queue `outbox`", "alerts@contoso.test", "queue@contoso.test")
HTTP = Door("http", "POST /api/messages", "alerts@contoso.test", "http@contoso.test")
WEBHOOK = Door("webhook", "a signed Standard Webhook", "alerts@contoso.test", "ops@contoso.test")
DIGEST = Door("digest", "two items, one mail per 10-second window", "reports@contoso.test", "ops@contoso.test")
DOORS = (QUEUE, HTTP, WEBHOOK, DIGEST)


@dataclass(frozen=True, slots=True)
class Knocker:
    """Sends one event to each door. `run` makes the keys of this run its own, `now` is in seconds since 1970."""

    cloud: Cloud
    http: ClientSession
    run: str
    now: float

    async def knock(self, door: Door) -> None:
        """Send this door its event; raises RefusedError when the app does not take it."""
        await {QUEUE: self._queue, HTTP: self._http, WEBHOOK: self._webhook, DIGEST: self._digest}[door]()

    async def _queue(self) -> None:
        envelope = {
            "id": f"demo-{self.run}",
            "sender": "alerts",
            "to": [QUEUE.recipient],
            "subject": "Disk almost full on db-01",
            "text": "Volume /var/lib/data is at 93 %.\n",
        }
        async with QueueClient.from_connection_string(self.cloud.storage, PRODUCER_QUEUE) as outbox:
            # The app makes its queues at first use; a producer may well be the first.
            with contextlib.suppress(ResourceExistsError):
                await outbox.create_queue()
            await outbox.send_message(base64.b64encode(json.dumps(envelope).encode()).decode())

    async def _http(self) -> None:
        envelope = {
            "sender": "alerts",
            "to": [HTTP.recipient],
            "subject": "Deployment finished: web 4.2.1",
            "text": "Version 4.2.1 is live.\n",
            "html": "<p>Version <b>4.2.1</b> is live.</p>",
        }
        headers = {**self.cloud.keyed, "Idempotency-Key": f"demo-{self.run}"}
        await self._post("messages", json.dumps(envelope).encode(), headers)

    async def _webhook(self) -> None:
        event = {"type": "order.paid", "timestamp": "2026-11-23T07:00:00Z", "data": {"order": 1042, "amount": "49.00 EUR"}}
        body = json.dumps(event).encode()
        headers = standard_webhook_headers(self.cloud.webhook_secret, f"msg_{self.run}", int(self.now), body)
        await self._post("webhooks/demo", body, {**JSON, **headers})

    async def _digest(self) -> None:
        for number, title in enumerate(("Backup finished", "Certificate renewed"), start=1):
            item = {"id": f"demo-{self.run}-{number}", "title": title, "text": f"Item {number} of the demo."}
            await self._post("digests/daily-ops/events", json.dumps(item).encode(), self.cloud.keyed)

    async def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        async with self.http.post(f"{self.cloud.functions}/api/{path}", data=body, headers=headers) as answer:
            if answer.status != 202:
                raise RefusedError(f"POST /api/{path} answered {answer.status}: {(await answer.text())[:500]}")


def standard_webhook_headers(secret: str, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body` with the secret's bytes."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.digest(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }

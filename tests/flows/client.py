"""What stands around the app in these tests: a producer, an HTTP caller, a webhook's sender, and somebody at the inbox."""

import base64
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

import httpx
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableClient
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from tests.flows.processes import Cloud
from tests.flows.waiting import PATIENCE, wait_for

REQUEST_SECONDS = 30.0
"""Of one request; the app answers in a tenth of a second where nobody else uses the machine."""

SETTLED = frozenset({"sent", "rejected", "parked", "unknown", "cancelled", "expired"})
"""States in which nothing happens by itself any more."""

Json = dict[str, Any]


def an_envelope(**fields: object) -> Json:
    """A sound envelope, changed as the test wants; a field that is None is left out."""
    envelope = {"sender": "alerts", "to": ["ops@contoso.test"], "subject": "Disk almost full", "text": "93 %\n", **fields}
    return {name: value for name, value in envelope.items() if value is not None}


class Client:
    """Speaks to one host of a cloud and to the cloud's emulators. May be used by several threads."""

    def __init__(self, cloud: Cloud, *, functions: str | None = None, storage: str | None = None) -> None:
        """`functions` is the host's address, `storage` the mail's account; by default the cloud's first host and account."""
        self.cloud = cloud
        self._functions = functions or cloud.line["functions"][0]
        self._storage = storage or cloud.line["storage"]
        self._http = httpx.Client(timeout=REQUEST_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        """Use as a context manager closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its connections."""
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    # The app over HTTP.

    def post(self, path: str, body: object, *, key: bool = True, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """POST below /api: bytes as they are, anything else as JSON; with the function key unless told otherwise."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json", **(self.key if key else {}), **(headers or {})}
        return self._http.post(f"{self._functions}/api/{path}", content=content, headers=sent)

    def get(self, path: str, *, key: bool = True) -> httpx.Response:
        """GET below /api."""
        return self._http.get(f"{self._functions}/api/{path}", headers=self.key if key else {})

    def delete(self, path: str) -> httpx.Response:
        """DELETE below /api."""
        return self._http.delete(f"{self._functions}/api/{path}", headers=self.key)

    @property
    def key(self) -> dict[str, str]:
        """The header of a caller that holds the function key."""
        return {"x-functions-key": self.cloud.line["function_key"]}

    def submit(self, **fields: object) -> str:
        """Have an envelope accepted over HTTP; gives the mail's id."""
        answer = self.post("messages", an_envelope(**fields))
        assert answer.status_code == 202, f"{answer.status_code} {answer.text or self.log()[-2000:]}"
        return str(answer.json()["id"])

    def status(self, name: str) -> Json | None:
        """What the app says of a mail, by its id or its producer's key; None where it knows none."""
        answer = self.get(f"messages/{name}")
        assert answer.status_code in {200, 404}, answer.text
        found: Json = answer.json()
        return found if answer.status_code == 200 else None

    def settled(self, name: str, *, seconds: float = PATIENCE) -> Json:
        """The mail's status as soon as it rests in a state in which nothing happens by itself."""

        def look() -> Json | None:
            status = self.status(name)
            return status if status and status["state"] in SETTLED else None

        return wait_for(f"mail {name} to come to rest", look, seconds=seconds)

    def reason(self, name: str, reason: str, *, seconds: float = PATIENCE) -> Json:
        """The mail's status as soon as its timeline names this reason."""

        def look() -> Json | None:
            status = self.status(name)
            return status if status and reason in reasons(status) else None

        return wait_for(f"mail {name} to say {reason}", look, seconds=seconds)

    def log(self) -> str:
        """What the cloud's first host has logged so far."""
        return (self.cloud.folder / "host-1.err").read_text()

    # Storage.

    def make_queue(self, queue: str) -> None:
        """Make a queue where it is not there yet."""
        with QueueClient.from_connection_string(self._storage, queue) as client, suppress(ResourceExistsError):
            client.create_queue()

    def put(self, queue: str, body: str | bytes, *, delay: int = 0) -> str:
        """Put a message that shows itself after `delay` seconds: text as it is, bytes as Base64; gives its id."""
        text = base64.b64encode(body).decode() if isinstance(body, bytes) else body
        with QueueClient.from_connection_string(self._storage, queue) as client:
            return str(client.send_message(text, visibility_timeout=delay, time_to_live=-1).id)

    def produce(self, queue: str = "outbox", **fields: object) -> str:
        """Put a sound envelope as raw JSON; gives the message's id."""
        return self.put(queue, json.dumps(an_envelope(**fields)))

    def peek(self, queue: str) -> list[tuple[str, int]]:
        """Body and dequeue count of the visible messages, at most 32; a queue that nobody has made yet has none."""
        with QueueClient.from_connection_string(self._storage, queue) as client, suppress(ResourceNotFoundError):
            return [(message.content, int(message.dequeue_count or 0)) for message in client.peek_messages(32)]
        return []

    def payload(self, mail_id: str) -> bytes:
        """What storage keeps as a mail's payload."""
        with TableClient.from_connection_string(self._storage, "ledger") as table:
            return bytes(table.get_entity(mail_id, "body")["Payload"])

    def upload(self, name: str, content: bytes) -> None:
        """Put a blob into container `attachments`, over what was there."""
        with ContainerClient.from_connection_string(self._storage, "attachments") as container:
            if not container.exists():
                container.create_container()
            container.upload_blob(name, content, overwrite=True)

    # Exchange and the inbox.

    def mails(self, *, to: str = "") -> list[Json]:
        """The mails that Exchange took, oldest first: all, or those for this recipient."""
        mails = self._inbox("messages")["messages"]
        return [mail for mail in mails if not to or to in mail["to"]]

    def arrived(self, *, to: str) -> Json:
        """The first mail for this recipient, as soon as it is there."""
        return wait_for("a mail to arrive", lambda: self.mails(to=to))[0]

    def of(self, status: Json) -> list[Json]:
        """The mails that Exchange took of one mail of ours."""
        return [mail for mail in self.mails() if mail["message_id"].startswith(f"<{status['id']}@")]

    def opened(self, mail: Json) -> EmailMessage:
        """One mail, parsed by somebody who does not know how it was made."""
        return message_from_bytes(self._http.get(f"{self.cloud.inbox}{mail['raw_url']}").content, policy=policy.default)

    def raw(self, mail: Json) -> bytes:
        """One mail's bytes."""
        return self._http.get(f"{self.cloud.inbox}{mail['raw_url']}").content

    def dialogue(self, mail: Json) -> list[str]:
        """The client's lines of the dialogue by which a mail came."""
        lines = self._http.get(f"{self.cloud.inbox}{mail['dialogue_url']}").json()
        return [line["line"] for line in lines if line["from"] == "client"]

    def stats(self) -> Json:
        """Exchange's counters."""
        return self._inbox("stats")

    def faults(self, *scenarios: Json) -> None:
        """Let Exchange misbehave in these ways from now on, and in no other."""
        self._set("faults", {"scenarios": list(scenarios)})

    def fired(self) -> list[int]:
        """How often each scenario in force has happened."""
        return [scenario["fired"] for scenario in self._inbox("faults")["scenarios"]]

    # Identity, storage faults and telemetry.

    def identity(self, *scenarios: Json) -> None:
        """Let the identity endpoint misbehave in these ways from now on, and in no other."""
        self._set("identity/faults", {"scenarios": list(scenarios)})

    def identity_stats(self) -> Json:
        """Its counters."""
        return self._inbox("identity/stats")

    def storage(self, *scenarios: Json) -> None:
        """Let the mail's storage misbehave in these ways from now on, and in no other."""
        self._set("storage/faults", {"scenarios": list(scenarios)})

    def storage_fired(self) -> list[int]:
        """How often each of its scenarios in force has happened."""
        return [scenario["fired"] for scenario in self._inbox("storage/faults")["scenarios"]]

    def traces(self, **query: str) -> list[Json]:
        """Traces that were exported so far, by `mail_id` or `trace_id`; the newest ones without either."""
        return list(self._inbox("traces", **query)["traces"])

    def metrics(self) -> list[Json]:
        """The last point of every metric series."""
        return list(self._inbox("metrics")["metrics"])

    def _inbox(self, path: str, **query: str) -> Json:
        answer = self._http.get(f"{self.cloud.inbox}/api/{path}", params=query)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def _set(self, path: str, document: Json) -> None:
        answer = self._http.put(f"{self.cloud.inbox}/api/{path}", json=document)
        assert answer.status_code == 200, answer.text


def reasons(status: Json) -> list[str]:
    """The reasons in a mail's timeline."""
    return [moment["reason"] for moment in status["timeline"]]


def states(status: Json) -> list[str]:
    """The states in a mail's timeline."""
    return [moment["state"] for moment in status["timeline"]]


def header(mail: Json, name: str) -> list[str]:
    """The values of one header as they came over the wire."""
    return [value for key, value in mail["headers"] if key.lower() == name.lower()]


def span_names(spans: Iterable[Json]) -> set[str]:
    """The names of these spans."""
    return {span["name"] for span in spans}

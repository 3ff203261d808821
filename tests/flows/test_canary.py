"""No piece of any token is anywhere but on its way: every way that a mail can go, and everything that is left behind."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from devcloud.hosts import stand_in, stand_in_address
from devcloud.processes import Child, stop_all
from shared.rules.xoauth2 import initial_response
from tests.flows.canary import CLAIM, MARK, leaks
from tests.flows.client import Client, Json, an_envelope
from tests.flows.operating import ops
from tests.flows.processes import START_SECONDS, STOP_SECONDS, Cloud
from tests.flows.secure_storage import Bearer, SecureStorage, secure_storage
from tests.flows.waiting import wait_for

LEASE = 600.0
"""Seconds: the dead host's mail shall stay as it left it."""

NOT_OF_STORAGE = "https://graph.microsoft.com"
"""An audience at which storage refuses a token with 403."""


@dataclass(frozen=True, slots=True)
class Left:
    """By kind, all that is left; `states` are the mails' and `refused` is what a caller heard of the refusing storage."""

    by_kind: Mapping[str, bytes]
    states: Mapping[str, str]
    refused: int
    killed: Json


@pytest.fixture(scope="module")
def left(cloud: Cloud, client: Client, fresh_senders: Iterator[str], tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Marked tokens for Exchange and for storage on every way; then everything is collected, and nothing runs any more."""
    folder, kinds = tmp_path_factory.mktemp("canary"), dict[str, bytes]()
    with ExitStack() as stack:
        stack.callback(client.faults)
        stack.callback(client.identity)
        _identity(cloud, claims={CLAIM: MARK})
        storage = stack.enter_context(secure_storage(folder, cloud.settings["PATH"]))
        storage.queue("outbox", Bearer(cloud)).create_queue()
        hosts = _Hosts(cloud, folder, storage, stack)
        first = hosts.start("canary-1")
        states = _ways(first.client, storage, next(fresh_senders))
        kinds["ops"] = _operating(cloud, first.address, states)
        killed = _killed(first.client, first.process)
        _identity(cloud, claims={CLAIM: MARK}, audience=NOT_OF_STORAGE)
        refused = hosts.start("canary-2").client.post("messages", an_envelope())
        _identity(cloud, claims={CLAIM: MARK})
        kinds["answers"] = (refused.text + json.dumps(states) + json.dumps(killed)).encode()
        kinds["storage"] = _dumped(storage, Bearer(cloud))
        kinds["telemetry"] = json.dumps([client.traces(), client.metrics()]).encode()
    kinds["output of the hosts"] = b"".join(path.read_bytes() for path in sorted(folder.glob("canary-*")))
    kinds["output of the cloud"] = b"".join(path.read_bytes() for path in sorted(cloud.folder.glob("*.???")))
    kinds["files of the storage"] = b"".join(path.read_bytes() for path in storage.data.rglob("*") if path.is_file())
    return Left(kinds, {name: status["state"] for name, status in states.items()}, refused.status_code, killed)


@dataclass(frozen=True, slots=True)
class Running:
    """A host, its address, and who speaks to it."""

    process: Child
    address: str
    client: Client


class _Hosts:
    """Starts hosts without a key."""

    def __init__(self, cloud: Cloud, folder: Path, storage: SecureStorage, stack: ExitStack) -> None:
        self._cloud, self._folder, self._stack = cloud, folder, stack
        trusted = folder / "trusted.pem"
        trusted.write_bytes(Path(cloud.settings["MAIL_CA_FILE"]).read_bytes() + storage.ca_file.read_bytes())
        kept = {name: value for name, value in cloud.settings.items() if not name.endswith("Storage")}
        more = {"MAIL_CA_FILE": str(trusted), "DEVCLOUD_CA_FILE": str(storage.ca_file)}
        self._settings = {**kept, **storage.settings(), **more}

    def start(self, name: str) -> "Running":
        """A host and who speaks to it; both end with the fixture's stack."""
        host = stand_in(name, self._cloud.app, lease_seconds=LEASE, folder=self._folder, settings=self._settings)
        self._stack.callback(stop_all, [host], seconds=STOP_SECONDS)
        address = host.wait_ready(stand_in_address, seconds=START_SECONDS)
        return Running(host, address, self._stack.enter_context(Client(self._cloud, functions=address)))


def _identity(cloud: Cloud, **faults: object) -> None:
    """What stands in the tokens from now on."""
    answer = httpx.put(f"{cloud.inbox}/api/identity/faults", json=faults, trust_env=False)
    assert answer.status_code == 200, answer.text


def _ways(client: Client, storage: SecureStorage, fresh: str) -> dict[str, Json]:
    """One mail on each way that ends by itself, or rests at once."""
    client.faults(
        {"name": "authentication-unsuccessful", "match": {"mailbox": f"{fresh}@contoso.test"}},
        {"name": "cut-after-dot", "match": {"to": "canary-cut@contoso.test"}},
    )
    body = json.dumps(an_envelope(id="canary-queue", to=["canary-queue@contoso.test"]))
    storage.queue("outbox", Bearer(client.cloud)).send_message(body, time_to_live=-1)
    sent = client.submit(to=["canary-sent@contoso.test"])
    refused = client.submit(to=["canary-refused@contoso.test"], sender=fresh)
    cut = client.submit(to=["canary-cut@contoso.test"])
    return {
        "sent": client.settled(sent),
        "queue": client.settled("canary-queue"),
        "535": client.reason(refused, "login-refused"),
        "cut": client.reason(cut, "outcome-unknown"),
    }


def _killed(client: Client, host: Child) -> Json:
    """A mail whose host is killed with SIGKILL while Exchange has its final dot and says nothing; its last status."""
    client.faults(
        {"name": "slow-reply", "match": {"stage": "dot", "to": "canary-killed@contoso.test"}, "with": {"seconds": 60}}
    )
    mail = client.submit(to=["canary-killed@contoso.test"])

    def look() -> Json | None:
        status = client.status(mail)
        return status if status and status["state"] == "sending" and client.fired() == [1] else None

    status = wait_for("a mail on its way", look)
    host.kill()
    return status


def _operating(cloud: Cloud, address: str, mails: Mapping[str, Json]) -> bytes:
    """What an operator sees of all that, by each command that shows something."""
    commands = [["list"], ["list", "--json"], *(["show", mail["id"]] for mail in mails.values())]
    done = [ops(cloud, *command, host=address) for command in commands]
    return "".join(one.stdout + one.stderr for one in done).encode()


def _dumped(storage: SecureStorage, credential: Bearer) -> bytes:
    """All rows, blobs and visible messages of the mail's account, as its own clients show them."""
    origin = {service: f"https://127.0.0.1:{port}" for service, port in storage.front.items()}
    options: dict[str, Any] = {"credential": credential, "connection_verify": str(storage.ca_file)}
    said: list[object] = []
    with TableServiceClient(origin["table"], **options) as tables:
        said += [dict(row) for table in tables.list_tables() for row in tables.get_table_client(table.name).list_entities()]
    with QueueServiceClient(origin["queue"], **options) as queues:
        for queue in queues.list_queues():
            said += [message.content for message in queues.get_queue_client(queue.name).peek_messages(32)]
    with BlobServiceClient(origin["blob"], **options) as blobs:
        for container in blobs.list_containers():
            of = blobs.get_container_client(container.name)
            said += [of.download_blob(name).readall() for name in of.list_blob_names()]
    return b"\n".join(one if isinstance(one, bytes) else repr(one).encode() for one in said)


def _forms_of(token: str) -> list[str | bytes]:
    """A token as it might be written down somewhere."""
    string = initial_response("alerts@contoso.test", token)
    middle = token[len(token) // 2 - 100 :]
    return [
        token,
        middle,
        quote(token, safe=""),
        token.encode().hex(),
        token.encode().hex().upper(),
        base64.b64encode(token.encode()),
        base64.b64encode(b"x" + token.encode()),
        base64.b64encode(b"xy" + token.encode()),
        base64.urlsafe_b64encode(token.encode()),
        string,
        quote(string, safe=""),
        string.hex(),
        repr(base64.b64decode(token.split(".")[1] + "==", altchars=b"-_")),
    ]


def test_every_form_of_a_marked_token_would_be_found(cloud: Cloud, client: Client) -> None:
    """Otherwise nothing below would prove anything; and an ordinary text, with a token of nobody's, is no find."""
    _identity(cloud, claims={CLAIM: MARK})
    token = Bearer(cloud).get_token().token
    client.identity()
    assert [number for number, form in enumerate(_forms_of(token)) if not leaks(form)] == []
    assert [number for number, form in enumerate(_forms_of(Bearer(cloud).get_token().token)) if leaks(form)] == []


def test_the_marked_token_was_really_on_every_way(left: Left) -> None:
    """Success over HTTP and from the queue, a refused login, a cut after the dot, a kill, and a storage that refuses."""
    assert left.states == {"sent": "sent", "queue": "sent", "535": "waiting", "cut": "waiting"}
    assert left.killed["state"] == "sending"
    assert left.refused == 503


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("ops", b"waiting"),
        ("answers", b"Storage is not available"),
        ("storage", b"PartitionKey"),
        ("telemetry", b"token fetch"),
        ("output of the hosts", b"refuses the token"),
        ("output of the cloud", b"ready"),
        ("files of the storage", b"PartitionKey"),
    ],
)
def test_no_piece_of_a_token_is_left(left: Left, kind: str, word: bytes) -> None:
    """Neither plain nor in Base64, URL encoding, hex or the SASL string; and what was searched is what it should be."""
    assert word in left.by_kind[kind]
    assert leaks(left.by_kind[kind]) == []

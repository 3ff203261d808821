"""Apps with wrong settings: they start, say everything that is wrong, take nothing from a queue and say no token."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.flows.client import Client, an_envelope
from tests.flows.flow_config import mail_toml
from tests.flows.processes import Cloud, HostProcess

ALWAYS = {"health", "webhooks_post", "messages_post", "messages_get", "digests_post", "tick"}
"""Functions that are there whatever the settings say."""

QUEUES = {"send", "producer_default", "producer_small", "producer_secretive"}
"""Functions that take messages: not there while there are faults."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """An app with wrong settings: a client of it, its functions, and what health says."""

    client: Client
    functions: set[str]
    status_code: int
    health: dict[str, Any]

    @property
    def named(self) -> set[str]:
        """The settings at fault."""
        return {fault["name"] for fault in self.health["faults"]}


def worldwide(cloud: Cloud, folder: Path) -> dict[str, str]:
    """Settings of an app for the real Exchange Online that somebody wants to talk to a server of his own."""
    path = folder / "worldwide.toml"
    path.write_text(mail_toml().replace('name = "custom"', 'name = "worldwide"', 1))
    return {**cloud.settings, "MAIL_CONFIG": str(path), "MailStorage": cloud.second_account}


def contradictory(cloud: Cloud, folder: Path) -> dict[str, str]:
    """Settings with a fault in each corner: a storage twice, a tick that is none, a file that contradicts itself."""
    path = folder / "contradictory.toml"
    text = mail_toml().replace('senders = ["alerts", "reports"]', 'senders = ["alerts", "nobody"]')
    text = text.replace('queue = "small-box"', 'queue = "sending"').replace('template = "event"', 'template = "no-such"')
    path.write_text(text.replace('time_zone = "Europe/London"', 'time_zone = "Mars/Olympus"'))
    wrong = {"MAIL_CONFIG": str(path), "MAIL_TICK": "now and then", "MAIL_ATTEMPT_LEASE": "-1", "MAIL_SMTP_PORT": "0"}
    return {**cloud.settings, "MailStorage": cloud.second_account, "MailStorage__accountName": "contosomail", **wrong}


def missing(cloud: Cloud, folder: Path) -> dict[str, str]:
    """Settings that name no storage, no host and a file that is not there."""
    settings = {**cloud.settings, "MAIL_CONFIG": str(folder / "absent.toml")}
    for name in ("MailStorage", "MAIL_SMTP_HOST"):
        del settings[name]
    return settings


CASES = {"worldwide": worldwide, "contradictory": contradictory, "missing": missing}


@pytest.fixture(scope="module")
def faulty(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Faulty]]:
    """All three apps, each on a host of its own, with a mail on the producer's queue before it starts."""
    folder = tmp_path_factory.mktemp("faulty")
    with Client(cloud, storage=cloud.second_account) as producer:
        producer.make_queue("outbox")
        producer.produce(id="untouched")
    hosts = {name: HostProcess(name, cloud, make(cloud, folder), folder) for name, make in CASES.items()}
    clients: list[Client] = []
    try:
        found = {}
        for name, host in hosts.items():
            address, functions = host.wait_ready()
            clients.append(Client(cloud, functions=address, storage=cloud.second_account))
            answer = clients[-1].get("health", key=False)
            found[name] = Faulty(clients[-1], set(functions), answer.status_code, answer.json())
        yield found
    finally:
        for client in clients:
            client.close()
        for host in hosts.values():
            host.stop()


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("worldwide", {"MAIL_SMTP_HOST", "MAIL_SMTP_PORT", "MAIL_CA_FILE", "MAIL_AUTHORITY", "MAIL_TOKEN_SCOPE"}),
        (
            "contradictory",
            {
                "MAIL_TICK",
                "MAIL_ATTEMPT_LEASE",
                "MAIL_SMTP_PORT",
                "producers.default.senders[1]",
                "producers.small.queue",
                "webhooks.demo.template",
                "digests.daily-ops.time_zone",
            },
        ),
        ("missing", {"MAIL_CONFIG", "MailStorage"}),
    ],
)
def test_health_names_every_fault_at_once(faulty: dict[str, Faulty], case: str, names: set[str]) -> None:
    """503 with each setting at fault, its cause and what to do."""
    app = faulty[case]
    assert app.status_code == 503
    assert names <= app.named, app.health
    assert all(fault["cause"] and fault["cure"] for fault in app.health["faults"])


def test_a_storage_named_twice_is_a_fault(faulty: dict[str, Faulty]) -> None:
    """A connection string beside an account's name: nobody may guess which one is meant."""
    assert any(name.startswith("MailStorage") for name in faulty["contradictory"].named)


@pytest.mark.parametrize("case", CASES)
def test_the_functions_load_but_none_takes_from_a_queue(faulty: dict[str, Faulty], case: str) -> None:
    """The host lists the app's functions, without those that would take messages away."""
    assert faulty[case].functions >= ALWAYS
    assert not QUEUES & faulty[case].functions


@pytest.mark.parametrize("case", CASES)
def test_every_door_says_why_it_is_shut(faulty: dict[str, Faulty], case: str) -> None:
    """An HTTP caller gets 503 with the faults, and may come back."""
    answer = faulty[case].client.post("messages", an_envelope())
    assert answer.status_code == 503
    assert {fault["name"] for fault in answer.json()["faults"]} == faulty[case].named
    assert int(answer.headers["retry-after"]) > 0


def test_a_producers_queue_stays_untouched(faulty: dict[str, Faulty]) -> None:
    """The message that was there before the apps started was never taken."""
    for app in faulty.values():
        assert app.health["status"] == "fault"  # the app is up and has been asked
    assert [count for body, count in faulty["worldwide"].client.peek("outbox") if "untouched" in body] == [0]


def test_no_value_of_a_setting_is_told(faulty: dict[str, Faulty]) -> None:
    """Health is open to everybody: it names settings, never what stands in them."""
    for app in faulty.values():
        said = str(app.health)
        for name in ("MailStorage", "MAIL_CA_FILE", "MAIL_AUTHORITY", "DEMO_WEBHOOK_SECRET", "IDENTITY_HEADER"):
            assert app.client.cloud.settings[name] not in said


def test_a_foreign_smtp_host_is_never_called(cloud: Cloud, faulty: dict[str, Faulty]) -> None:
    """With a host of somebody's own beside a real cloud no connection is made, whatever is on `sending`."""
    before = faulty["worldwide"].client.stats()["connections_opened"]
    client = faulty["worldwide"].client
    client.make_queue("sending")
    client.put("sending", b'{"v": 1, "id": "00000000000000000000000000000000", "ticket": 1, "traceparent": ""}')
    for _ in range(3):
        assert client.post("messages", an_envelope()).status_code == 503
        assert client.get("health", key=False).status_code == 503
    assert client.stats()["connections_opened"] == before
    assert [count for _, count in client.peek("sending")] == [0]
    assert cloud.settings["MAIL_SMTP_HOST"] not in str(faulty["worldwide"].health)

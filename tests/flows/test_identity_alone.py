"""The whole way with the managed identity alone: storage over TLS that takes tokens, Exchange, and no key anywhere."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError

from tests.flows.client import Client, Json, an_envelope
from tests.flows.processes import Cloud, HostProcess
from tests.flows.secure_storage import RESOURCE, Bearer, SecureStorage, secure_storage

EXCHANGE = "https://outlook.office365.com"

KEYS = ("AzureWebJobsStorage", "MailStorage")
"""The connection strings of the cloud's own host, which this one does without."""

SECRET_WORDS = ("accountkey", "sharedaccesssignature", "clientsecret", "client_secret", "password")
"""What a credential in a setting's name or value would be called."""


@dataclass(frozen=True, slots=True)
class Alone:
    """A host without a key: its settings, who speaks to it, and its storage."""

    settings: dict[str, str]
    client: Client
    storage: SecureStorage
    asked_before: Json


@pytest.fixture(scope="module")
def alone(cloud: Cloud, client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    """One more host, with the cloud's Exchange and identity endpoint, and a storage of its own."""
    folder = tmp_path_factory.mktemp("identity-alone")
    asked_before = client.identity_stats()["resources"]
    with secure_storage(folder, cloud.settings["PATH"]) as storage:
        storage.queue("outbox", Bearer(cloud)).create_queue()
        settings = _settings(cloud, storage, folder)
        host = HostProcess("alone", cloud, settings, folder)
        try:
            address, _functions = host.wait_ready()
            with Client(cloud, functions=address) as caller:
                yield Alone(settings, caller, storage, asked_before)
        finally:
            host.stop()


def _settings(cloud: Cloud, storage: SecureStorage, folder: Path) -> dict[str, str]:
    """Those of the cloud's host, with addresses instead of keys; one file vouches for Exchange and for the storage."""
    trusted = folder / "trusted.pem"
    trusted.write_bytes(Path(cloud.settings["MAIL_CA_FILE"]).read_bytes() + storage.ca_file.read_bytes())
    kept = {name: value for name, value in cloud.settings.items() if name not in KEYS}
    return {**kept, **storage.settings(), "MAIL_CA_FILE": str(trusted), "DEVCLOUD_CA_FILE": str(storage.ca_file)}


def test_no_setting_of_the_host_is_a_credential(alone: Alone) -> None:
    """No connection string and no key of storage, no client secret, no password: neither by name nor in a value."""
    for name, value in alone.settings.items():
        assert name not in KEYS
        assert not any(word in text.lower() for word in SECRET_WORDS for text in (name, value)), name


def test_the_storage_takes_tokens_for_storage_only(alone: Alone, cloud: Cloud) -> None:
    """It looks: the same identity's token for Exchange opens nothing. Otherwise the mails below would prove little."""
    with pytest.raises(HttpResponseError) as refused:
        alone.storage.queue("outbox", Bearer(cloud, EXCHANGE)).peek_messages()
    assert refused.value.status_code == 403


def test_a_mail_over_http_arrives(alone: Alone) -> None:
    """Ledger, payload, queue, claim and outcome, all by token; and Exchange's login by another one."""
    status = alone.client.settled(alone.client.submit(to=["alone-http@contoso.test"]))
    assert status["state"] == "sent"
    assert len(alone.client.of(status)) == 1


def test_a_large_mail_over_http_arrives(alone: Alone) -> None:
    """Its payload rests in a blob: the third service too."""
    status = alone.client.settled(alone.client.submit(to=["alone-large@contoso.test"], text="word " * 20_000))
    assert status["state"] == "sent"
    assert len(alone.client.of(status)) == 1


def test_a_mail_from_the_queue_arrives(alone: Alone, cloud: Cloud) -> None:
    """The producer has an identity too: it puts its event with a token, and the host's trigger takes it with one."""
    body = json.dumps(an_envelope(id="alone-queue", to=["alone-queue@contoso.test"]))
    alone.storage.queue("outbox", Bearer(cloud)).send_message(body, time_to_live=-1)
    status = alone.client.settled("alone-queue")
    assert status["state"] == "sent"
    assert len(alone.client.of(status)) == 1


def test_the_tokens_came_from_the_identity_endpoint(alone: Alone) -> None:
    """For storage and for Exchange, each by its own audience."""
    alone.client.settled(alone.client.submit(to=["alone-asked@contoso.test"]))
    resources = alone.client.identity_stats()["resources"]
    for resource in (RESOURCE, EXCHANGE):
        assert resources[resource] > alone.asked_before.get(resource, 0)

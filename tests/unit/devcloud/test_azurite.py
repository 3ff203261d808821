"""Azurite as the local cloud starts it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.queue import QueueServiceClient

from devcloud.azurite import HOST_ACCOUNT, MAIL_ACCOUNT, Azurite, connection_string
from devcloud.run_settings import process_environment


@pytest.fixture
def azurite(tmp_path: Path) -> Iterator[Azurite]:
    """A running Azurite."""
    started = Azurite(tmp_path, environment=process_environment(os.environ))
    try:
        started.wait_ready()
        yield started
    finally:
        started.stop()


def queue_names(account: str, key: str, azurite: Azurite) -> list[str]:
    """The queues that an account sees."""
    with QueueServiceClient.from_connection_string(connection_string(account, key, azurite.ports), retry_total=0) as client:
        return [queue.name for queue in client.list_queues()]


def test_host_and_mail_have_an_account_each(azurite: Azurite) -> None:
    """What is made in the mail's account is not seen in the host's, and no key opens the other account."""
    keys = azurite.accounts
    mail = connection_string(MAIL_ACCOUNT, keys.mail_key, azurite.ports)
    with QueueServiceClient.from_connection_string(mail) as client:
        client.create_queue("outbox")
    assert queue_names(MAIL_ACCOUNT, keys.mail_key, azurite) == ["outbox"]
    assert queue_names(HOST_ACCOUNT, keys.host_key, azurite) == []
    with pytest.raises(ClientAuthenticationError):
        queue_names(HOST_ACCOUNT, keys.mail_key, azurite)


def test_all_three_services_listen_on_ports_of_their_own(azurite: Azurite) -> None:
    """Blob, queue and table have a free port each, none of them Azurite's default one."""
    assert set(azurite.ports) == {"blob", "queue", "table"}
    assert len(set(azurite.ports.values()) - {10000, 10001, 10002}) == 3


def test_stopping_keeps_what_was_written(tmp_path: Path) -> None:
    """Azurite is stopped so that it writes its data down: the folder holds the queue's name afterwards."""
    started = Azurite(tmp_path, environment=process_environment(os.environ))
    try:
        started.wait_ready()
        mail = connection_string(MAIL_ACCOUNT, started.accounts.mail_key, started.ports)
        with QueueServiceClient.from_connection_string(mail) as client:
            client.create_queue("kept-for-later")
    finally:
        started.stop()
    assert started.child.has_ended() == 0
    assert "kept-for-later" in (tmp_path / "azurite" / "__azurite_db_queue__.json").read_text()


def test_it_comes_back_with_its_data_on_the_same_ports(azurite: Azurite) -> None:
    """Stopped and started again: whoever holds a connection string finds what was written before."""
    mail, ports = connection_string(MAIL_ACCOUNT, azurite.accounts.mail_key, azurite.ports), dict(azurite.ports)
    with QueueServiceClient.from_connection_string(mail) as client:
        client.create_queue("kept").send_message("kept too")
    azurite.stop()
    azurite.start_again()
    azurite.wait_ready()
    assert azurite.ports == ports
    with QueueServiceClient.from_connection_string(mail) as client:
        assert [message.content for message in client.get_queue_client("kept").peek_messages()] == ["kept too"]

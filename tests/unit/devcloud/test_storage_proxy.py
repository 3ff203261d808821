"""The storage proxy before a real Azurite, used by the unchanged storage SDKs."""

import os
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ServiceRequestError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from devcloud.azurite import MAIL_ACCOUNT, Azurite, connection_string
from devcloud.run_settings import process_environment
from devcloud.storage_faults import StorageFaults, StorageScenario
from devcloud.storage_proxy import StorageProxy

ENTITY = {"PartitionKey": "p", "RowKey": "r", "state": "waiting"}


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """A real Azurite for the tests of this file."""
    started = Azurite(tmp_path_factory.mktemp("run"), environment=process_environment(os.environ))
    try:
        started.wait_ready()
        yield started
    finally:
        started.stop()


@pytest.fixture
async def proxy(azurite: Azurite) -> AsyncIterator[StorageProxy]:
    """A proxy before it."""
    async with StorageProxy(azurite.origins()) as running:
        yield running


@pytest.fixture
def connection(azurite: Azurite, proxy: StorageProxy) -> str:
    """The connection string that an app gets: the mail's account, by way of the proxy."""
    return connection_string(MAIL_ACCOUNT, azurite.accounts.mail_key, proxy.ports)


@pytest.fixture
async def queues(connection: str) -> AsyncIterator[QueueServiceClient]:
    """The unchanged queue SDK, without retries."""
    async with QueueServiceClient.from_connection_string(connection, retry_total=0) as client:
        yield client


@pytest.fixture
async def tables(connection: str) -> AsyncIterator[TableServiceClient]:
    """The unchanged table SDK, without retries."""
    async with TableServiceClient.from_connection_string(connection, retry_total=0) as client:
        yield client


@pytest.fixture
async def blobs(connection: str) -> AsyncIterator[BlobServiceClient]:
    """The unchanged blob SDK, without retries."""
    async with BlobServiceClient.from_connection_string(connection, retry_total=0) as client:
        yield client


async def test_a_queue_message_lives_its_life_through_the_proxy(queues: QueueServiceClient, proxy: StorageProxy) -> None:
    """Put, peek, receive, update and delete work, and each is counted by its name and its queue."""
    queue = await queues.create_queue("life")
    await queue.send_message("<hello> & more", time_to_live=-1)
    assert [message.content for message in await queue.peek_messages()] == ["<hello> & more"]
    received = await queue.receive_message()
    assert received is not None
    updated = await queue.update_message(received, visibility_timeout=0, content="bye")
    await queue.delete_message(updated)
    await queue.clear_messages()
    await queue.get_queue_properties()
    await queue.delete_queue()
    counted = {
        "queue.create": 1,
        "queue.put-message": 1,
        "queue.peek-messages": 1,
        "queue.get-messages": 1,
        "queue.update-message": 1,
        "queue.delete-message": 1,
        "queue.clear-messages": 1,
        "queue.get-metadata": 1,
        "queue.delete": 1,
    }
    found = proxy.operations()
    assert (found["total"], found["operations"]) == (9, dict(sorted(counted.items())))
    assert found["resources"] == {"life": counted}


async def test_a_table_works_through_the_proxy(tables: TableServiceClient, proxy: StorageProxy) -> None:
    """Insert, conditional update, upsert, get, query, transaction and delete work and are told apart."""
    table = await tables.create_table("ledger")
    etag = (await table.create_entity(ENTITY))["etag"]
    await table.update_entity(
        {**ENTITY, "state": "sending"}, UpdateMode.REPLACE, etag=etag, match_condition=MatchConditions.IfNotModified
    )
    with pytest.raises(ResourceModifiedError):
        await table.update_entity(ENTITY, etag=etag, match_condition=MatchConditions.IfNotModified)
    await table.upsert_entity({**ENTITY, "RowKey": "it's é%", "state": "x"})
    assert (await table.get_entity("p", "it's é%"))["state"] == "x"
    await table.submit_transaction([("upsert", {**ENTITY, "RowKey": str(number)}) for number in range(3)])
    assert len([row async for row in table.query_entities("PartitionKey eq 'p'")]) == 5
    await table.delete_entity("p", "0")
    assert proxy.operations()["resources"] == {
        "": {"table.create": 1},
        "ledger": {
            "table.insert": 1,
            "table.update": 2,
            "table.upsert": 1,
            "table.get": 1,
            "table.transaction": 1,
            "table.query": 1,
            "table.delete": 1,
        },
    }


async def test_a_failed_transaction_changes_nothing(tables: TableServiceClient) -> None:
    """The batch's own addresses survive the proxy: one wrong part undoes the others, as without it."""
    table = await tables.create_table("batch")
    await table.create_entity(ENTITY)
    with pytest.raises(HttpResponseError):
        await table.submit_transaction([("create", {**ENTITY, "RowKey": "new"}), ("create", ENTITY)])
    assert [row["RowKey"] async for row in table.list_entities()] == ["r"]


async def test_blobs_work_through_the_proxy(blobs: BlobServiceClient, proxy: StorageProxy) -> None:
    """Content of any bytes comes back as it went, with its size in a HEAD; leases and lists work."""
    container = await blobs.create_container("payloads")
    content = bytes(range(256)) * 4096
    blob = await container.upload_blob("a folder/ü?.bin", content)
    assert (await blob.get_blob_properties()).size == len(content)
    assert await (await blob.download_blob()).readall() == content
    await (await blob.acquire_lease(15)).release()
    assert [item.name async for item in container.list_blobs()] == ["a folder/ü?.bin"]
    await blob.delete_blob()
    assert proxy.operations()["operations"] == {
        "blob.create-container": 1,
        "blob.delete": 1,
        "blob.get": 1,
        "blob.head": 1,
        "blob.lease": 2,
        "blob.list": 1,
        "blob.put": 1,
    }


@pytest.mark.parametrize("illegal", ["\uffff", "\ufffe", "\x00", "\x1f", "a\x08b"])
async def test_an_illegal_message_does_not_hide_the_others(queues: QueueServiceClient, illegal: str) -> None:
    """A body that XML cannot hold, with which Azurite fails the whole batch, is received beside the others."""
    queue = await queues.create_queue(f"illegal-{ord(illegal.strip('ab'))}")
    for body in ("before", f"text {illegal} text", "after"):
        await queue.send_message(body)
    received = [message.content async for message in queue.receive_messages(messages_per_page=32)]
    assert len(received) == 3
    assert {"before", "after"} < set(received)


@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (503, "ServerBusy")])
async def test_an_operation_fails_as_often_as_armed(
    queues: QueueServiceClient, proxy: StorageProxy, status: int, code: str
) -> None:
    """A status answers by operation name and count in the service's own form; then all is well again."""
    queue = await queues.create_queue(f"fails{status}")
    arm(proxy, StorageScenario(name="status", status=status, count=2, match={"operation": "queue.put-*"}))
    for _ in range(2):
        with pytest.raises(HttpResponseError) as failure:
            await queue.send_message("x")
        assert (failure.value.status_code, failure.value.error_code) == (status, code)  # type: ignore[attr-defined]  # set by the storage SDK
    await queue.send_message("x")
    assert len(await queue.peek_messages(max_messages=5)) == 1
    assert proxy.operations()["disturbed"] == {"queue.put-message": 2}


async def test_a_condition_fails_as_the_table_service_says_it(tables: TableServiceClient, proxy: StorageProxy) -> None:
    """An armed 412 on a conditional write is what the SDK knows as modified by somebody else."""
    table = await tables.create_table("conditions")
    etag = (await table.create_entity(ENTITY))["etag"]
    arm(proxy, StorageScenario(name="status", status=412, count=1, match={"resource": "conditions"}))
    with pytest.raises(ResourceModifiedError):
        await table.update_entity(ENTITY, etag=etag, match_condition=MatchConditions.IfNotModified)
    await table.update_entity(ENTITY, etag=etag, match_condition=MatchConditions.IfNotModified)


async def test_an_answer_can_be_lost_after_the_storage_did_it(queues: QueueServiceClient, proxy: StorageProxy) -> None:
    """The client sees a dead connection, and the message is there all the same."""
    queue = await queues.create_queue("lost")
    arm(proxy, StorageScenario(name="lose-answer", count=1))
    with pytest.raises(ServiceRequestError):
        await queue.send_message("done all the same")
    assert [message.content for message in await queue.peek_messages()] == ["done all the same"]


async def test_a_connection_can_drop_before_the_storage_hears_of_it(queues: QueueServiceClient, proxy: StorageProxy) -> None:
    """The client sees the same dead connection, and nothing was done."""
    queue = await queues.create_queue("dropped")
    arm(proxy, StorageScenario(name="drop", count=1))
    with pytest.raises(ServiceRequestError):
        await queue.send_message("never")
    assert await queue.peek_messages() == []


async def test_a_delay_only_delays(queues: QueueServiceClient, proxy: StorageProxy) -> None:
    """A delayed operation is done, and counted as disturbed."""
    queue = await queues.create_queue("delayed")
    arm(proxy, StorageScenario(name="delay", seconds=0.01, match={"operation": "queue.put-message"}))
    await queue.send_message("late")
    assert len(await queue.peek_messages()) == 1
    assert proxy.operations()["disturbed"] == {"queue.put-message": 1}


async def test_a_message_can_be_put_twice(queues: QueueServiceClient, proxy: StorageProxy) -> None:
    """The client puts it once and is told so once; two messages are there."""
    queue = await queues.create_queue("twice")
    arm(proxy, StorageScenario(name="twice", count=1, match={"operation": "queue.put-message"}))
    await queue.send_message("again")
    assert [message.content for message in await queue.peek_messages(max_messages=5)] == ["again", "again"]


async def test_a_deleted_message_can_come_back(queues: QueueServiceClient, proxy: StorageProxy) -> None:
    """The client is told that it is deleted, and the same message shows itself again."""
    queue = await queues.create_queue("pretend")
    arm(proxy, StorageScenario(name="pretend", count=1, match={"operation": "queue.delete-message"}))
    await queue.send_message("back")
    first = await queue.receive_message(visibility_timeout=1)
    assert first is not None
    await queue.delete_message(first)
    await queue.update_message(first, visibility_timeout=0)
    assert [message.id for message in await queue.peek_messages()] == [first.id]


async def test_without_azurite_the_proxy_says_502() -> None:
    """When the storage itself is gone the proxy answers an error in time, and lives on."""
    nowhere = dict.fromkeys(("blob", "queue", "table"), "http://127.0.0.1:1")
    async with StorageProxy(nowhere) as alone, aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(f"http://127.0.0.1:{alone.ports['queue']}/devmail/x/messages") as answer:
                assert (answer.status, answer.headers["x-ms-error-code"]) == (502, "InternalError")


def arm(proxy: StorageProxy, *scenarios: StorageScenario) -> None:
    """Arm these and no others."""
    proxy.set_faults(StorageFaults(scenarios=list(scenarios)))

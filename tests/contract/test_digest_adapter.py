"""What only the digest buffer on real storage can show: lost answers, crashes in the middle, and how often it asks."""

import asyncio
from collections.abc import Callable

import pytest

from devcloud.storage_faults import StorageFaults, StorageScenario
from shared.edges.digest_buffer import DigestBuffer
from shared.rules.buffered import Added, Window
from shared.rules.storage_errors import BrokenRow, StorageUnavailable, WindowClosed
from tests.contract.conftest import Cloud

END = 1_795_471_200.0
WINDOW = Window("daily-ops", END)
PARTITION = "daily-ops@2026-11-23T22:00:00.0000000Z"


@pytest.fixture
def buffer(cloud: Cloud, new_id: Callable[[], str]) -> DigestBuffer:
    """The adapter, through the proxy."""
    return DigestBuffer(cloud.account, clock=lambda: END - 60.0, new_id=new_id)


async def test_an_item_whose_answer_was_lost_was_added(cloud: Cloud, buffer: DigestBuffer) -> None:
    """The repetition finds its own item and says "added"."""
    await buffer.add("daily-ops", END, "a", b"1")
    cloud.arm("lose-answer", "table.transaction")
    assert await buffer.add("daily-ops", END, "b", b"2") == Added(WINDOW)
    assert await buffer.close(WINDOW) == [b"1", b"2"]


async def test_a_closing_whose_answer_was_lost_is_a_closing(cloud: Cloud, buffer: DigestBuffer) -> None:
    """The repetition finds the gate gone and the window closed."""
    await buffer.add("daily-ops", END, "a", b"1")
    cloud.arm("lose-answer", "table.transaction")
    assert await buffer.close(WINDOW) == [b"1"]


async def test_a_crash_before_the_first_item_loses_no_later_one(cloud: Cloud, buffer: DigestBuffer) -> None:
    """A window that stands in the index but was never opened is closed for good when its time has come."""
    of_transactions = {"operation": "table.transaction"}
    not_open = StorageScenario(name="status", status=404, count=1, match=of_transactions)
    crash = StorageScenario(name="status", status=400, match=of_transactions)
    cloud.proxy.set_faults(StorageFaults(scenarios=[not_open, crash]))
    with pytest.raises(StorageUnavailable):
        await buffer.add("daily-ops", END, "a", b"1")
    cloud.calm()
    assert await buffer.due(END) == [WINDOW]
    assert await buffer.close(WINDOW) == []
    with pytest.raises(WindowClosed):
        await buffer.add("daily-ops", END, "a", b"1")


async def test_a_half_forgotten_window_gives_nothing(cloud: Cloud, buffer: DigestBuffer) -> None:
    """A crash while deleting leaves no smaller digest behind, and the next tick finishes the work."""
    await asyncio.gather(*[buffer.add("daily-ops", END, str(n), b"item") for n in range(130)])
    await buffer.close(WINDOW)
    of_transactions = {"operation": "table.transaction"}
    # Closing, the mark and the first hundred items pass; then the crash.
    passes = StorageScenario(name="delay", seconds=0.0, count=3, match=of_transactions)
    crash = StorageScenario(name="status", status=400, match=of_transactions)
    cloud.proxy.set_faults(StorageFaults(scenarios=[passes, crash]))
    with pytest.raises(StorageUnavailable):
        await buffer.forget(WINDOW)
    cloud.calm()
    assert await buffer.due(END) == [WINDOW]
    assert await buffer.close(WINDOW) == []
    await buffer.forget(WINDOW)
    assert await buffer.due(END) == []
    rows = cloud.account.table("digests").query_entities("PartitionKey eq @p", parameters={"p": PARTITION})
    assert [row["RowKey"] async for row in rows] == ["window"]


async def test_a_foreign_row_in_the_index_stops_nobody(cloud: Cloud, buffer: DigestBuffer) -> None:
    """A row that is none of ours is passed over."""
    await buffer.add("daily-ops", END, "a", b"1")
    await cloud.account.table("digests").create_entity({"PartitionKey": "open-windows", "RowKey": "a note"})
    await cloud.account.table("digests").create_entity({"PartitionKey": "open-windows", "RowKey": "0 note"})
    assert await buffer.due(END) == [WINDOW]


async def test_an_item_edited_into_nonsense_is_named(cloud: Cloud, buffer: DigestBuffer) -> None:
    """A digest is not sent with a hole in it that nobody knows of."""
    await buffer.add("daily-ops", END, "a", b"1")
    table = cloud.account.table("digests")
    rows = [row async for row in table.query_entities("RowKey ge 'item-' and RowKey lt 'item.'")]
    await table.update_entity({"PartitionKey": PARTITION, "RowKey": rows[0]["RowKey"], "Item": "text"})
    with pytest.raises(BrokenRow, match="Item"):
        await buffer.close(WINDOW)


async def test_storage_operations_per_call(cloud: Cloud, buffer: DigestBuffer) -> None:
    """An item costs one transaction, a window's first one three operations more; a tick without digests one query."""
    await buffer.add("warm-up", END + 1, "a", b"1")
    cloud.operations()
    await buffer.add("daily-ops", END, "a", b"1")
    assert cloud.operations() == {"table.transaction": 3, "table.get": 1, "table.upsert": 1}
    await buffer.add("daily-ops", END, "b", b"1")
    assert cloud.operations() == {"table.transaction": 1}
    await buffer.due(END)
    assert cloud.operations() == {"table.query": 1}
    await buffer.close(WINDOW)
    assert cloud.operations() == {"table.transaction": 1, "table.query": 1}
    await buffer.forget(WINDOW)
    counted = cloud.operations()
    assert sum(counted.values()) <= 6

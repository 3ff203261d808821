"""What only paces in real storage can show: lost answers, rows that a person reads, edits or removes, and storage's time."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from azure.data.tables import UpdateMode

from shared.edges.pace_columns import PACE_VERSION, full_minute
from shared.edges.pace_rows import PARTITION, TABLE, PaceRows
from shared.edges.storage_account import StorageAccount
from shared.edges.storage_clock import StorageClock
from shared.rules.pace import Lane, Limits, Pace, PaceEntry, Slot, pace_key
from shared.rules.pace_slots import MOST_SLOTS
from shared.rules.storage_config import StorageSettings
from shared.rules.storage_errors import Conflict, NewerRow, StorageForbidden, StorageUnavailable
from tests.contract.conftest import Cloud
from tests.contract.test_pace_rows_contract import LIMITS, NOON, ONE, PACE, TWO, adapter

KEY = pace_key(ONE)
NOTHING = PaceEntry(Pace())
HOUR = 3600.0


@pytest.fixture
def rows(cloud: Cloud, new_id: Callable[[], str]) -> PaceRows:
    """The adapter, through the proxy."""
    return adapter(cloud, new_id)


async def edit(cloud: Cloud, **columns: object) -> None:
    """Change columns of the row by hand."""
    entity = {"PartitionKey": PARTITION, "RowKey": KEY, **columns}
    await cloud.account.table(TABLE).update_entity(entity, mode=UpdateMode.MERGE)


async def remove(cloud: Cloud) -> None:
    """Remove the row by hand."""
    await cloud.account.table(TABLE).delete_entity(PARTITION, KEY)


async def columns(cloud: Cloud) -> dict[str, Any]:
    """The row as a person sees it."""
    return dict(await cloud.account.table(TABLE).get_entity(PARTITION, KEY))


async def test_a_person_can_read_a_row(cloud: Cloud, rows: PaceRows) -> None:
    """Whose it is, what is booked, who holds what; the key has no address in it."""
    await rows.write(ONE, PACE, NOTHING)
    row = await columns(cloud)
    assert (row["Mailbox"], row["Version"]) == (ONE, PACE_VERSION)
    assert row["Slots"].startswith(f"{int((NOON - 20.5) * 1000)}h ")
    assert row["Holds"].startswith('[["a",2,')
    assert "@" not in row["RowKey"] + row["PartitionKey"]
    assert "one" not in row["RowKey"]


async def test_a_mailbox_in_two_spellings_is_one_row(rows: PaceRows) -> None:
    """Exchange does not tell them apart either."""
    written = await rows.write(ONE, PACE, NOTHING)
    assert await rows.read("One@Contoso.TEST") == written
    with pytest.raises(Conflict):
        await rows.write("ONE@CONTOSO.TEST", Pace(), NOTHING)


@pytest.mark.parametrize("fault", ["lose-answer", "drop"])
async def test_writes_whose_answers_were_lost_are_done(cloud: Cloud, rows: PaceRows, fault: str) -> None:
    """The first write and a change know themselves again; the ETags can be used."""
    cloud.arm(fault, "table.transaction")
    first = await rows.write(ONE, PACE, NOTHING)
    assert await rows.read(ONE) == first
    cloud.arm(fault, "table.update")
    second = await rows.write(ONE, Pace(), first)
    assert await rows.read(ONE) == second
    third = await rows.write(ONE, PACE, second)
    assert await rows.read(ONE) == third


async def test_another_instances_write_is_not_taken_for_our_own(
    cloud: Cloud, rows: PaceRows, new_id: Callable[[], str]
) -> None:
    """It says the same, and is a lost race all the same."""
    other = adapter(cloud, new_id)
    first = await rows.write(ONE, PACE, NOTHING)
    await other.write(ONE, Pace(), await other.read(ONE))
    with pytest.raises(Conflict):
        await rows.write(ONE, Pace(), first)


async def test_every_call_is_one_operation(cloud: Cloud, rows: PaceRows) -> None:
    """Reads and writes are made many times a minute."""
    await rows.write(ONE, PACE, NOTHING)
    cloud.operations()
    read = await rows.read(ONE)
    assert cloud.operations() == {"table.get": 1}
    await rows.write(ONE, Pace(), read)
    assert cloud.operations() == {"table.update": 1}
    await rows.all()
    assert cloud.operations() == {"table.query": 1}


async def test_a_row_that_was_removed_is_a_full_minute(
    cloud: Cloud, rows: PaceRows, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows what was sent: one line says so, the minute is counted from when the row was missed, and it goes on."""
    known = await rows.write(ONE, PACE, NOTHING)
    await remove(cloud)
    with pytest.raises(Conflict):
        await rows.write(ONE, Pace(), known)
    before = time.time()
    missed = await rows.read(ONE)
    assert missed.etag == ""
    assert len(missed.pace.slots) == LIMITS.messages_per_minute
    assert before <= missed.pace.slots[0].at <= time.time()
    assert await rows.read(ONE) == missed
    assert [record.getMessage() for record in caplog.records if "gone" in record.getMessage()] == [
        caplog.records[0].getMessage()
    ]
    assert "@" not in caplog.text
    written = await rows.write(ONE, missed.pace, missed)
    assert (await rows.read(ONE)).etag == written.etag


async def test_a_row_that_is_removed_again_is_a_full_minute_again(
    cloud: Cloud, new_id: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    """Counted from the second time, also where nothing was read in between."""
    now = [NOON]
    rows = PaceRows(cloud.account, {ONE: LIMITS}, clock=lambda: now[0], new_id=new_id)
    await rows.write(ONE, PACE, NOTHING)
    await remove(cloud)
    await rows.write(ONE, PACE, await rows.read(ONE))
    await remove(cloud)
    now[0] = NOON + HOUR
    assert (await rows.read(ONE)).pace.slots == full_minute(LIMITS, NOON + HOUR)
    assert caplog.text.count("gone") == 2


async def test_a_row_that_was_never_there_is_no_full_minute(rows: PaceRows, caplog: pytest.LogCaptureFixture) -> None:
    """A new mailbox sends at once, and a read of another one's row says nothing about it."""
    await rows.write(TWO, PACE, NOTHING)
    assert await rows.read(ONE) == NOTHING
    assert "gone" not in caplog.text


async def test_a_newer_row_is_left_to_newer_instances(cloud: Cloud, rows: PaceRows) -> None:
    """Whoever does not know its columns neither reads nor writes it; the other mailboxes are as they were."""
    known = await rows.write(ONE, PACE, NOTHING)
    await rows.write(TWO, PACE, NOTHING)
    await edit(cloud, Version=PACE_VERSION + 1)
    with pytest.raises(NewerRow):
        await rows.read(ONE)
    with pytest.raises(Conflict):
        await rows.write(ONE, Pace(), known)
    assert (await rows.read(TWO)).pace == PACE
    found = await rows.all()
    assert isinstance(found[KEY], NewerRow)
    assert found[pace_key(TWO)] == PACE


async def test_a_row_edited_into_nonsense_is_made_anew(
    cloud: Cloud, rows: PaceRows, caplog: pytest.LogCaptureFixture
) -> None:
    """The column is named, and who read it may write over it."""
    await rows.write(ONE, PACE, NOTHING)
    await edit(cloud, Slots="yesterday", Days=5)
    found = await rows.read(ONE)
    assert (len(found.pace.slots), found.pace.days, found.pace.holds) == (LIMITS.messages_per_minute, {}, PACE.holds)
    assert "column Slots" in caplog.text
    assert "column Days" in caplog.text
    caplog.clear()
    await rows.write(ONE, found.pace, found)
    await rows.read(ONE)
    assert caplog.text == ""


async def test_the_most_slots_fit_into_a_row(cloud: Cloud, new_id: Callable[[], str]) -> None:
    """A mailbox with the largest allowance that is counted in one piece."""
    own = Limits(MOST_SLOTS, 3, 10_000)
    rows = adapter(cloud, new_id, own)
    full = Pace(slots=tuple(Slot(NOON - 60 + n * 60 / MOST_SLOTS, Lane.NORMAL) for n in range(MOST_SLOTS)))
    written = await rows.write(ONE, full, NOTHING)
    assert await rows.read(ONE) == written


async def test_storage_that_does_not_answer_or_says_no_is_told(cloud: Cloud, rows: PaceRows) -> None:
    """For reads and writes alike; nothing was written."""
    for status, fault in ((503, StorageUnavailable), (403, StorageForbidden)):
        cloud.arm("status", "*", status=status, count=20)
        with pytest.raises(fault):
            await rows.read(ONE)
        with pytest.raises(fault):
            await rows.write(ONE, PACE, NOTHING)
        cloud.calm()
    assert await rows.read(ONE) == NOTHING


@pytest.mark.parametrize("wrong", [HOUR, -HOUR])
async def test_a_clock_that_is_an_hour_wrong_is_put_right_by_storage(
    cloud: Cloud, new_id: Callable[[], str], wrong: float, caplog: pytest.LogCaptureFixture
) -> None:
    """After one read to a second, after a write to a tenth of one; one line says so."""
    clock = StorageClock(wall=lambda: time.time() + wrong, monotonic=time.monotonic)
    account = StorageAccount(StorageSettings(connection_string=cloud.connection_string), clock=clock)
    rows = PaceRows(account, {ONE: LIMITS}, clock=clock.now, new_id=new_id)
    try:
        assert abs(clock.now() - time.time()) > HOUR - 1
        await rows.read(ONE)
        assert abs(clock.now() - time.time()) < 1.0
        await rows.write(ONE, PACE, await rows.write(ONE, Pace(), NOTHING))
        assert abs(clock.now() - time.time()) < 0.1
    finally:
        await account.close()
    assert caplog.text.count("clock is off") == 1

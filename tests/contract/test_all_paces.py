"""The rows of all mailboxes at once: the fake and the adapter on a real Azurite."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from azure.data.tables import UpdateMode

from shared.edges.pace_rows import PARTITION, TABLE, PaceRows
from shared.rules.pace import Lane, Limits, Line, Pace, Slot, pace_key
from shared.rules.storage_errors import NewerRow
from tests.contract.conftest import Cloud
from tests.fakes.pace_rows import FakeRows

ALERTS, REPORTS, GONE = "alerts@contoso.test", "reports@contoso.test", "gone@contoso.test"
NOW = round(time.time())
BUSY = Pace(slots=(Slot(NOW - 1.5, Lane.BULK),), lines={Lane.BULK: Line(9.0, 3.0, NOW)}, days={NOW // 300: 1})


def adapter(cloud: Cloud, new_id: Callable[[], str], *mailboxes: str) -> PaceRows:
    """The adapter of an app with these mailboxes."""
    limits = dict.fromkeys(mailboxes, Limits(30, 3, 10_000))
    return PaceRows(cloud.account, limits, clock=lambda: float(NOW), new_id=new_id)


@pytest.fixture(params=["fake", "azurite"])
def rows(request: pytest.FixtureRequest, new_id: Callable[[], str]) -> PaceRows | FakeRows:
    """No row at all."""
    if request.param == "fake":
        return FakeRows()
    return adapter(request.getfixturevalue("cloud"), new_id, ALERTS, REPORTS)


async def test_there_is_no_row_before_the_first_mail(rows: PaceRows | FakeRows) -> None:
    """Not even the table."""
    assert await rows.all() == {}


async def test_every_row_comes_by_the_key_of_its_mailbox(rows: PaceRows | FakeRows) -> None:
    """A mailbox that sent nothing has none."""
    await rows.write(ALERTS, BUSY, await rows.read(ALERTS))
    assert await rows.all() == {pace_key(ALERTS): BUSY}
    await rows.write(REPORTS, replace(BUSY, days={}), await rows.read(REPORTS))
    assert set(await rows.all()) == {pace_key(ALERTS), pace_key(REPORTS)}


async def test_a_mailbox_that_is_configured_no_more_is_left_out(cloud: Cloud, new_id: Callable[[], str]) -> None:
    """Its row stays, nobody knows its limits."""
    before = adapter(cloud, new_id, ALERTS, GONE)
    for mailbox in (ALERTS, GONE):
        await before.write(mailbox, BUSY, await before.read(mailbox))
    assert set(await adapter(cloud, new_id, ALERTS).all()) == {pace_key(ALERTS)}


async def test_all_rows_are_one_call(cloud: Cloud, new_id: Callable[[], str]) -> None:
    """However many there are."""
    rows = adapter(cloud, new_id, ALERTS, REPORTS)
    for mailbox in (ALERTS, REPORTS):
        await rows.write(mailbox, BUSY, await rows.read(mailbox))
    cloud.operations()
    assert len(await rows.all()) == 2
    assert sum(cloud.operations().values()) == 1


async def test_a_row_of_a_newer_version_hides_no_other(cloud: Cloud, new_id: Callable[[], str]) -> None:
    """It stands there as what it is."""
    rows = adapter(cloud, new_id, ALERTS, REPORTS)
    for mailbox in (ALERTS, REPORTS):
        await rows.write(mailbox, BUSY, await rows.read(mailbox))
    newer = {"PartitionKey": PARTITION, "RowKey": pace_key(REPORTS), "Version": 99}
    await cloud.account.table(TABLE).update_entity(newer, mode=UpdateMode.MERGE)
    found = await rows.all()
    assert found[pace_key(ALERTS)] == BUSY
    assert isinstance(found[pace_key(REPORTS)], NewerRow)

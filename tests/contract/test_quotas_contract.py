"""What every store of callers' daily counts keeps: the fake of the story tests and the adapter on a real Azurite."""

from typing import Any

import pytest
from azure.data.tables import UpdateMode

from shared.edges.quotas import PARTITION, TABLE, Quotas
from shared.rules.quota import Count
from shared.rules.storage_errors import BrokenRow, Conflict
from tests.contract.conftest import Cloud
from tests.fakes.quotas import FakeQuotas

Counts = Quotas | FakeQuotas


@pytest.fixture(params=["fake", "azurite"])
def counts(request: pytest.FixtureRequest) -> Counts:
    """Nothing counted yet."""
    if request.param == "fake":
        return FakeQuotas()
    cloud: Cloud = request.getfixturevalue("cloud")
    return Quotas(cloud.account)


async def test_a_count_comes_back_as_it_was_written(counts: Counts) -> None:
    """Each caller's own; before the first there is none."""
    assert await counts.read("caller:shop") == (None, "")
    await counts.write("caller:shop", Count("2026-11-30", 7), "")
    found, version = await counts.read("caller:shop")
    assert found == Count("2026-11-30", 7)
    await counts.write("caller:shop", Count("2026-12-01", 1), version)
    assert (await counts.read("caller:shop"))[0] == Count("2026-12-01", 1)
    assert await counts.read("caller:other") == (None, "")


async def test_only_the_version_that_was_read_is_replaced(counts: Counts) -> None:
    """Neither a first count twice, nor one that somebody has written since."""
    await counts.write("caller:shop", Count("2026-11-30", 1), "")
    with pytest.raises(Conflict):
        await counts.write("caller:shop", Count("2026-11-30", 1), "")
    _, version = await counts.read("caller:shop")
    await counts.write("caller:shop", Count("2026-11-30", 2), version)
    with pytest.raises(Conflict):
        await counts.write("caller:shop", Count("2026-11-30", 2), version)
    assert (await counts.read("caller:shop"))[0] == Count("2026-11-30", 2)


@pytest.mark.parametrize("columns", [{"Day": 5}, {"Mails": "many"}, {"Mails": -1}])
async def test_a_row_edited_into_nonsense_is_named(cloud: Cloud, columns: dict[str, Any]) -> None:
    """By its column; the caller is told to come back, and nothing is counted as nothing."""
    counts = Quotas(cloud.account)
    await counts.write("caller:shop", Count("2026-11-30", 1), "")
    entity = {"PartitionKey": PARTITION, "RowKey": "caller-shop", **columns}
    await cloud.account.table(TABLE).update_entity(entity, mode=UpdateMode.MERGE)
    with pytest.raises(BrokenRow) as broken:
        await counts.read("caller:shop")
    assert next(iter(columns)) in broken.value.reason.text

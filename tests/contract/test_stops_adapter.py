"""What only stops in real storage can show: lost answers, readable columns, and records that somebody edited."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from azure.data.tables import UpdateMode

from shared.edges.stops import PARTITION, TABLE, StopRecords
from shared.rules.stops import EVERYTHING, Phase, Place, Scope, StopEntry, Trial
from shared.rules.storage_errors import Conflict, NotStorable
from tests.contract.conftest import Cloud
from tests.contract.test_stops_contract import BREAKER, COUNTING, NOON, PAUSE

NONSENSE: list[tuple[str, Any]] = [
    ("Phase", "resting"),
    ("Reason", 5),
    ("Since", "yesterday"),
    ("Trial", "by-ordeal"),
    ("Until", 7),
    ("Trips", "two"),
    ("Trips", -1),
    ("Strikes", "not json"),
    ("Strikes", "7"),
    ("Strikes", '["soon"]'),
    ("Strikes", "[7]"),
    ("Strikes", "[" * 10_000),
    ("Strikes", str(["2026-11-23T22:00:00Z"] * 101).replace("'", '"')),
    ("TrialMail", True),
    ("By", 1.5),
]


@pytest.fixture
def records(cloud: Cloud, new_id: Callable[[], str]) -> StopRecords:
    """The adapter, through the proxy."""
    return StopRecords(cloud.account, new_id=new_id)


async def edit(cloud: Cloud, place: Place, **columns: object) -> None:
    """Change columns of a record by hand."""
    entity = {"PartitionKey": PARTITION, "RowKey": place.key, **columns}
    await cloud.account.table(TABLE).update_entity(entity, mode=UpdateMode.MERGE)


async def test_a_person_can_read_a_record(cloud: Cloud, records: StopRecords) -> None:
    """Words for what it is, dates for times, and what is not there has no column."""
    await records.write(COUNTING, None)
    row = await cloud.account.table(TABLE).get_entity(PARTITION, COUNTING.place.key)
    assert (row["Scope"], row["Name"], row["Phase"], row["Trial"]) == ("caller", "producer:default", "counting", "mail")
    assert (row["Reason"], row["Text"], row["Fix"]) == ("bad-recipients", "refused", "")
    assert row["Since"].isoformat() == "2026-11-23T22:00:00+00:00"
    assert row["Strikes"] == '["2026-11-23T22:00:00.0000000Z","2026-11-23T22:00:00.5000000Z"]'
    assert "Until" not in row


@pytest.mark.parametrize("fault", ["lose-answer", "drop"])
async def test_writes_whose_answers_were_lost_are_done(cloud: Cloud, records: StopRecords, fault: str) -> None:
    """The first write, a change and the removal know themselves again; the ETags can be used."""
    cloud.arm(fault, "table.transaction")
    first = await records.write(BREAKER, None)
    cloud.arm(fault, "table.update")
    second = await records.write(replace(BREAKER, trips=3), first)
    assert await records.all() == [second]
    cloud.arm(fault, "table.transaction")
    await records.remove(second)
    assert await records.all() == []


async def test_every_call_is_one_operation(cloud: Cloud, records: StopRecords) -> None:
    """All instances read all records every few seconds."""
    first = await records.write(BREAKER, None)
    cloud.operations()
    second = await records.write(replace(BREAKER, trips=3), first)
    assert cloud.operations() == {"table.update": 1}
    await records.all()
    assert cloud.operations() == {"table.query": 1}
    await records.remove(second)
    assert cloud.operations() == {"table.transaction": 1}


@pytest.mark.parametrize(("column", "value"), NONSENSE)
async def test_a_record_edited_into_nonsense_stops_its_place(
    cloud: Cloud, records: StopRecords, column: str, value: object
) -> None:
    """Nothing passes where a stop may stand; the column is named, no trial ends it, and the other places are untouched."""
    pause = await records.write(PAUSE, None)
    await records.write(BREAKER, None)
    await edit(cloud, BREAKER.place, **{column: value})
    found = {entry.stop.place: entry for entry in await records.all()}
    broken = found[BREAKER.place].stop
    assert (broken.phase, broken.trial, broken.until) == (Phase.STANDING, Trial.BY_HAND, None)
    assert broken.reason.code == "stop-broken"
    assert f"column {column} " in broken.reason.text
    assert found == {EVERYTHING: pause, BREAKER.place: found[BREAKER.place]}


async def test_a_broken_record_is_replaced_by_a_resume(cloud: Cloud, records: StopRecords) -> None:
    """Whoever read it may write over it or remove it, as if it were sound."""
    await records.write(BREAKER, None)
    await edit(cloud, BREAKER.place, Phase="resting")
    (broken,) = await records.all()
    lifted = await records.write(replace(broken.stop, phase=Phase.LIFTED), broken)
    assert await records.all() == [lifted]
    await edit(cloud, BREAKER.place, Trips="two")
    with pytest.raises(Conflict):
        await records.remove(lifted)
    (broken,) = await records.all()
    await records.remove(broken)
    assert await records.all() == []


@pytest.mark.parametrize("columns", [{"Scope": "planet"}, {"Scope": 5}, {"Name": 5}, {"Name": "other@contoso.test"}])
async def test_a_record_without_its_place_stops_everything(
    cloud: Cloud, records: StopRecords, columns: dict[str, object]
) -> None:
    """Nobody can tell whose pause it was, so everything waits, and the row is named; the other records stay as they are."""
    counting = await records.write(COUNTING, None)
    await records.write(BREAKER, None)
    await edit(cloud, BREAKER.place, **columns)
    sound, broken = sorted(await records.all(), key=lambda entry: entry.stop.place == EVERYTHING)
    assert sound == counting
    assert (broken.stop.place, broken.stop.phase, broken.stop.trial) == (EVERYTHING, Phase.STANDING, Trial.BY_HAND)
    assert BREAKER.place.key in broken.stop.reason.text
    assert broken.stop.since == BREAKER.since


@pytest.mark.parametrize("fault", ["lose-answer", "drop"])
async def test_a_record_without_its_place_is_replaced_by_a_resume(cloud: Cloud, records: StopRecords, fault: str) -> None:
    """Resuming everything turns it into a sound record of everything, which is then removed."""
    broken = await without_its_place(cloud, records)
    cloud.arm(fault, "table.transaction")
    lifted = await records.write(replace(broken.stop, phase=Phase.LIFTED), broken)
    assert await records.all() == [lifted]
    await records.remove(lifted)
    assert await records.all() == []


async def test_a_record_without_its_place_is_changed_by_who_read_it_last(cloud: Cloud, records: StopRecords) -> None:
    """Edited once more, it is another record; a removal of what it was fails, and it can be removed as it is."""
    broken = await without_its_place(cloud, records)
    await edit(cloud, BREAKER.place, By="somebody")
    with pytest.raises(Conflict):
        await records.write(replace(broken.stop, phase=Phase.LIFTED), broken)
    with pytest.raises(Conflict):
        await records.remove(broken)
    (again,) = await records.all()
    await records.remove(again)
    assert await records.all() == []


async def test_one_stop_of_everything_is_enough(cloud: Cloud, records: StopRecords) -> None:
    """While a pause of everything stands, a record without a place says nothing more; it is there again afterwards."""
    await without_its_place(cloud, records)
    pause = await records.write(PAUSE, None)
    assert await records.all() == [pause]
    lifted = await records.write(replace(PAUSE, phase=Phase.LIFTED), pause)
    assert [entry.stop.phase for entry in await records.all()] == [Phase.LIFTED, Phase.STANDING]
    await records.remove(lifted)
    assert [entry.stop.reason.code for entry in await records.all()] == ["stop-broken"]


async def test_a_name_that_no_column_holds_is_refused(records: StopRecords) -> None:
    """Stored as another name it would not be found at its place again, and would stop everything."""
    for name in ("a\x00b", "x" * 2000, "\ud800"):
        with pytest.raises(NotStorable):
            await records.write(replace(PAUSE, place=Place(Scope.SENDER, name)), None)


async def test_strange_texts_are_stored_harmlessly(records: StopRecords) -> None:
    """What a person gives as a reason cannot break the record; strikes are bounded."""
    stop = replace(PAUSE, by="\x00" * 5000, strikes=tuple(NOON + n for n in range(500)))
    await records.write(stop, None)
    (found,) = await records.all()
    assert found.stop.phase is Phase.STANDING
    assert found.stop.strikes == stop.strikes[-100:]


async def without_its_place(cloud: Cloud, records: StopRecords) -> StopEntry:
    """A record whose place cannot be told, as it is read."""
    await records.write(BREAKER, None)
    await edit(cloud, BREAKER.place, Scope="planet")
    (broken,) = await records.all()
    return broken

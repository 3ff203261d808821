"""What every store of stops keeps: the fake of the story tests and the adapter on a real Azurite."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.edges.stops import StopRecords
from shared.rules.outcome import Reason
from shared.rules.stops import EVERYTHING, Phase, Place, Scope, Stop, StopEntry, Trial, mailbox, send_as
from shared.rules.storage_errors import Conflict
from tests.contract.conftest import Cloud
from tests.fakes.stops import FakeStops

NOON = 1_795_471_200.0

Records = StopRecords | FakeStops

PAUSE = Stop(EVERYTHING, Phase.STANDING, Reason("paused", "paused by hand", "resume"), NOON, by="ann: holiday")
BREAKER = Stop(
    mailbox("alerts@contoso.test"),
    Phase.STANDING,
    Reason("mailbox-full", "the mailbox is full", "make room"),
    since=NOON + 0.1234567,
    trial=Trial.MAIL,
    until=NOON + 3600,
    trips=2,
    trial_mail="0" * 32,
)
COUNTING = Stop(
    Place(Scope.CALLER, "producer:default"),
    Phase.COUNTING,
    Reason("bad-recipients", "refused"),
    NOON,
    Trial.MAIL,
    strikes=(NOON, NOON + 0.5),
)


@pytest.fixture(params=["fake", "azurite"])
def records(request: pytest.FixtureRequest, new_id: Callable[[], str]) -> Records:
    """No stop at all."""
    if request.param == "fake":
        return FakeStops()
    cloud: Cloud = request.getfixturevalue("cloud")
    return StopRecords(cloud.account, new_id=new_id)


async def standing(records: Records) -> dict[Place, StopEntry]:
    """All records by their place."""
    return {entry.stop.place: entry for entry in await records.all()}


async def test_there_is_no_stop_before_the_first(records: Records) -> None:
    """An account without the table has none."""
    assert await records.all() == []


async def test_records_come_back_as_they_were_written(records: Records) -> None:
    """Every field survives, with the ETag that the writer got."""
    written = [await records.write(stop, None) for stop in (PAUSE, BREAKER, COUNTING)]
    found = await standing(records)
    assert found == {entry.stop.place: entry for entry in written}
    assert {entry.stop.place: entry.stop for entry in written} == {s.place: s for s in (PAUSE, BREAKER, COUNTING)}


async def test_places_have_records_of_their_own(records: Records) -> None:
    """The same name under another scope, and a mailbox under another From address, are other places."""
    places = [
        Place(Scope.SENDER, "alerts"),
        Place(Scope.TEMPLATE, "alerts"),
        mailbox("alerts@contoso.test"),
        send_as("alerts@contoso.test", "a@contoso.test"),
        send_as("alerts@contoso.test", "b@contoso.test"),
        Place(Scope.CALLER, "ä/b#?\\'"),
    ]
    for place in places:
        await records.write(replace(PAUSE, place=place), None)
    assert set(await standing(records)) == set(places)


async def test_a_record_is_changed_by_who_read_it(records: Records) -> None:
    """The new record has another ETag, with which it can be changed again."""
    first = await records.write(BREAKER, None)
    second = await records.write(replace(BREAKER, trips=3), first)
    third = await records.write(replace(BREAKER, phase=Phase.LIFTED, until=None), second)
    assert len({first.etag, second.etag, third.etag}) == 3
    assert await records.all() == [third]


async def test_who_read_an_older_record_changes_nothing(records: Records) -> None:
    """Of two writers the second gets a conflict; so does who thought that there was none."""
    first = await records.write(BREAKER, None)
    second = await records.write(replace(BREAKER, trips=3), first)
    for known in (first, None):
        with pytest.raises(Conflict):
            await records.write(replace(BREAKER, trips=9), known)
    with pytest.raises(Conflict):
        await records.remove(first)
    assert await records.all() == [second]


async def test_one_of_many_first_writers_wins(records: Records) -> None:
    """Ten workers meet the same refusal at the same time: one record."""
    writes = [records.write(replace(BREAKER, trips=n), None) for n in range(10)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    (winner,) = [result for result in results if isinstance(result, StopEntry)]
    assert sum(isinstance(result, Conflict) for result in results) == 9
    assert await records.all() == [winner]


async def test_a_removed_record_is_gone(records: Records) -> None:
    """Removing it again is fine; writing over it is not; a new one may be written."""
    entry = await records.write(PAUSE, None)
    await records.remove(entry)
    await records.remove(entry)
    assert await records.all() == []
    with pytest.raises(Conflict):
        await records.write(PAUSE, entry)
    await records.write(PAUSE, None)
    assert len(await records.all()) == 1


async def test_a_record_stays_at_its_place(records: Records) -> None:
    """Writing one place's record over another's is a programming error."""
    entry = await records.write(PAUSE, None)
    with pytest.raises(ValueError, match="place"):
        await records.write(BREAKER, entry)

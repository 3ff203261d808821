"""The stop button: pauses by hand, what they hold, and how mails come back."""

from dataclasses import replace

import pytest

from shared.breakers import FRESH
from shared.rules.states import State
from shared.rules.stops import EVERYTHING, Place, Scope
from shared.stops import STRAGGLERS
from shared.sweep import OVERDUE
from tests.crowd import BOX, LOCKED_OUT, mails, states
from tests.stage import Stage, an_envelope

PAUSES = [
    EVERYTHING,
    Place(Scope.SENDER, "alerts"),
    Place(Scope.CALLER, "producer:default"),
    Place(Scope.TEMPLATE, "note"),
]


@pytest.mark.parametrize("place", PAUSES, ids=str)
async def test_a_pause_holds_what_passes_there_until_it_is_resumed(place: Place) -> None:
    """Nothing is tried, nothing is lost, and afterwards everything goes."""
    stage = Stage()
    await stage.stops.pause(place, who="kim", why="maintenance")
    for number in range(4):
        await stage.accept(an_envelope(subject=None, text=None, template="note", data={"title": "x"}), key=f"k{number}")
    await stage.run()
    assert stage.gateway.opened == []
    resumed = await stage.stops.resume(place, who="kim", why="done")
    assert resumed.mails == 4
    await stage.run()
    assert states(stage) == {State.SENT}
    assert all(entry.row.attempts == 1 for entry in stage.ledger.rows.values())
    stage.later(STRAGGLERS + 1)
    await stage.stops.run()
    assert stage.stop_records.records == {}


@pytest.mark.parametrize("place", [Place(Scope.SENDER, "reports"), Place(Scope.CALLER, "producer:small")], ids=str)
async def test_a_pause_elsewhere_does_not_concern_the_mail(place: Place) -> None:
    """Others go on."""
    stage = Stage()
    await stage.stops.pause(place, who="kim", why="maintenance")
    await stage.accept()
    await stage.run()
    assert stage.state() is State.SENT


async def test_a_pause_works_within_five_seconds_in_every_process() -> None:
    """What a process knows of stops is at most `FRESH` old."""
    stage = Stage()
    await mails(stage, 1)
    await stage.run()
    other = Stage()
    other.stop_records.records = stage.stop_records.records
    await other.stops.pause(EVERYTHING, who="kim", why="now")
    stage.later(FRESH)
    await mails(stage, 1, since=1)
    await stage.run()
    assert len(stage.gateway.mails) == 1


async def test_mails_pay_nothing_for_stops_that_do_not_exist() -> None:
    """A hundred mails in a few seconds: one look."""
    stage = Stage()
    await mails(stage, 100)
    await stage.run()
    assert len(stage.gateway.mails) == 100
    assert stage.stop_records.operations == ["all"]


async def test_resuming_a_sender_lifts_what_stops_its_mailboxes() -> None:
    """Whoever has cured the cause need not wait for the next trial."""
    stage = Stage()
    stage.gateway.outcomes = [LOCKED_OUT]
    await mails(stage, 3)
    await stage.run()
    resumed = await stage.stops.resume(Place(Scope.SENDER, "alerts"), who="kim", why="quota raised")
    assert [stop.place for stop in resumed.stops] == [BOX]
    assert resumed.mails == 3
    await stage.run()
    assert states(stage) == {State.SENT}
    assert any("resumed by kim: quota raised" in entry.row.timeline[2].reason for entry in stage.ledger.rows.values())


async def test_a_held_mail_can_be_cancelled() -> None:
    """It has not left, so its caller may still say no; resuming then has nothing to put back."""
    stage = Stage()
    await stage.stops.pause(EVERYTHING, who="kim", why="now")
    await stage.accept()
    await stage.run()
    await stage.ledger.update(
        stage.ledger.rows[stage.row.id], replace(stage.row, state=State.CANCELLED, ticket=stage.row.ticket + 1)
    )
    assert (await stage.stops.resume(EVERYTHING, who="kim", why="done")).mails == 0
    await stage.run()
    assert stage.gateway.mails == []


async def test_two_stops_at_once_hold_until_both_are_gone() -> None:
    """A pause of the sender behind a pause of everything."""
    stage = Stage()
    await stage.stops.pause(EVERYTHING, who="kim", why="now")
    await stage.stops.pause(Place(Scope.SENDER, "alerts"), who="kim", why="too")
    await stage.accept()
    await stage.run()
    await stage.stops.resume(EVERYTHING, who="kim", why="done")
    await stage.run()
    assert stage.state() is State.WAITING
    await stage.stops.resume(Place(Scope.SENDER, "alerts"), who="kim", why="done")
    await stage.run()
    assert stage.state() is State.SENT


async def test_a_mail_whose_place_in_the_index_was_lost_is_found_by_the_sweep() -> None:
    """The process died between the index and the row, or the stop ended at that very moment."""
    stage = Stage()
    await stage.stops.pause(EVERYTHING, who="kim", why="now")
    await stage.accept()
    await stage.run()
    stage.ledger.noted.clear()
    stage.later(OVERDUE + 1)
    assert await stage.sweep.run() == 0
    resumed = await stage.stops.resume(EVERYTHING, who="kim", why="done")
    assert resumed.mails == 1
    await stage.run()
    assert stage.state() is State.SENT


async def test_a_mail_held_at_a_stop_that_is_gone_is_put_back_by_the_sweep() -> None:
    """Nothing depends on luck."""
    stage = Stage()
    await stage.stops.pause(EVERYTHING, who="kim", why="now")
    await stage.accept()
    await stage.run()
    stage.ledger.noted.clear()
    stage.stop_records.records.clear()
    stage.later(OVERDUE + 1)
    assert await stage.sweep.run() == 1
    await stage.run()
    assert stage.state() is State.SENT

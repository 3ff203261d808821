"""Orders to pause and to resume, checked against what there is to stop."""

import json

import pytest

from shared.rules.outcome import Reason
from shared.rules.states import State
from shared.rules.stops import Phase, Place, Scope, Stop, Trial, mailbox, send_as
from shared.rules.strict import Refused
from shared.stop_button import StopButton, pause_from, resume_from
from tests.stage import START, Stage, an_envelope

SIGNED = {"who": "ann", "why": "work"}
BOX = "alerts@contoso.test"


def button(stage: Stage) -> StopButton:
    """The story on the stage's fakes."""
    return StopButton(stage.config, stage.templates, stage.stops)


def body(scope: str, name: str | None = None) -> bytes:
    """An order's body."""
    return json.dumps({**SIGNED, "scope": scope, **({} if name is None else {"name": name})}).encode()


async def trip(stage: Stage, place: Place) -> None:
    """A stop that a breaker set."""
    stop = Stop(place, Phase.STANDING, Reason("made-up", "made up"), START, Trial.MAIL, until=START + 3600)
    await stage.stop_records.write(stop, None)


@pytest.mark.parametrize(
    ("scope", "name"), [("all", None), ("sender", "alerts"), ("caller", "producer:default"), ("template", "note")]
)
async def test_what_is_paused_waits_until_it_is_resumed(scope: str, name: str | None) -> None:
    """Who and why stand with the stop."""
    stage = Stage()
    stop = await button(stage).pause(pause_from(body(scope, name)))
    assert (stop.place, stop.by) == (Place(Scope(scope), name or ""), "ann: work")
    await stage.accept(an_envelope(subject=None, text=None, template="note", data={"title": "x"}))
    await stage.run()
    assert stage.state() is State.WAITING
    resumed = await button(stage).resume(resume_from(body(scope, name)))
    assert (len(resumed.stops), resumed.mails) == (1, 1)
    await stage.run()
    assert stage.state() is State.SENT


@pytest.mark.parametrize(
    ("scope", "name", "there_is"),
    [
        ("sender", "alert", "alerts, reports"),
        ("template", "nothing", "note"),
        ("caller", "producer:defaults", "function-key, producer:default, producer:small"),
        ("caller", "somebody", "function-key"),
    ],
)
async def test_a_name_that_nobody_has_is_refused_with_those_there_are(scope: str, name: str, there_is: str) -> None:
    """A pause of nothing would look like one of something."""
    stage = Stage()
    for ask in (button(stage).pause(pause_from(body(scope, name))), button(stage).resume(resume_from(body(scope, name)))):
        with pytest.raises(Refused, match=f"there is no such {scope}; there is: .*{there_is}"):
            await ask
    assert stage.stop_records.records == {}


@pytest.mark.parametrize(("scope", "name"), [("all", "alerts"), ("sender", None)])
async def test_all_has_no_name_and_everything_else_has_one(scope: str, name: str | None) -> None:
    """Otherwise nobody knows what was meant."""
    with pytest.raises(Refused, match="name is"):
        await button(Stage()).pause(pause_from(body(scope, name)))


def test_a_mailbox_is_not_paused_by_hand() -> None:
    """Its sender is; the error names what can be paused."""
    with pytest.raises(Refused, match="has to be one of: all, sender, caller, template"):
        pause_from(body("mailbox", BOX))


async def test_a_mailbox_is_resumed_with_its_from_addresses() -> None:
    """However it is capitalised; other mailboxes stay stopped."""
    stage = Stage()
    for place in (mailbox(BOX), send_as(BOX, "a@contoso.test"), mailbox("reports@contoso.test")):
        await trip(stage, place)
    resumed = await button(stage).resume(resume_from(body("mailbox", BOX.upper())))
    assert {stop.place for stop in resumed.stops} == {mailbox(BOX), send_as(BOX, "a@contoso.test")}
    assert [stop.place for stop in await stage.stops.standing()] == [mailbox("reports@contoso.test")]


async def test_what_mail_toml_has_lost_can_be_resumed_where_it_stands() -> None:
    """Nobody is locked out of a stop by a change of settings."""
    stage = Stage()
    for place, scope in ((Place(Scope.SENDER, "old"), "sender"), (mailbox("old@contoso.test"), "mailbox")):
        await trip(stage, place)
        resumed = await button(stage).resume(resume_from(body(scope, place.name)))
        assert [stop.place for stop in resumed.stops] == [place]


async def test_resuming_what_does_not_stand_is_fine() -> None:
    """Nothing is lifted."""
    resumed = await button(Stage()).resume(resume_from(body("sender", "alerts")))
    assert (resumed.stops, resumed.mails) == ((), 0)

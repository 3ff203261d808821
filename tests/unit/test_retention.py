"""What is over is removed in time, and nothing that somebody still needs."""

from dataclasses import replace
from typing import Any

import pytest

from shared.retention import Cleanup
from shared.rules.callers import producer
from shared.rules.config import Retention
from shared.rules.mail_row import move
from shared.rules.outcome import Reason, Rejected, Reply
from shared.rules.states import State
from shared.status import Status, view
from shared.steer import NotPossible, Steer
from tests.stage import Stage, an_envelope

DAY = 86_400.0
WHY = Reason("why", "made up")


def cleanup(stage: Stage, *, rows: float = 90 * DAY, payload: float = DAY, ledger: Any = None) -> Cleanup:  # noqa: ANN401 - a ledger, or what stands before it
    """The story on the stage's fakes."""
    return Cleanup(Retention(payload, rows), ledger or stage.ledger, ledger or stage.ledger, stage.telemetry, stage.clock)


async def a_sent_mail() -> Stage:
    """A stage whose only mail was sent just now."""
    stage = Stage()
    await stage.accept()
    await stage.run()
    return stage


async def a_rejected_mail() -> Stage:
    """A stage whose only mail was refused just now."""
    stage = Stage()
    stage.gateway.outcomes = [Rejected(WHY, Reply(554, "5.6.0"))]
    await stage.accept()
    await stage.run()
    return stage


async def test_content_goes_after_a_day_and_the_row_after_ninety() -> None:
    """Each at its own time, not earlier, and afterwards nothing leads to the mail."""
    stage = await a_sent_mail()
    stage.later(DAY - 1)
    assert await cleanup(stage).run() == (0, 0)
    stage.later(1)
    assert await cleanup(stage).run() == (1, 0)
    assert (stage.ledger.payloads, len(stage.ledger.rows)) == ({}, 1)
    stage.later(89 * DAY - 1)
    assert await cleanup(stage).run() == (0, 0)
    stage.later(1)
    assert await cleanup(stage).run() == (0, 1)
    lists = (stage.ledger.rows, stage.ledger.index, stage.ledger.resting, stage.ledger.aging, stage.ledger.for_a_person)
    assert not any(lists)


async def test_the_state_of_a_mail_is_told_as_long_as_its_row_lives() -> None:
    """`GET` needs no content: by id and by the caller's own key, until the row is gone."""
    stage = await a_sent_mail()
    status = Status(stage.config, stage.ledger)
    caller = producer(stage.config.producers["default"])
    stage.later(2 * DAY)
    await cleanup(stage).run()
    found = await status.find(caller, "k1")
    assert found is not None
    assert view(found.row)["state"] == "sent"
    stage.later(90 * DAY)
    await cleanup(stage).run()
    assert await status.find(caller, "k1") is None


async def test_a_key_is_remembered_as_long_as_its_row_lives() -> None:
    """The same envelope is the same mail without its content too; once the row is gone it is a new one."""
    stage = await a_sent_mail()
    stage.later(2 * DAY)
    await cleanup(stage).run()
    assert not (await stage.accept()).new
    await stage.run()
    assert len(stage.gateway.mails) == 1
    stage.later(90 * DAY)
    await cleanup(stage).run()
    assert (await stage.accept()).new


@pytest.mark.parametrize("on_unknown", ["resend", "hold"])
async def test_what_is_not_over_keeps_everything(on_unknown: str) -> None:
    """A mail that waits for its time, however long, and one that waits for a person."""
    stage = Stage()
    row = (await stage.accept(an_envelope(send_at="2027-11-01T00:00:00Z", on_unknown=on_unknown))).row
    if on_unknown == "hold":
        entry = stage.ledger.rows[row.id]
        await stage.ledger.update(entry, move(row, State.PARKED, at=stage.now, reason="made up"))
    stage.later(200 * DAY)
    assert await cleanup(stage).run() == (0, 0)
    assert len(stage.ledger.payloads) == len(stage.ledger.rows) == 1


async def test_a_mail_put_back_keeps_its_content_until_its_new_end() -> None:
    """Redriven, it is not final; sent in the end, it rests again from then on."""
    stage = await a_rejected_mail()
    stage.later(DAY - 60)
    await Steer(stage.config, stage.ledger, stage.placer, stage.clock).redrive(
        stage.ledger.rows[stage.row.id], who="ann", why="mended"
    )
    stage.later(3600)
    assert await cleanup(stage).run() == (0, 0)
    await stage.run()
    assert stage.state() is State.SENT
    stage.later(DAY - 1)
    assert await cleanup(stage).run() == (0, 0)
    stage.later(1)
    assert await cleanup(stage).run() == (1, 0)


@pytest.mark.parametrize("state", [State.WAITING, State.PARKED])
@pytest.mark.parametrize("found_in", ["resting", "aging"])
async def test_an_entry_that_leads_to_a_mail_under_way_goes_where_it_belongs(state: State, found_in: str) -> None:
    """Whoever put the mail back crossed somebody who settled it: it is due, or held, and never forgotten."""
    stage = Stage()
    row = (await stage.accept()).row
    stage.ledger.rows[row.id] = replace(stage.ledger.rows[row.id], row=replace(row, state=state))
    stage.ledger.index.clear()
    getattr(stage.ledger, found_in)[row.id] = stage.now
    assert await cleanup(stage).run() == (0, 0)
    assert getattr(stage.ledger, found_in) == {}
    due, held = set(stage.ledger.index), stage.ledger.for_a_person
    assert (due, held) == (({row.id}, set()) if state is State.WAITING else (set(), {row.id}))


async def test_more_time_in_the_settings_counts_for_mails_that_have_ended() -> None:
    """The row decides, not the entry that was made when the settings were others."""
    stage = await a_sent_mail()
    stage.later(DAY)
    assert await cleanup(stage, payload=7 * DAY).run() == (0, 0)
    stage.later(6 * DAY)
    assert await cleanup(stage, payload=7 * DAY).run() == (1, 0)
    stage.later(90 * DAY)
    assert await cleanup(stage, rows=365 * DAY).run() == (0, 0)
    assert stage.ledger.aging == {stage.row.id: stage.row.changed_at + 365 * DAY}


async def test_a_mail_without_content_cannot_be_put_back_and_says_so() -> None:
    """It would only be parked; the operator learns it at once, and nothing changes."""
    stage = await a_rejected_mail()
    stage.later(DAY)
    await cleanup(stage).run()
    before = stage.row
    with pytest.raises(NotPossible, match="its content was removed"):
        await Steer(stage.config, stage.ledger, stage.placer, stage.clock).redrive(
            stage.ledger.rows[before.id], who="ann", why="mended"
        )
    assert stage.row == before

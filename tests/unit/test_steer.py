"""What people do with a mail."""

from dataclasses import replace

import pytest

from shared.accept import KeyConflict, Origin
from shared.rules.mail_row import Entry
from shared.rules.outcome import Phase, Reason, Rejected, Reply, Unknown
from shared.rules.states import State
from shared.steer import NotPossible, Steer
from tests.stage import Stage, an_envelope

WHY = Reason("why", "made up")


def steer(stage: Stage) -> Steer:
    """The story on the stage's fakes."""
    return Steer(stage.config, stage.ledger, stage.placer, stage.clock)


def entry(stage: Stage) -> Entry:
    """The only mail, as it is now."""
    (one,) = stage.ledger.rows.values()
    return one


async def test_a_cancelled_mail_is_not_sent() -> None:
    """Its message is out of date, and a second cancellation is fine."""
    stage = Stage()
    await stage.accept()
    await steer(stage).cancel(entry(stage))
    await stage.run()
    assert stage.gateway.mails == []
    assert (await steer(stage).cancel(entry(stage))).state is State.CANCELLED


async def test_what_has_left_cannot_be_cancelled() -> None:
    """Sent is sent."""
    stage = Stage()
    await stage.accept()
    await stage.run()
    with pytest.raises(NotPossible, match="sent"):
        await steer(stage).cancel(entry(stage))


async def test_a_cancellation_that_loses_the_race_says_so() -> None:
    """Somebody claimed the mail between the look and the write; it goes out."""
    stage = Stage()
    await stage.accept()
    seen = entry(stage)
    await stage.run()
    with pytest.raises(NotPossible, match="taken up"):
        await steer(stage).cancel(seen)
    assert stage.state() is State.SENT


async def test_a_rejected_mail_is_put_back_under_its_id() -> None:
    """Same id, same Message-ID, a new time to live; who and why stand in the timeline."""
    stage = Stage()
    stage.gateway.outcomes = [Rejected(WHY, Reply(554, "5.6.0"))]
    first = (await stage.accept()).row
    await stage.run()
    stage.later(90_000)
    await steer(stage).redrive(entry(stage), who="ann", why="template mended")
    await stage.run()
    assert stage.state() is State.SENT
    assert stage.row.message_id == first.message_id
    assert "put back by ann: template mended" in stage.reasons


async def test_a_mail_put_back_has_a_new_time_to_live_and_no_deadline() -> None:
    """The operator decided after the caller had: the sender's time begins again, whatever `expires_at` said."""
    stage = Stage()
    stage.gateway.outcomes = [Rejected(WHY, Reply(554, "5.6.0"))]
    await stage.accept(an_envelope(expires_at="2027-01-15T09:00:00Z"))
    await stage.run()
    stage.later(7200)
    stage.ledger.rows[stage.row.id] = replace(entry(stage), row=replace(stage.row, standstill=stage.now - 60))
    row = await steer(stage).redrive(entry(stage), who="ann", why="still wanted")
    assert (row.deadline, row.standstill, row.ends_at) == (None, None, stage.now + 86_400)


async def test_a_mail_whose_content_was_changed_is_not_put_back() -> None:
    """Somebody edited the storage: what was accepted is not there any more."""
    stage = Stage()
    stage.gateway.outcomes = [Rejected(WHY, Reply(554, "5.6.0"))]
    await stage.accept()
    await stage.run()
    stage.ledger.payloads[stage.row.id] = b"other"
    with pytest.raises(NotPossible, match="not what was accepted"):
        await steer(stage).redrive(entry(stage), who="ann", why="")
    assert stage.state() is State.REJECTED


async def test_only_those_who_did_not_get_it_are_offered_it_again() -> None:
    """A refused recipient gets another chance; the others no second copy."""
    stage = Stage()
    await stage.accept(an_envelope(to=["a@contoso.test", "scenario+recipient-refused-5xx@contoso.test"]))
    await stage.run()
    (mail_id,) = stage.ledger.rows
    stage.ledger.rows[mail_id] = replace(entry(stage), row=replace(stage.row, state=State.REJECTED))
    row = await steer(stage).redrive(entry(stage), who="ann", why="address made")
    assert [one.fate.value for one in row.recipients] == ["accepted", "pending"]


async def test_an_unknown_mail_put_back_may_be_a_duplicate() -> None:
    """The person decided; the mark stays visible."""
    stage = Stage()
    stage.gateway.outcomes = [Unknown(Phase.FINAL_DOT, WHY)]
    await stage.accept(an_envelope(on_unknown="hold"))
    await stage.run()
    row = await steer(stage).redrive(entry(stage), who="ann", why="not in Sent Items")
    assert row.possible_duplicate


async def test_an_operator_gives_up_a_mail_of_which_nobody_knows() -> None:
    """Unknown ends as cancelled, by hand."""
    stage = Stage()
    stage.gateway.outcomes = [Unknown(Phase.FINAL_DOT, WHY)]
    await stage.accept(an_envelope(on_unknown="hold"))
    await stage.run()
    with pytest.raises(NotPossible):
        await steer(stage).cancel(entry(stage))
    assert (await steer(stage).give_up(entry(stage), who="ann", why="too late")).state is State.CANCELLED


async def test_what_waits_is_not_put_back() -> None:
    """It is on its way already."""
    stage = Stage()
    await stage.accept()
    with pytest.raises(NotPossible, match="waiting"):
        await steer(stage).redrive(entry(stage), who="ann", why="")


async def test_what_a_caller_was_told_at_once_cannot_be_put_back() -> None:
    """The row only explains a refusal: its caller has the content, and no queue to which it could go."""
    stage = Stage()
    origin = Origin(door="http", key="k", parent="")
    await stage.unaccepted.conflict("function-key", origin, KeyConflict("a" * 32, "0" * 64))
    with pytest.raises(NotPossible, match="under a new id"):
        await steer(stage).redrive(entry(stage), who="ann", why="")
    stage.ledger.rows = {key: replace(one, row=replace(one.row, why=WHY)) for key, one in stage.ledger.rows.items()}
    with pytest.raises(NotPossible, match="never accepted"):
        await steer(stage).redrive(entry(stage), who="ann", why="")

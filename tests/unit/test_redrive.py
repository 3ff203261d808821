"""Putting back many mails at once."""

import json
from dataclasses import replace

import pytest

from shared.intake import Arrival
from shared.redrive import BATCH, BulkOrder, Redrive, bulk_order_from
from shared.rules.outcome import Parked, Reason, Rejected, Reply
from shared.rules.states import State
from shared.rules.strict import Refused
from shared.steer import Steer
from tests.crowd import mails, states
from tests.stage import Stage, an_envelope

REFUSED = Rejected(Reason("corrupt-content", "made up"), Reply(554, "5.6.0"))
GONE = Parked(Reason("payload-gone", "made up"))


def redrive(stage: Stage) -> Redrive:
    """The story on the stage's fakes."""
    return Redrive(stage.ledger, stage.ledger, Steer(stage.config, stage.ledger, stage.placer, stage.clock), stage.clock)


def an_order(**changes: object) -> BulkOrder:
    """An order that is carried out."""
    return bulk_order_from(json.dumps({"who": "ann", "why": "mended", "dry_run": False, **changes}).encode())


async def rejected(stage: Stage, number: int, *, since: int = 0, sender: str = "alerts") -> list[str]:
    """That many rejected mails."""
    stage.gateway.outcomes = [REFUSED] * number
    ids = await mails(stage, number, since=since, sender=sender)
    await stage.run()
    stage.later(1)
    return ids


async def test_all_that_fit_are_put_back_and_sent() -> None:
    """Under their ids, with who and why; what does not fit stays."""
    stage = Stage()
    ids = await rejected(stage, 3)
    others = await rejected(stage, 2, since=3, sender="reports")
    batch = await redrive(stage).run(an_order(state="rejected", sender="alerts"))
    assert {row.id for row in batch.put_back} == set(ids)
    await stage.run()
    assert {stage.ledger.rows[one].row.state for one in ids} == {State.SENT}
    assert {stage.ledger.rows[one].row.state for one in others} == {State.REJECTED}
    assert any(moment.reason == "put back by ann: mended" for moment in stage.ledger.rows[ids[0]].row.timeline)


async def test_a_dry_run_changes_nothing() -> None:
    """It names the same mails."""
    stage = Stage()
    await rejected(stage, 3)
    before = dict(stage.ledger.rows)
    batch = await redrive(stage).run(an_order(dry_run=True))
    assert len(batch.put_back) == 3
    assert stage.ledger.rows == before
    assert await stage.run() == 0


async def test_a_long_order_is_carried_out_in_calls_and_takes_up_each_mail_once() -> None:
    """Also where they come to grief again between two calls: those are newer than the order."""
    stage = Stage()
    await rejected(stage, 2 * BATCH + 30)
    story, order = redrive(stage), an_order()
    seen: list[str] = []
    while len(seen) < 4 * BATCH:
        stage.gateway.outcomes = [REFUSED] * 1000
        batch = await story.run(order)
        await stage.run()
        seen += [row.id for row in batch.put_back]
        if not batch.after:
            break
        assert BATCH <= len(batch.put_back) < BATCH + 8
        order = an_order(after=batch.after)
    assert len(seen) == len(set(seen)) == 2 * BATCH + 30
    assert states(stage) == {State.REJECTED}
    assert all(entry.row.attempts == 2 for entry in stage.ledger.rows.values())


async def test_failed_mails_come_first_then_those_that_wait_for_a_person() -> None:
    """One order reaches both."""
    stage = Stage()
    stage.gateway.outcomes = [GONE]
    await mails(stage, 1)
    await stage.run()
    await rejected(stage, 1, since=1)
    assert [row.state for row in (await redrive(stage).run(an_order())).put_back] == [State.REJECTED, State.PARKED]


async def test_what_cannot_be_put_back_is_named_with_the_cause() -> None:
    """On the dry run too: a mail whose sender is gone, and a row that cannot be read."""
    stage = Stage()
    (lost, broken, fine) = await rejected(stage, 3)
    stage.ledger.broken.add(broken)
    entry = stage.ledger.rows[lost]
    stage.ledger.rows[lost] = replace(entry, row=replace(entry.row, sender="gone"))
    for dry_run in (True, False):
        batch = await redrive(stage).run(an_order(dry_run=dry_run))
        assert [row.id for row in batch.put_back] == [fine]
        assert [(row.id, "mail.toml lost the mail's sender" in cause) for row, cause in batch.left] == [(lost, True)]
        assert [one.mail_id for one in batch.unreadable] == [broken]


async def test_a_producers_message_that_never_became_a_mail_goes_back_to_its_queue() -> None:
    """Once for an order, although its row stays rejected; one that stands for another mail is named, on the dry run too."""
    stage = Stage()
    producer = stage.config.producers["small"]
    refused = json.dumps({"sender": "reports", "to": ["ops@contoso.test"], "subject": "x", "text": "y"}).encode()
    await stage.intake.take(Arrival(producer, refused, "message-1"))
    await stage.accept_from("small", key="taken")
    conflict = json.dumps(
        {"sender": "alerts", "to": ["eve@contoso.test"], "subject": "x", "text": "y", "id": "taken"}
    ).encode()
    await stage.intake.take(Arrival(producer, conflict, "message-2"))
    stage.later(1)
    for dry_run in (True, False):
        batch = await redrive(stage).run(an_order(state="rejected", dry_run=dry_run))
        assert len(batch.put_back) == 1
        assert ["stands for another mail" in cause for _, cause in batch.left] == [True]
        assert len(stage.queues.texts("small-box")) == (0 if dry_run else 1)


async def test_a_race_is_lost_without_harm() -> None:
    """Somebody cancelled a mail at the same moment: it is left, the others go."""
    stage = Stage()
    stage.gateway.outcomes = [GONE, GONE]
    await stage.accept(an_envelope(), key="a")
    await stage.accept(an_envelope(), key="b")
    await stage.run()
    stage.later(1)
    story = redrive(stage)
    order = an_order(state="parked")
    first = next(iter(stage.ledger.rows))
    entry = stage.ledger.rows[first]
    await Steer(stage.config, stage.ledger, stage.placer, stage.clock).give_up(entry, who="bob", why="late")
    assert await story._one(entry, order) == "the mail was changed at this moment; look at it again"  # noqa: SLF001 - between read and write
    assert len((await story.run(order)).put_back) == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"state": "sent"}, "mails in this state cannot be put back"),
        ({"state": "lost"}, "has to be one of"),
        ({"sender": ""}, "may not be empty"),
        ({"dry_run": "no"}, "has to be true or false"),
        ({"why": "x" * 41}, "at most 40"),
        ({"who": "ann\nbob"}, "line break"),
        ({"sendr": "alerts"}, "did you mean 'sender'"),
    ],
)
def test_an_order_that_is_not_sound_is_refused(body: dict[str, object], told: str) -> None:
    """By the field's name, and nothing is done."""
    with pytest.raises(Refused, match=told):
        an_order(**body)


def test_an_order_says_whether_it_is_a_dry_run() -> None:
    """Nobody puts back everything by forgetting a word."""
    with pytest.raises(Refused, match="dry_run is missing"):
        bulk_order_from(b'{"who": "ann", "why": "x"}')


@pytest.mark.parametrize("after", ["x", "1.000", "1 held|x", "1.000 held|\n", "-1.000 held|x"])
async def test_an_after_that_no_call_gave_is_refused(after: str) -> None:
    """The order is not begun anew by mistake."""
    with pytest.raises(Refused, match="earlier call"):
        await redrive(Stage()).run(an_order(after=after))

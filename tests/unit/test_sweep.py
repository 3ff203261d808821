"""The sweep: what nobody works on any more is put back, once."""

from dataclasses import replace

import pytest

from shared.placing import SENDING
from shared.rules.states import State
from shared.sweep import OVERDUE
from tests.stage import LEASE, Stage, an_envelope


async def test_a_mail_whose_message_is_gone_is_put_back_and_sent(stage: Stage) -> None:
    """Somebody cleared the queue; the row is enough."""
    await stage.accept()
    stage.queues.messages.clear()
    stage.later(OVERDUE + 1)
    assert await stage.sweep.run() == 1
    await stage.run()
    assert stage.state() is State.SENT
    assert "swept" in stage.reasons


async def test_it_is_put_back_once(stage: Stage) -> None:
    """The next ticks leave the mail alone until it is overdue again."""
    await stage.accept()
    stage.queues.messages.clear()
    stage.later(OVERDUE + 1)
    await stage.sweep.run()
    stage.queues.messages.clear()
    assert await stage.sweep.run() == 0
    stage.later(OVERDUE + 1)
    assert await stage.sweep.run() == 1


async def test_while_messages_wait_nothing_is_swept(stage: Stage) -> None:
    """A backlog looks overdue; its messages only stand in line."""
    await stage.accept()
    stage.later(OVERDUE + 1)
    assert await stage.sweep.run() == 0
    assert stage.live_messages == 1


async def test_a_mail_for_later_is_not_overdue(stage: Stage) -> None:
    """What counts is the time at which it should be tried, not when it came."""
    await stage.accept(an_envelope(send_at="2027-01-16T08:00:00Z"))
    stage.queues.messages.clear()
    stage.later(OVERDUE + 1)
    assert await stage.sweep.run() == 0
    stage.later(86_400)
    assert await stage.sweep.run() == 1


async def test_a_deferred_mail_is_looked_at_when_its_time_has_passed(stage: Stage) -> None:
    """The index knows the first time only; the sweep learns the new one from the row."""
    stage.pace.later = [3600.0]
    await stage.accept()
    await stage.run()
    stage.queues.messages.clear()
    stage.later(OVERDUE + 1)
    assert await stage.sweep.run() == 0
    stage.later(3600)
    assert await stage.sweep.run() == 1


async def test_a_dead_attempt_becomes_unknown(stage: Stage) -> None:
    """The process died and its message is gone too: nobody can know, and the sender's rule decides."""
    await stage.accept(an_envelope(on_unknown="hold"))
    (mail_id,) = stage.ledger.rows
    entry = stage.ledger.rows[mail_id]
    stage.ledger.rows[mail_id] = replace(entry, row=replace(entry.row, state=State.SENDING, lease_until=stage.now + LEASE))
    stage.queues.messages.clear()
    stage.later(LEASE + OVERDUE + 1)
    assert await stage.sweep.run() == 1
    assert stage.state() is State.UNKNOWN


@pytest.mark.parametrize("state", [State.PARKED, State.UNKNOWN])
async def test_what_waits_for_a_person_is_not_swept(stage: Stage, state: State) -> None:
    """It leaves the index of due mails and stays on the list of held ones."""
    await stage.accept()
    (mail_id,) = stage.ledger.rows
    entry = stage.ledger.rows[mail_id]
    stage.ledger.rows[mail_id] = replace(entry, row=replace(entry.row, state=state))
    stage.queues.messages.clear()
    stage.later(OVERDUE + 1)
    assert await stage.sweep.run() == 0
    assert [mail.mail_id for mail in await stage.ledger.held()] == [mail_id]
    assert stage.queues.texts(SENDING) == []


async def test_entries_of_rows_that_are_gone_or_final_are_removed(stage: Stage) -> None:
    """The index mends itself."""
    await stage.accept()
    await stage.run()
    (mail_id,) = stage.ledger.rows
    stage.ledger.index = {mail_id: stage.now, "f" * 32: stage.now}
    stage.later(OVERDUE + 1)
    assert await stage.sweep.run() == 0
    assert stage.ledger.index == {}


@pytest.fixture
def stage() -> Stage:
    """An empty stage."""
    return Stage()

"""Mails for later: the queue keeps nothing longer than seven days, the ledger does."""

from datetime import UTC, datetime

import pytest

from shared.placing import SENDING
from shared.retention import Cleanup
from shared.rules.config import Retention
from shared.rules.outcome import Reason, Retry
from shared.rules.problems import Refused
from shared.rules.states import State
from shared.steer import NotPossible, Steer
from shared.sweep import OVERDUE
from tests.stage import START, Stage, an_envelope

DAY = 86_400.0
IN_30_DAYS = START + 30 * DAY
QUEUE_KEEPS = 7 * DAY
"""Seconds for which a storage queue hides a message at most."""


def iso(seconds: float) -> str:
    """As an envelope writes a time."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


async def scheduled(at: float = IN_30_DAYS, **changes: object) -> Stage:
    """A stage with one mail for later."""
    stage = Stage()
    await stage.accept(an_envelope(send_at=iso(at), **changes))
    return stage


def steer(stage: Stage) -> Steer:
    """What people do, on the stage's fakes."""
    return Steer(stage.config, stage.ledger, stage.placer, stage.clock)


async def test_a_mail_for_a_month_from_now_passes_by_every_seven_days_and_is_sent_once_at_its_time() -> None:
    """Its message is renewed before the queue's limit ends, one at a time; the ledger decides when it is sent."""
    stage = await scheduled()
    renewed = []
    while stage.state() is State.WAITING:
        (message,) = [m for m in stage.queues.messages if m.queue == SENDING]
        assert message.visible_at - stage.now <= QUEUE_KEEPS
        stage.now = message.visible_at
        assert await stage.run() == 1
        assert await stage.sweep.run() == 0
        assert stage.row.due == IN_30_DAYS
        renewed.append((stage.now - START) / DAY)
    assert renewed == [7, 14, 21, 28, 30]
    assert stage.state() is State.SENT
    assert len(stage.gateway.mails) == 1
    assert stage.reasons.count("not-yet-due") == 4
    assert "swept" not in stage.reasons


async def test_its_time_to_live_begins_at_its_time() -> None:
    """A day of the sender's counts from then, so that a mail for next month is not over before it began."""
    stage = await scheduled()
    assert (stage.row.due, stage.row.date, stage.row.expires_at) == (IN_30_DAYS, IN_30_DAYS, IN_30_DAYS + DAY)
    stage.now = IN_30_DAYS
    stage.gateway.outcomes = [Retry(60.0, Reason("busy", "made up"))] * 2000
    while stage.state() is State.WAITING:
        stage.later(600)
        await stage.run()
    assert stage.state() is State.EXPIRED
    assert IN_30_DAYS + DAY - 7200 < stage.now <= IN_30_DAYS + DAY + 600


async def test_the_sweep_leaves_it_alone_until_it_is_overdue() -> None:
    """Even if its message is gone; a quarter of an hour after its time it is put back and sent."""
    stage = await scheduled()
    stage.queues.messages.clear()
    for day in range(30):
        stage.now = START + day * DAY + OVERDUE
        assert await stage.sweep.run() == 0
    stage.now = IN_30_DAYS + OVERDUE + 1
    assert await stage.sweep.run() == 1
    await stage.run()
    assert stage.state() is State.SENT


async def test_retention_leaves_it_alone_until_it_is_over() -> None:
    """However short content and rows are kept: both count from its end."""
    stage = await scheduled(START + 300 * DAY)
    short = Cleanup(Retention(3600.0, 7 * DAY), stage.ledger, stage.ledger, stage.telemetry, stage.clock)
    for day in range(0, 300, 7):
        stage.now = START + day * DAY
        await stage.run()
        assert await short.run() == (0, 0)
    stage.now = START + 300 * DAY
    await stage.run()
    assert stage.state() is State.SENT


async def test_it_can_be_cancelled_until_it_leaves() -> None:
    """Its message comes and is dropped, also when content and row are gone by then."""
    stage = await scheduled()
    (entry,) = stage.ledger.rows.values()
    assert (await steer(stage).cancel(entry)).state is State.CANCELLED
    cleanup = Cleanup(Retention(3600.0, 7 * DAY), stage.ledger, stage.ledger, stage.telemetry, stage.clock)
    stage.later(DAY)
    assert await cleanup.run() == (1, 0)
    stage.later(6 * DAY)
    assert await stage.run() == 1
    assert await cleanup.run() == (0, 1)
    stage.later(30 * DAY)
    assert await stage.run() == 0
    assert stage.gateway.mails == []
    assert stage.queues.texts(SENDING) == []


async def test_a_message_whose_row_is_gone_is_dropped() -> None:
    """Nothing to send, nothing to park, nothing to raise."""
    stage = await scheduled()
    stage.ledger.rows.clear()
    stage.later(7 * DAY)
    assert await stage.run() == 1
    assert stage.queues.texts(SENDING) == []


async def test_once_it_is_sent_it_cannot_be_cancelled() -> None:
    """The answer says why."""
    stage = await scheduled(START + 60)
    stage.later(60)
    await stage.run()
    (entry,) = stage.ledger.rows.values()
    with pytest.raises(NotPossible, match="sent"):
        await steer(stage).cancel(entry)


async def test_a_mail_for_more_than_a_year_from_now_is_refused_at_every_door() -> None:
    """Nothing is stored, and the fault names the field."""
    stage = Stage()
    with pytest.raises(Refused) as refused:
        await stage.accept(an_envelope(send_at=iso(START + 367 * DAY)))
    assert (refused.value.code, refused.value.problems[0].pointer) == ("too-far-ahead", "/send_at")
    assert not stage.ledger.rows
    assert not stage.queues.messages


async def test_a_mail_for_the_past_is_sent_at_once() -> None:
    """The time was a promise not to be early."""
    stage = await scheduled(START - DAY)
    await stage.run()
    assert stage.state() is State.SENT
    assert stage.row.date == START


async def test_the_caller_s_own_end_counts_too() -> None:
    """After `expires_at` the mail is not sent, although the sender would have allowed a day."""
    stage = await scheduled(expires_at=iso(IN_30_DAYS + 600))
    for day in (7, 14, 21, 28):
        stage.now = START + day * DAY
        await stage.run()
    stage.now = IN_30_DAYS
    stage.pace.later = [601.0]
    await stage.run()
    stage.later(601)
    await stage.run()
    assert stage.state() is State.EXPIRED
    assert stage.gateway.mails == []


async def test_no_attempt_is_planned_beyond_the_caller_s_own_end() -> None:
    """Where the next try would come too late, the mail expires at once."""
    stage = Stage()
    await stage.accept(an_envelope(expires_at=iso(START + 60)))
    stage.gateway.outcomes = [Retry(300.0, Reason("busy", "made up"))]
    await stage.run()
    assert stage.state() is State.EXPIRED

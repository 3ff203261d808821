"""Breakers after DATA: who is held back when Exchange refuses, who goes on, and how it ends."""

from dataclasses import replace

import pytest

from shared.breakers import FRESH
from shared.rules.breakers import HOUR
from shared.rules.config import OnUnknown
from shared.rules.outcome import Fate, Parked, Reason, RecipientResult, Rejected, Reply, Retry
from shared.rules.states import State
from shared.rules.stops import Phase, Place, Scope
from shared.stops import SLOWLY
from tests.crowd import BOX, LOCKED_OUT, mails, states, until_rest
from tests.stage import Stage, a_config, an_envelope

DENIED = Retry(3600.0, Reason("send-as-denied", "made up"), Reply(554, "5.2.252"))
WEEKEND = 3 * 86_400.0


async def test_send_as_denied_stops_the_mailbox_under_this_from_only() -> None:
    """Another From of the same mailbox goes on."""
    config = a_config()
    shared_box = replace(config.senders["reports"], mailboxes=("alerts@contoso.test",), on_unknown=OnUnknown.RESEND)
    stage = Stage(config=replace(config, senders={**config.senders, "reports": shared_box}))
    stage.gateway.outcomes = [DENIED]
    await mails(stage, 3)
    await stage.run()
    await mails(stage, 3, sender="reports", since=3)
    await stage.run()
    assert {mail.sender for mail in stage.gateway.mails} == {"reports@contoso.test"}
    assert len(stage.gateway.mails) == 3


async def test_after_a_lockout_one_mail_tries_and_the_others_follow_slowly() -> None:
    """Not all at once: a mailbox that has just been let out must not be locked again."""
    stage = Stage()
    stage.gateway.outcomes = [LOCKED_OUT]
    await mails(stage, 10)
    await stage.run()
    stage.later(HOUR + 1)
    await stage.stops.run()
    assert stage.live_messages == 1
    await stage.run()
    assert len(stage.gateway.mails) == 1
    await stage.stops.run()
    await stage.run()
    assert len(stage.gateway.mails) == 2
    stage.later(SLOWLY + 1)
    await stage.run()
    assert len(stage.gateway.mails) == 3
    await until_rest(stage)
    assert states(stage) == {State.SENT}


async def test_a_trial_that_fails_doubles_the_pause() -> None:
    """1 h, then 2 h, and one mail each time."""
    stage = Stage()
    stage.gateway.outcomes = [LOCKED_OUT] * 3
    await mails(stage, 5)
    await stage.run()
    tried = []
    for _ in range(100):
        before = len(stage.gateway.opened)
        await stage.stops.run()
        await stage.run()
        if len(stage.gateway.opened) > before:
            tried.append(stage.now)
        if len(tried) == 3:
            break
        stage.later(300)
    assert tried[0] - 1_800_000_000 == pytest.approx(HOUR, abs=301)
    assert tried[1] - tried[0] == pytest.approx(2 * HOUR, abs=301)
    assert tried[2] - tried[1] == pytest.approx(4 * HOUR, abs=301)


async def test_where_no_mail_is_held_the_next_one_is_the_trial() -> None:
    """A mail that comes after the pause goes through at once."""
    stage = Stage()
    stage.gateway.outcomes = [LOCKED_OUT]
    (first,) = await mails(stage, 1)
    await stage.run()
    await stage.stops.resume(Place(Scope.CALLER, "producer:nobody"), who="kim", why="wrong place")
    entry = stage.ledger.rows[first]
    await stage.ledger.update(entry, replace(entry.row, state=State.CANCELLED))
    stage.later(HOUR + 1)
    await stage.stops.run()
    await mails(stage, 2, since=1)
    await stage.run()
    assert len(stage.gateway.mails) >= 1


async def test_three_failed_logons_of_a_mailbox_are_a_fault_of_its_rights() -> None:
    """430 carries a temporary code, but the third one stops the mailbox."""
    stage = Stage()
    failed = Retry(300.0, Reason("mailbox-logon-failed", "made up"), Reply(430, "4.2.0"))
    stage.gateway.outcomes = [failed] * 3
    await mails(stage, 10)
    await stage.run()
    assert stage.gateway.outcomes == []
    assert len(stage.gateway.mails) == 0
    assert stage.stop_records.records[BOX].stop.phase is Phase.STANDING


async def test_a_mail_that_goes_through_forgives_the_faults_before() -> None:
    """Two 430s and a success are a glitch."""
    stage = Stage()
    failed = Retry(300.0, Reason("mailbox-logon-failed", "made up"), Reply(430, "4.2.0"))
    for round_ in range(4):
        stage.gateway.outcomes = [failed] * 2
        await mails(stage, 3, since=3 * round_)
        await stage.run()
        stage.later(FRESH + 1)
    assert BOX not in stage.stop_records.records or stage.stop_records.records[BOX].stop.phase is Phase.COUNTING


async def test_a_caller_that_names_bad_recipients_is_stopped_before_the_mailbox_is_locked() -> None:
    """Five in a row; another caller with the same mailbox goes on."""
    stage = Stage()
    bad = "scenario+recipient-refused-5xx@contoso.test"
    for number in range(8):
        await stage.accept(an_envelope(to=[bad]), key=f"bad{number}")
    await stage.run()
    refused = [entry for entry in stage.ledger.rows.values() if entry.row.state is State.REJECTED]
    assert len(refused) == 5
    assert Place(Scope.CALLER, "producer:default") in stage.stop_records.records
    await stage.accept_from("small", key="good")
    await stage.run()
    assert len(stage.gateway.mails) == 1


async def test_a_rejected_mail_stays_rejected_when_it_trips_the_callers_stop() -> None:
    """The stop is for the mails behind it."""
    stage = Stage()
    refusal = Rejected(Reason("recipient-refused", ""), Reply(550, "5.1.10"), {0: RecipientResult(Fate.REFUSED, 550)})
    stage.gateway.outcomes = [refusal] * 5
    await mails(stage, 6)
    await stage.run()
    assert sorted(entry.row.state for entry in stage.ledger.rows.values()) == [State.REJECTED] * 5 + [State.WAITING]


async def test_what_only_parks_one_mail_stops_nothing() -> None:
    """The next mail is tried."""
    stage = Stage()
    stage.gateway.outcomes = [Parked(Reason("smtp-client-fault", "made up"))]
    await mails(stage, 2)
    await stage.run()
    assert len(stage.gateway.mails) == 1
    assert stage.stop_records.records == {}


# The service is out.


async def test_without_an_identity_the_time_to_live_stands_still() -> None:
    """Nobody could have sent; a mail that may live for a day is sent after three."""
    stage = Stage()
    stage.tokens.fail()
    await stage.accept()
    for _ in range(int(WEEKEND / 1800)):
        await stage.run()
        stage.later(1800)
    assert stage.state() is State.WAITING
    stage.tokens.failure = None
    for _ in range(4):
        await stage.run()
        stage.later(1800)
    assert stage.state() is State.SENT


async def test_a_refusal_of_the_mail_itself_uses_up_its_time() -> None:
    """Otherwise it would be tried for ever."""
    stage = Stage()
    refused = Retry(60.0, Reason("temporary-refusal", "made up"), Reply(451, "4.0.0"))
    stage.gateway.outcomes = [refused] * 500
    await stage.accept()
    for _ in range(200):
        await stage.run()
        stage.later(900)
    assert stage.state() is State.EXPIRED

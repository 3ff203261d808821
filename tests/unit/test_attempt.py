"""One attempt: claim, lease, and what each outcome makes of the row."""

import asyncio
from dataclasses import replace

from shared.attempt import Attempt
from shared.placing import SENDING
from shared.rules.orders import Order, decode
from shared.rules.outcome import Fate, Phase, Reason, RecipientResult, Rejected, Reply, Retry, Sent, Unknown
from shared.rules.states import State
from shared.rules.storage_errors import StorageUnavailable
from tests.stage import LEASE, Stage, an_envelope

WHY = Reason("why", "made up")
UNKNOWN = Unknown(Phase.FINAL_DOT, WHY)


async def test_two_deliveries_at_the_same_moment_send_one_mail() -> None:
    """The conditional write before DATA lets one of them through; the other says RSET."""
    stage = Stage()
    await stage.accept()
    order = decode(stage.queues.texts(SENDING)[0])
    await asyncio.gather(stage.send.process(order), stage.send.process(order))
    assert len(stage.gateway.mails) == 1
    assert stage.state() is State.SENT


async def test_a_temporary_refusal_waits_in_the_queue_and_is_tried_again() -> None:
    """The mail waits under a new ticket, and the next attempt carries the same Message-ID."""
    stage = Stage()
    stage.gateway.outcomes = [Retry(60.0, WHY, Reply(432, "4.3.2"))]
    await stage.accept()
    await stage.run()
    assert (stage.state(), stage.row.attempts, stage.row.ticket) == (State.WAITING, 1, 2)
    assert stage.live_messages == 1
    stage.later(60)
    await stage.run()
    assert stage.state() is State.SENT
    assert stage.row.message_id.encode() in stage.gateway.mails[0].content


async def test_of_three_recipients_only_the_one_refused_for_now_is_tried_again() -> None:
    """Nobody gets the mail twice because somebody else was refused."""
    stage = Stage()
    to = ["a@contoso.test", "scenario+recipient-refused-5xx@contoso.test", "scenario+recipient-refused-4xx@contoso.test"]
    await stage.accept(an_envelope(to=to))
    await stage.run()
    assert [r.fate.value for r in stage.row.recipients] == ["accepted", "refused", "pending"]
    assert stage.state() is State.WAITING
    stage.later(3600)
    await stage.run()
    assert [mail.recipients for mail in stage.gateway.mails] == [("a@contoso.test",)]


async def test_a_mail_that_some_have_is_sent_when_the_others_are_refused() -> None:
    """The second attempt ends in a refusal for good: those who have the mail have it, the others are refused."""
    stage = Stage()
    await stage.accept(an_envelope(to=["a@contoso.test", "scenario+recipient-refused-4xx@contoso.test"]))
    await stage.run()
    stage.gateway.offers = [Rejected(WHY, Reply(550, "5.1.10"))]
    stage.later(3600)
    await stage.run()
    assert stage.state() is State.SENT
    assert [(r.fate.value, r.code) for r in stage.row.recipients] == [("accepted", 250), ("refused", 550)]


async def test_a_permanent_refusal_ends_the_mail() -> None:
    """Rejected, with the reason, and no message is left."""
    stage = Stage()
    stage.gateway.outcomes = [Rejected(WHY, Reply(554, "5.6.0"))]
    await stage.accept()
    await stage.run()
    assert stage.state() is State.REJECTED
    assert stage.reasons[-1] == "why"
    assert [(r.fate.value, r.code) for r in stage.row.recipients] == [("refused", 554)]
    assert stage.live_messages == 0


async def test_an_unknown_outcome_under_resend_is_tried_once_more_and_marked() -> None:
    """Twice unknown waits for a person; both attempts carry the same Message-ID."""
    stage = Stage()
    stage.gateway.outcomes = [UNKNOWN, UNKNOWN]
    await stage.accept()
    await stage.run()
    assert (stage.state(), stage.row.possible_duplicate) == (State.WAITING, True)
    stage.later(60)
    await stage.run()
    assert (stage.state(), stage.row.unknowns) == (State.UNKNOWN, 2)
    assert stage.live_messages == 0


async def test_an_unknown_outcome_under_hold_waits_for_a_person() -> None:
    """Better no second copy: nothing is placed."""
    stage = Stage()
    stage.gateway.outcomes = [UNKNOWN]
    await stage.accept(an_envelope(on_unknown="hold"))
    await stage.run()
    assert (stage.state(), stage.row.possible_duplicate) == (State.UNKNOWN, False)
    assert stage.live_messages == 0


async def test_a_mail_that_somebody_is_sending_is_looked_at_again_after_the_lease() -> None:
    """While the lease lives the other attempt has the word; afterwards the outcome is unknown."""
    stage = Stage()
    await stage.accept(an_envelope(on_unknown="hold"))
    order = decode(stage.queues.texts(SENDING)[0])
    await dead_attempt(stage, order)
    await stage.run()
    assert stage.state() is State.SENDING
    stage.later(LEASE + 5)
    await stage.run()
    assert stage.state() is State.UNKNOWN
    assert stage.reasons[-1] == "attempt-died"
    assert stage.gateway.mails == []


async def dead_attempt(stage: Stage, order: Order) -> None:
    """A process claimed the mail and died."""
    entry = stage.ledger.rows[order.id]
    attempt = Attempt(entry, ledger=stage.ledger, placer=stage.placer, times=stage.send.times)
    await attempt.claim()


async def test_a_late_reply_is_evidence() -> None:
    """Our lease ran out and the outcome was declared unknown; then the 250 came: the mail is sent, and not again."""
    stage = Stage()
    await stage.accept()
    order = decode(stage.queues.texts(SENDING)[0])
    slow = SlowTransmit(stage, order)
    stage.gateway.outcomes = [slow.sent]
    await slow.run()
    assert stage.state() is State.SENT
    assert "late-evidence" in stage.reasons or State.UNKNOWN in [m.state for m in stage.row.timeline]
    stage.later(3600)
    await stage.run()
    assert len(stage.gateway.mails) == 1


class SlowTransmit:
    """An attempt whose reply comes after another process found its lease dead."""

    def __init__(self, stage: Stage, order: Order) -> None:
        self.stage, self.order = stage, order
        self.sent = Sent(Reply(250, "2.0.0"))

    async def run(self) -> None:
        """Claim, lose the lease, be declared unknown by the queue's second delivery, then conclude with the reply."""
        stage = self.stage
        attempt = Attempt(stage.ledger.rows[self.order.id], ledger=stage.ledger, placer=stage.placer, times=stage.send.times)
        await attempt.claim()
        stage.later(LEASE + 5)
        await stage.send.process(self.order)
        session = await stage.gateway.open("alerts@contoso.test", await stage.tokens.get())
        assert not isinstance(session, Retry)
        recipients = [(0, "ops@contoso.test")]
        await session.offer("alerts@contoso.test", recipients, 1)  # type: ignore[union-attr]  # the fake gives a session here
        await attempt.conclude(await session.transmit(b"x"))  # type: ignore[union-attr]  # the fake gives a session here


async def test_a_retry_beyond_the_end_expires_at_once() -> None:
    """A try that would come too late is not made."""
    stage = Stage()
    await stage.accept()
    stage.later(86_390)
    stage.gateway.outcomes = [Retry(60.0, WHY)]
    await stage.run()
    assert stage.state() is State.EXPIRED


async def a_claim(stage: Stage) -> Attempt:
    """An attempt that has claimed the only mail."""
    (entry,) = stage.ledger.rows.values()
    attempt = Attempt(entry, ledger=stage.ledger, placer=stage.placer, times=stage.send.times, trace="00-1")
    await attempt.claim()
    return attempt


async def test_an_outcome_is_written_although_storage_stumbles() -> None:
    """What was learned from the wire is not given up because a write failed."""
    stage = Stage()
    await stage.accept()
    attempt = await a_claim(stage)
    stage.ledger.fail_next(StorageUnavailable(WHY, 1.0), times=3)
    await attempt.conclude(Sent(Reply(250, "2.0.0"), {0: RecipientResult(Fate.ACCEPTED, 250)}))
    assert stage.slept == [1.0, 2.0, 4.0]
    assert stage.state() is State.SENT


async def test_an_outcome_is_written_although_a_renewals_answer_was_lost() -> None:
    """The row is our own claim under an ETag that we never learned; whatever came of the mail is written onto it."""
    stage = Stage()
    await stage.accept()
    attempt = await a_claim(stage)
    (entry,) = stage.ledger.rows.values()
    await stage.ledger.update(entry, replace(entry.row, lease_until=stage.now + 2 * LEASE))
    await attempt.conclude(Rejected(WHY, Reply(554, "5.6.0")))
    assert stage.state() is State.REJECTED


async def test_a_lease_that_was_renewed_meanwhile_is_alive() -> None:
    """Who found the lease dead and is a moment too late changes nothing: the mail is still being sent."""
    stage = Stage()
    await stage.accept()
    await a_claim(stage)
    (found,) = stage.ledger.rows.values()
    await stage.ledger.update(found, replace(found.row, lease_until=stage.now + 2 * LEASE))
    await Attempt(found, ledger=stage.ledger, placer=stage.placer, times=stage.send.times).declare_dead()
    assert stage.state() is State.SENDING

"""The way out: what becomes of an order, story by story."""

import pytest

from shared.placing import SENDING
from shared.rules.orders import Order, decode, encode
from shared.rules.outcome import Parked, Phase, Reason, Reply, Unknown
from shared.rules.states import State
from shared.rules.storage_errors import StorageUnavailable
from tests.stage import Stage, an_envelope

WHY = Reason("why", "made up")
UNKNOWN = Unknown(Phase.FINAL_DOT, WHY)


async def test_a_mail_is_sent_once_and_its_outcome_kept() -> None:
    """One order, one mail, and the ledger knows the reply and Exchange's own id."""
    stage = Stage()
    await stage.accept()
    await stage.run()
    assert len(stage.gateway.mails) == 1
    assert stage.state() is State.SENT
    assert stage.row.reply == Reply(250, "2.0.0", "<taken-0@contoso.test>", "fake.contoso.test")
    assert stage.reasons == ["accepted", "transmitting", "accepted-by-exchange"]
    assert stage.live_messages == 0
    assert stage.gateway.in_use == 0


async def test_a_second_delivery_of_the_same_order_sends_nothing() -> None:
    """Queues deliver at least once; a sent mail is not sent again."""
    stage = Stage()
    await stage.accept()
    message = stage.queues.texts(SENDING)[0]
    await stage.run()
    await stage.send.process(decode(message))
    assert len(stage.gateway.mails) == 1


async def test_an_order_with_an_old_ticket_is_dropped_unread() -> None:
    """Whoever puts a new message raises the ticket; the old message does nothing."""
    stage = Stage()
    await stage.accept()
    old = decode(stage.queues.texts(SENDING)[0])
    await stage.placer.again(stage.ledger.rows[old.id], stage.row, delay=60, now=stage.now)
    await stage.send.process(old)
    assert stage.gateway.opened == []
    assert stage.live_messages == 1


async def test_a_mail_that_needs_a_person_is_parked_before_anything_is_sent() -> None:
    """For example where the server's certificate is not trusted."""
    stage = Stage()
    stage.gateway.opens = [Parked(WHY)]
    await stage.accept()
    await stage.run()
    assert stage.state() is State.PARKED
    assert stage.gateway.mails == []


async def test_a_refused_login_is_tried_once_with_a_fresh_token() -> None:
    """The first token is dropped, the second one is taken, and the mail goes out."""
    stage = Stage()
    stage.gateway.refused_tokens = {"t1"}
    await stage.accept()
    await stage.run()
    assert stage.gateway.tokens == ["t1", "t2"]
    assert stage.state() is State.SENT


async def test_a_login_refused_twice_leaves_the_mailbox_alone() -> None:
    """After the fresh token the fault lies in the configuration, and hammering would lock the mailbox."""
    stage = Stage()
    stage.gateway.refused_tokens = {"t1", "t2", "t3", "t4"}
    await stage.accept()
    await stage.run()
    assert stage.gateway.tokens == ["t1", "t2"]
    assert stage.state() is State.WAITING
    assert stage.live_messages == 0
    assert "login-refused" in stage.reasons


async def test_without_a_token_the_mail_waits() -> None:
    """The identity endpoint is down: nothing is lost, and nobody is called."""
    stage = Stage()
    stage.tokens.fail()
    await stage.accept()
    await stage.run()
    assert stage.state() is State.WAITING
    assert stage.gateway.opened == []
    stage.tokens.failure = None
    stage.later(60)
    await stage.run()
    assert stage.state() is State.SENT


async def test_a_mail_without_a_turn_comes_back_at_its_time_and_burns_no_attempt() -> None:
    """A deferral is not an attempt."""
    stage = Stage()
    stage.pace.later = [45.0]
    await stage.accept()
    await stage.run()
    assert (stage.state(), stage.row.attempts, stage.row.due) == (State.WAITING, 0, stage.now + 45)
    stage.later(45)
    await stage.run()
    assert stage.state() is State.SENT


async def test_a_mail_for_later_waits_for_its_time() -> None:
    """`send_at` is kept, also by a message that comes too early."""
    stage = Stage()
    await stage.accept(an_envelope(send_at="2027-02-01T00:00:00Z"))
    await stage.send.process(decode(stage.queues.texts(SENDING)[0]))
    assert stage.gateway.opened == []
    assert stage.state() is State.WAITING


async def test_a_mail_past_its_end_expires() -> None:
    """Nothing is sent after `expires_at`."""
    stage = Stage()
    await stage.accept()
    stage.later(86_500)
    await stage.run()
    assert stage.state() is State.EXPIRED
    assert stage.gateway.opened == []


async def test_what_the_settings_no_longer_allow_is_not_sent() -> None:
    """The rules are asked again when a mail is sent."""
    stage = Stage()
    await stage.accept()
    stage.config.senders.pop("alerts")
    await stage.run()
    assert stage.state() is State.PARKED
    assert stage.gateway.opened == []


async def test_a_payload_that_is_gone_parks_the_mail() -> None:
    """Named, parked, and no loop."""
    stage = Stage()
    await stage.accept()
    stage.ledger.payloads.clear()
    await stage.run()
    assert stage.state() is State.PARKED
    assert stage.reasons[-1] == "payload-gone"


async def test_an_order_comes_back_when_its_row_cannot_be_read() -> None:
    """Storage is out: the order is put again instead of failing towards the host's poison queue."""
    stage = Stage()
    await stage.accept()
    stage.ledger.fail_next(StorageUnavailable(WHY, 1.0))
    await stage.run()
    stage.later(60)
    await stage.run()
    assert stage.state() is State.SENT


async def test_an_order_for_nobody_is_dropped() -> None:
    """A row that retention removed, or a stranger's message."""
    stage = Stage()
    await stage.send.process(Order(id="f" * 32, ticket=1))
    assert stage.gateway.opened == []


@pytest.mark.parametrize("ticket", [1, 7])
def test_an_order_survives_the_queue(ticket: int) -> None:
    """What is written is what is read."""
    order = Order(id="a" * 32, ticket=ticket, traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01")
    assert decode(encode(order)) == order

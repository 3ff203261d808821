"""What the host gave up of the private queue: the mail is parked with the reason, if it still waits under that order."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from shared.attempt import Attempt
from shared.placing import SENDING
from shared.poison import GAVE_UP, HIDDEN, HOST_TRIES, ORIGIN_UNKNOWN, READ_TRIES, STRANGER
from shared.rules.mail_row import ROW_VERSION, MailRow
from shared.rules.orders import Order, decode, encode
from shared.rules.outcome import Reason
from shared.rules.states import State
from shared.rules.storage_names import poison_of
from shared.steer import Steer
from shared.telemetry import Metric
from tests.fakes.recorder import Recorder
from tests.stage import LEASE, Stage, an_envelope

WHY = Reason("down", "made up")
TRACE = f"00-{'1' * 32}-{'2' * 16}-01"
POISONED_ORDERS = poison_of(SENDING)
OUTBOX = poison_of("outbox")


async def poisoned_mail(stage: Stage, **fields: object) -> Order:
    """A mail whose order the host gave up: its message stands in the poison queue, as a new one."""
    await stage.accept(an_envelope(**fields))
    message = stage.queues.receive(SENDING)
    assert message is not None
    stage.queues.finish(message)
    order = replace_trace(decode(message.text))
    await stage.queues.put(POISONED_ORDERS, encode(order))
    return order


def replace_trace(order: Order) -> Order:
    """The order, in a trace that the test knows."""
    return Order(id=order.id, ticket=order.ticket, traceparent=TRACE)


def explained(stage: Stage) -> list[MailRow]:
    """The rows that were never a mail."""
    return [entry.row for entry in stage.ledger.rows.values() if not entry.row.sender]


def test_the_hosts_tries_are_those_of_host_json() -> None:
    """The texts name a number that the host really counts to."""
    host = json.loads((Path(__file__).parents[2] / "host.json").read_text())
    assert host["extensions"]["queues"]["maxDequeueCount"] == HOST_TRIES


async def test_a_waiting_mail_whose_order_was_given_up_is_parked() -> None:
    """The row says how often the host tried, in which trace, and what to do; the queue is empty."""
    stage = Stage()
    await poisoned_mail(stage)
    assert await stage.poison.run() == 1
    assert stage.state() is State.PARKED
    assert stage.reasons[-1] == GAVE_UP
    why = stage.row.why
    assert why is not None
    assert (str(HOST_TRIES) in why.text, "1" * 32 in why.text, "redrive" in why.fix) == (True, True, True)
    assert stage.row.attempt_trace == TRACE
    assert stage.queues.messages == []


async def test_a_parked_mail_can_be_put_back_and_leaves_once() -> None:
    """The bug is mended: same id, same Message-ID, and the order that was given up counts no more."""
    stage = Stage()
    order = await poisoned_mail(stage)
    await stage.poison.run()
    steer = Steer(stage.config, stage.ledger, stage.placer, stage.clock)
    await steer.redrive(stage.ledger.rows[order.id], who="ann", why="mended")
    await stage.send.process(order)
    assert stage.gateway.mails == []
    await stage.run()
    assert stage.state() is State.SENT


async def test_an_order_whose_row_does_not_know_its_ticket_yet_is_live() -> None:
    """The process died between the message and the row: both tickets are out of date afterwards."""
    stage = Stage()
    order = await poisoned_mail(stage)
    for message in stage.queues.messages:
        message.text = encode(Order(id=order.id, ticket=order.ticket + 1))
    await stage.poison.run()
    assert (stage.state(), stage.row.ticket) == (State.PARKED, order.ticket + 2)


async def test_an_outdated_order_is_dropped() -> None:
    """Its mail has another message."""
    stage = Stage()
    order = await poisoned_mail(stage)
    await stage.placer.again(stage.ledger.rows[order.id], stage.row, delay=0.0, now=stage.now)
    assert await stage.poison.run() == 1
    assert stage.state() is State.WAITING
    assert stage.queues.texts(POISONED_ORDERS) == []


@pytest.mark.parametrize("state", [State.SENT, State.CANCELLED, State.PARKED, State.UNKNOWN])
async def test_an_order_of_a_mail_that_does_not_wait_is_dropped(state: State) -> None:
    """What stands in the row is what became of the mail."""
    stage = Stage()
    order = await poisoned_mail(stage)
    stage.ledger.rows[order.id] = replace(stage.ledger.rows[order.id], row=replace(stage.row, state=state))
    before = stage.row
    assert await stage.poison.run() == 1
    assert stage.row == before


async def test_a_mail_that_is_being_sent_is_left_until_its_lease_is_over() -> None:
    """The attempt may live; afterwards nobody can know what came of it."""
    stage = Stage()
    order = await poisoned_mail(stage, on_unknown="hold")
    attempt = Attempt(stage.ledger.rows[order.id], ledger=stage.ledger, placer=stage.placer, times=stage.send.times)
    await attempt.claim()
    assert await stage.poison.run() == 0
    assert stage.state() is State.SENDING
    stage.later(max(LEASE, HIDDEN) + 1)
    assert await stage.poison.run() == 1
    assert (stage.state(), stage.reasons[-1]) == (State.UNKNOWN, "attempt-died")


async def test_a_newer_row_is_left_to_newer_instances() -> None:
    """The message stays in the queue, however often we look, and nobody is alarmed."""
    recorder = Recorder()
    stage = Stage(telemetry=recorder.telemetry)
    order = await poisoned_mail(stage)
    newer = replace(stage.row, version=ROW_VERSION + 1)
    stage.ledger.rows[order.id] = replace(stage.ledger.rows[order.id], row=newer)
    for _ in range(READ_TRIES + 2):
        assert await stage.poison.run() == 0
        stage.later(HIDDEN)
    assert stage.queues.texts(POISONED_ORDERS) == [encode(order)]
    assert not {Metric.FAULTS, Metric.POISONED} & {metric for metric, _ in recorder.counts}


async def test_a_newer_order_is_left_to_newer_instances() -> None:
    """It cannot be read, and says why."""
    stage = Stage()
    await stage.queues.put(POISONED_ORDERS, json.dumps({"v": 2, "id": "a" * 32, "ticket": 1, "more": True}))
    assert await stage.poison.run() == 0
    assert len(stage.queues.texts(POISONED_ORDERS)) == 1


async def test_an_order_of_a_row_that_cannot_be_read_is_dropped() -> None:
    """Nothing can be written onto it; the index leads a person there."""
    stage = Stage()
    order = await poisoned_mail(stage)
    stage.ledger.broken.add(order.id)
    assert await stage.poison.run() == 1
    assert order.id in stage.ledger.index


@pytest.mark.parametrize("text", [encode(Order(id="f" * 32, ticket=1, traceparent=TRACE)), "no order", "{}", "[]"])
async def test_a_message_of_the_private_queue_that_leads_nowhere_is_kept(text: str) -> None:
    """A stranger wrote it, or its mail is gone: a row of nobody keeps the body."""
    stage = Stage()
    await stage.queues.put(POISONED_ORDERS, text)
    assert await stage.poison.run() == 1
    (row,) = explained(stage)
    assert (row.state, row.provenance.caller, row.why and row.why.code) == (State.PARKED, STRANGER, ORIGIN_UNKNOWN)
    assert stage.ledger.payloads[row.id] == text.encode()
    assert stage.queues.messages == []

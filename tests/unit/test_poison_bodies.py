"""What the host gave up of the producers' queues: every body has a row that says why, once, and no message stops another."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from shared.intake import Arrival
from shared.poison import BATCHES, GAVE_UP, HIDDEN, HOST_TRIES, ORIGIN_UNKNOWN, READ_TRIES
from shared.rules import identifiers
from shared.rules.mail_row import MailRow
from shared.rules.outcome import Reason
from shared.rules.received import Received
from shared.rules.states import State
from shared.rules.storage_errors import StorageForbidden, StorageUnavailable
from shared.rules.storage_names import poison_of
from shared.steer import Steer
from shared.telemetry import Attr, Metric
from tests.fakes.recorder import Recorder
from tests.fakes.storage import TAKEN_AT_ONCE, FakeQueues
from tests.stage import Stage

WHY = Reason("down", "made up")
TRACE = f"00-{'1' * 32}-{'2' * 16}-01"
OUTBOX = poison_of("outbox")


async def poisoned_body(stage: Stage, body: Mapping[str, object] | str, queue: str = OUTBOX) -> None:
    """A body that the host gave up."""
    await stage.queues.put(queue, body if isinstance(body, str) else json.dumps(body))


def explained(stage: Stage) -> list[MailRow]:
    """The rows that were never a mail."""
    return [entry.row for entry in stage.ledger.rows.values() if not entry.row.sender]


@pytest.mark.parametrize("encoded", [False, True], ids=["raw JSON", "Base64"])
async def test_a_producers_message_is_found_under_its_own_key(encoded: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Parked, with the body as it came, the host's tries, and the trace that the body names."""
    recorder = Recorder()
    stage = Stage(telemetry=recorder.telemetry)
    body = json.dumps({"id": "order-7", "sender": "alerts", "traceparent": TRACE})
    text = base64.b64encode(body.encode()).decode() if encoded else body
    await poisoned_body(stage, text)
    assert await stage.poison.run() == 1
    row = stage.ledger.rows[identifiers.refused_id("producer:default", "order-7")].row
    assert (row.state, row.why and row.why.code, row.attempts) == (State.PARKED, GAVE_UP, HOST_TRIES)
    assert row.traceparent[3:35] == "1" * 32
    assert stage.ledger.payloads[row.id] == text.encode()
    assert stage.queues.messages == []
    assert (Metric.POISONED, {Attr.MESSAGING_DESTINATION: "outbox", Attr.OUTCOME: "kept"}) in recorder.counts


@pytest.mark.parametrize("body", ["", "junk", '{"sender": "alerts"}', '{"id": 7}', '{"id": "a\\nb"}', "\x7f" * 70])
async def test_a_body_that_names_no_sound_id_is_of_unknown_origin(body: str) -> None:
    """Its first message's id is lost, so nobody can know whether it was accepted before."""
    stage = Stage()
    await poisoned_body(stage, body)
    await stage.poison.run()
    (row,) = explained(stage)
    assert (row.why and row.why.code, row.provenance.caller) == (ORIGIN_UNKNOWN, "producer:default")
    assert stage.ledger.payloads[row.id] == body.encode()


async def test_every_producers_queue_is_read() -> None:
    """Each row names the producer whose queue it was."""
    stage = Stage()
    await poisoned_body(stage, {"id": "k"})
    await poisoned_body(stage, {"id": "k"}, poison_of("small-box"))
    assert await stage.poison.run() == 2
    assert {row.provenance.caller for row in explained(stage)} == {"producer:default", "producer:small"}


class Killed(BaseException):
    """SIGKILL: nobody catches it."""


@dataclass
class Deadly:
    """Queues whose first deletion is the end of the process."""

    queues: FakeQueues
    done: bool = False

    async def delete(self, queue: str, message: Received) -> None:
        """Die, once."""
        if not self.done:
            self.done = True
            raise Killed
        await self.queues.delete(queue, message)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the fake's own
        """Everything else works."""
        return getattr(self.queues, name)


@pytest.mark.parametrize("text", ['{"id": "k"}', "junk"])
async def test_killed_between_row_and_deletion_it_is_the_same_row_again(text: str) -> None:
    """The message comes back, and the row is there already."""
    stage = Stage(around=lambda port: Deadly(port) if isinstance(port, FakeQueues) else port)
    await poisoned_body(stage, text)
    with pytest.raises(Killed):
        await stage.poison.run()
    before = explained(stage)
    stage.later(HIDDEN)
    assert await stage.poison.run() == 1
    assert explained(stage) == before
    assert len(before) == 1
    assert stage.queues.messages == []


async def test_other_content_given_up_under_one_key_has_a_row_of_its_own() -> None:
    """Two bodies, two rows: neither hides the other."""
    stage = Stage()
    await poisoned_body(stage, {"id": "k", "text": "one"})
    await poisoned_body(stage, {"id": "k", "text": "two"})
    assert await stage.poison.run() == 2
    assert len(explained(stage)) == 2


async def test_a_body_that_was_parked_for_another_reason_has_a_second_row() -> None:
    """Unsound when it was first taken, and given up by the host when it came again: both are told."""
    stage = Stage()
    body = {"id": "k", "sender": "alerts"}
    await stage.intake.take(Arrival(stage.config.producers["default"], json.dumps(body).encode(), "m1"))
    await poisoned_body(stage, body)
    await stage.poison.run()
    assert sorted(row.why.code for row in explained(stage) if row.why) == [GAVE_UP, "invalid"]


async def test_queues_without_messages_cost_one_call_each() -> None:
    """Nearly every tick finds nothing."""
    stage = Stage()
    assert await stage.poison.run() == 0
    assert stage.queues.operations == ["take"] * (1 + len(stage.config.producers))


async def test_a_message_that_was_put_back_and_given_up_again_is_seen_again() -> None:
    """The row that says "put back" does not swallow what came of it."""
    stage = Stage()
    await poisoned_body(stage, {"id": "k"})
    await stage.poison.run()
    steer = Steer(stage.config, stage.ledger, stage.placer, stage.clock)
    (row,) = explained(stage)
    await steer.redrive(stage.ledger.rows[row.id], who="ann", why="again")
    await poisoned_body(stage, stage.ledger.payloads[row.id].decode())
    await stage.poison.run()
    assert sorted(row.state for row in explained(stage)) == [State.CANCELLED, State.PARKED]


async def test_storage_trouble_is_left_for_the_next_tick() -> None:
    """The row could not be written, so the message stays."""
    stage = Stage()
    await poisoned_body(stage, {"id": "k"})
    stage.ledger.fail_next(StorageUnavailable(WHY, 1.0))
    assert await stage.poison.run() == 0
    assert len(stage.queues.texts(OUTBOX)) == 1
    stage.later(HIDDEN)
    assert await stage.poison.run() == 1


async def test_a_queue_that_may_not_be_read_keeps_no_other_from_it() -> None:
    """A right is missing for the first one."""
    stage = Stage()
    await poisoned_body(stage, {"id": "k"})
    stage.queues.fail_next(StorageForbidden(WHY))
    assert await stage.poison.run() == 1


async def test_one_bad_message_never_blocks_the_others() -> None:
    """What meets trouble is left, everything behind it is written down."""
    stage = Stage()
    for n in range(TAKEN_AT_ONCE + 3):
        await poisoned_body(stage, {"id": f"k{n}"})
    stage.ledger.fail_next(StorageUnavailable(WHY, 1.0))
    assert await stage.poison.run() == TAKEN_AT_ONCE + 2
    stage.later(HIDDEN)
    assert await stage.poison.run() == 1


async def test_a_tick_does_a_bounded_number() -> None:
    """A flood takes several ticks, so that the tick's other work gets its turn."""
    stage = Stage()
    for n in range(BATCHES * TAKEN_AT_ONCE + 1):
        await poisoned_body(stage, f"junk {n}")
    assert await stage.poison.run() == BATCHES * TAKEN_AT_ONCE
    assert await stage.poison.run() == 1


async def test_a_body_that_kills_whoever_reads_it_is_kept_unread() -> None:
    """Taken often and never deleted: now nobody looks into it any more."""
    stage = Stage()
    await poisoned_body(stage, {"id": "deadly"})
    for _ in range(READ_TRIES):
        assert stage.queues.receive(OUTBOX, lease=HIDDEN)
        stage.later(HIDDEN)
    assert await stage.poison.run() == 1
    (row,) = explained(stage)
    assert (row.why and row.why.code) == ORIGIN_UNKNOWN
    assert stage.ledger.payloads[row.id] == b'{"id": "deadly"}'

"""A producer's queue: every body is accepted, kept with the reason why not, or put back."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from shared.intake import Arrival
from shared.rules import identifiers
from shared.rules.mail_row import ROW_VERSION, MailRow
from shared.rules.outcome import Reason
from shared.rules.states import State
from shared.rules.storage_errors import StorageUnavailable
from shared.telemetry import Attr, Metric
from tests.fakes.recorder import Recorder
from tests.stage import Stage

SOUND = {"sender": "alerts", "to": ["ops@contoso.test"], "subject": "Disk", "text": "full"}


def arrival(
    stage: Stage, body: bytes | Mapping[str, object], *, message_id: str = "m1", producer: str = "default"
) -> Arrival:
    """A message of a producer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Arrival(stage.config.producers[producer], raw, message_id)


def refusal_of(stage: Stage, key: str, producer: str = "default") -> MailRow:
    """The row that explains a refusal, under the producer's key."""
    return stage.ledger.rows[identifiers.refused_id(f"producer:{producer}", key)].row


def row_of(stage: Stage, key: str, producer: str = "default") -> MailRow:
    """The row that a producer finds under its key."""
    return stage.ledger.rows[identifiers.mail_id(f"producer:{producer}", key)].row


@pytest.mark.parametrize("encoded", [False, True], ids=["raw JSON", "Base64"])
async def test_an_envelope_is_accepted_raw_and_as_base64(encoded: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Both are read, whatever the producer's library writes."""
    stage = Stage()
    raw = json.dumps(SOUND).encode()
    await stage.intake.take(arrival(stage, base64.b64encode(raw) if encoded else raw))
    assert row_of(stage, "m1").state is State.WAITING


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"\xff\xfe",
        b'{"a": 1, "a": 2}',
        b'{"sender": "alerts"}',
        "\uffff\x01".encode(),
        b'{"x": "\\ud800"}',
    ],
)
async def test_an_unreadable_body_is_parked_with_reason_and_body(body: bytes) -> None:
    """The queue goes on, and a person finds the bytes as they came."""
    stage = Stage()
    await stage.intake.take(arrival(stage, body))
    row = refusal_of(stage, "m1")
    assert row.state is State.PARKED
    assert ":" in row.timeline[0].reason
    assert stage.ledger.payloads[row.id] == body
    assert not stage.queues.messages


async def test_a_fault_is_found_under_the_producers_own_id() -> None:
    """A producer that gave an id asks by it; the reason names the field and no value."""
    stage = Stage()
    await stage.intake.take(arrival(stage, {**SOUND, "id": "order-7", "subject": "a\r\nBcc: evil@x.test"}))
    reason = refusal_of(stage, "order-7").timeline[0].reason
    assert "/subject" in reason
    assert "evil" not in reason


async def test_a_sender_that_is_not_the_producers_is_refused_with_its_body_kept() -> None:
    """A row says why and keeps the body; nothing is put on any queue."""
    stage = Stage()
    body = {**SOUND, "sender": "reports"}
    await stage.intake.take(arrival(stage, body, producer="small"))
    row = refusal_of(stage, "m1", "small")
    assert row.state is State.REJECTED
    assert row.timeline[0].reason.startswith("sender-not-allowed: /sender")
    assert json.loads(stage.ledger.payloads[row.id]) == body
    assert stage.queues.messages == []


async def test_other_content_under_a_used_id_is_a_conflict_with_a_row_of_its_own() -> None:
    """The first mail is untouched; the second body is kept with the reason."""
    stage = Stage()
    await stage.intake.take(arrival(stage, {**SOUND, "id": "k"}))
    await stage.intake.take(arrival(stage, {**SOUND, "id": "k", "text": "other"}, message_id="m2"))
    assert row_of(stage, "k").state is State.WAITING
    assert refusal_of(stage, "m2").timeline[0].reason.startswith("key-conflict")


async def test_a_faulty_body_cannot_take_the_row_of_a_good_mail() -> None:
    """An unsound envelope under the id of a mail gets a row of its own."""
    stage = Stage()
    await stage.intake.take(arrival(stage, {**SOUND, "id": "k"}))
    await stage.intake.take(arrival(stage, {"id": "k", "sender": "alerts"}, message_id="m2"))
    assert row_of(stage, "k").state is State.WAITING
    assert refusal_of(stage, "k").state is State.PARKED


async def test_the_same_refused_message_twice_is_one_row() -> None:
    """A repetition by the host changes nothing."""
    stage = Stage()
    for _ in range(2):
        await stage.intake.take(arrival(stage, b"junk"))
    assert len(stage.ledger.rows) == 1


async def test_while_storage_is_out_the_body_goes_back_under_its_own_id() -> None:
    """Nothing is raised towards the host's poison handling, and the mail keeps its identity."""
    stage = Stage()
    stage.ledger.fail_next(StorageUnavailable(Reason("down", "made up"), 1.0))
    await stage.intake.take(arrival(stage, SOUND))
    (text,) = stage.queues.texts("outbox")
    assert json.loads(base64.b64decode(text))["id"] == "m1"
    await stage.intake.take(arrival(stage, text.encode(), message_id="m2"))
    assert row_of(stage, "m1").state is State.WAITING


async def test_two_different_bodies_refused_under_one_key_are_two_rows() -> None:
    """The second is kept under its message's own id."""
    stage = Stage()
    await stage.intake.take(arrival(stage, {"id": "k", "sender": "alerts"}))
    await stage.intake.take(arrival(stage, {"id": "k", "subject": "x"}, message_id="m2"))
    assert refusal_of(stage, "k").payload_hash != refusal_of(stage, "m2").payload_hash


async def test_a_mended_message_may_use_its_key_again() -> None:
    """What was refused was never a mail, so the key is still the producer's."""
    stage = Stage()
    await stage.intake.take(arrival(stage, {"id": "k", "sender": "alerts"}))
    await stage.intake.take(arrival(stage, {**SOUND, "id": "k"}, message_id="m2"))
    await stage.run()
    assert row_of(stage, "k").state is State.SENT


async def test_the_conflict_on_a_queue_is_counted_and_names_the_mail() -> None:
    """An operator who is alerted finds both contents."""
    recorder = Recorder()
    stage = Stage(telemetry=recorder.telemetry)
    await stage.intake.take(arrival(stage, {**SOUND, "id": "k"}))
    await stage.intake.take(arrival(stage, {**SOUND, "id": "k", "text": "other"}, message_id="m2"))
    refused = refusal_of(stage, "m2")
    assert refused.why is not None
    assert identifiers.mail_id("producer:default", "k") in refused.why.text
    assert (Metric.REFUSED, {Attr.DOOR: "queue", Attr.REASON: "key-conflict"}) in recorder.counts


async def test_a_body_that_cannot_be_kept_goes_back_too() -> None:
    """Storage is out while a refusal is written: the body comes again, and its row is found under the first message's id."""
    stage = Stage()
    stage.ledger.fail_next(StorageUnavailable(Reason("down", "made up"), 1.0))
    await stage.intake.take(arrival(stage, {"sender": "alerts"}))
    (text,) = stage.queues.texts("outbox")
    await stage.intake.take(arrival(stage, text.encode(), message_id="m2"))
    assert refusal_of(stage, "m1").state is State.PARKED


async def test_a_body_without_json_goes_back_as_it_came() -> None:
    """There is nothing to which an id could be added."""
    stage = Stage()
    stage.ledger.fail_next(StorageUnavailable(Reason("down", "made up"), 1.0))
    await stage.intake.take(arrival(stage, b"junk"))
    assert stage.queues.texts("outbox") == ["junk"]


async def test_a_large_body_goes_back_as_raw_json() -> None:
    """Base64 of it would not fit into a message."""
    stage = Stage()
    stage.ledger.fail_next(StorageUnavailable(Reason("down", "made up"), 1.0))
    await stage.intake.take(arrival(stage, {**SOUND, "text": "x" * 60_000}))
    (text,) = stage.queues.texts("outbox")
    assert json.loads(text)["id"] == "m1"


async def test_a_mail_of_a_newer_version_under_the_same_key_is_left_to_newer_instances() -> None:
    """Whether it is the same mail only they can tell: the body goes back."""
    stage = Stage()
    await stage.intake.take(arrival(stage, {**SOUND, "id": "k"}))
    (entry,) = stage.ledger.rows.values()
    stage.ledger.rows[entry.row.id] = replace(entry, row=replace(entry.row, version=ROW_VERSION + 1))
    await stage.intake.take(arrival(stage, {**SOUND, "id": "k"}, message_id="m2"))
    assert len(stage.queues.texts("outbox")) == 1


async def test_a_key_whose_row_was_edited_into_nonsense_parks_the_message() -> None:
    """Nobody can tell whether it is the same mail; the body is kept, with the column at fault."""
    stage = Stage()
    await stage.intake.take(arrival(stage, {**SOUND, "id": "k"}))
    stage.ledger.broken = set(stage.ledger.rows)
    await stage.intake.take(arrival(stage, {**SOUND, "id": "k"}, message_id="m2"))
    row = refusal_of(stage, "k")
    assert (row.state, row.why and row.why.code) == (State.PARKED, "row-broken")


async def test_a_refusal_under_a_key_whose_refusal_is_broken_is_kept_beside_it() -> None:
    """A row edited by hand keeps no other message from being explained."""
    stage = Stage()
    await stage.intake.take(arrival(stage, {"id": "k", "sender": "alerts"}))
    stage.ledger.broken = set(stage.ledger.rows)
    await stage.intake.take(arrival(stage, {"id": "k", "sender": "alerts"}, message_id="m2"))
    assert refusal_of(stage, "m2").state is State.PARKED

"""Messages that were never a mail, put back on their queue by hand."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from shared.intake import Arrival
from shared.poison import READ_TRIES
from shared.rules import callers, identifiers
from shared.rules.envelope import QUEUE_BODY_LIMIT
from shared.rules.mail_row import Entry, MailRow
from shared.rules.states import State
from shared.rules.storage_names import poison_of
from shared.steer import NotPossible, Steer
from tests.stage import Stage

SOUND = {"sender": "alerts", "to": ["ops@contoso.test"], "subject": "Disk", "text": "full"}
CALLER = "producer:default"


async def host(stage: Stage, queue: str = "outbox") -> None:
    """Let the host hand over what is visible on a producer's queue."""
    (producer,) = (one for one in stage.config.producers.values() if one.queue == queue)
    while (message := stage.queues.receive(queue)) is not None:
        await stage.intake.take(Arrival(producer, message.text.encode(), message.id))
        stage.queues.finish(message)


async def given_up(stage: Stage, body: Mapping[str, object] | str) -> Entry:
    """The entry of a body that the host gave up."""
    await stage.queues.put(poison_of("outbox"), body if isinstance(body, str) else json.dumps(body))
    await stage.poison.run()
    (entry,) = (entry for entry in stage.ledger.rows.values() if not entry.row.sender)
    return entry


async def put_back(stage: Stage, entry: Entry) -> MailRow:
    """What an operator does."""
    steer = Steer(stage.config, stage.ledger, stage.placer, stage.clock)
    return await steer.redrive(entry, who="ann", why="mended")


@pytest.mark.parametrize("encoded", [False, True], ids=["raw JSON", "Base64"])
async def test_a_message_that_was_given_up_becomes_the_mail_of_its_key(encoded: bool) -> None:  # noqa: FBT001 - a parameter
    """The row ends as cancelled and says who put it back; the mail has the producer's key."""
    stage = Stage()
    text = json.dumps({**SOUND, "id": "k"})
    row = await put_back(stage, await given_up(stage, base64.b64encode(text.encode()).decode() if encoded else text))
    assert (row.state, row.timeline[-1].reason) == (State.CANCELLED, "put back on its queue by ann: mended")
    await host(stage)
    await stage.run()
    assert stage.ledger.rows[identifiers.mail_id(CALLER, "k")].row.state is State.SENT


@pytest.mark.parametrize("key", [{}, {"id": None}], ids=["none", "null"])
async def test_a_message_without_an_id_put_back_twice_is_one_mail(key: dict[str, None]) -> None:
    """Both times it goes under the same id, made of the row's."""
    stage = Stage()
    entry = await given_up(stage, {**SOUND, **key})
    await put_back(stage, entry)
    stage.ledger.rows[entry.row.id] = entry
    stage.later(1)
    await put_back(stage, entry)
    assert len(set(stage.queues.texts("outbox"))) == 1
    await host(stage)
    await stage.run()
    assert len(stage.gateway.mails) == 1


async def test_killed_after_the_queue_and_before_the_row_it_can_be_done_again() -> None:
    """The message is on the queue already; the row still says that it waits for a person."""
    stage = Stage()
    entry = await given_up(stage, {**SOUND, "id": "k"})
    stage.ledger.rows[entry.row.id] = replace(entry, etag="changed")
    with pytest.raises(NotPossible, match="at this moment"):
        await put_back(stage, entry)
    await put_back(stage, stage.ledger.rows[entry.row.id])
    await host(stage)
    await stage.run()
    assert len(stage.gateway.mails) == 1


async def test_a_rejected_message_stays_rejected_with_a_note() -> None:
    """It was not allowed then; mail.toml has changed since, and the message becomes a mail."""
    stage = Stage()
    body = json.dumps({**SOUND, "id": "k", "sender": "reports"})
    await stage.queues.put("small-box", body)
    await host(stage, "small-box")
    (entry,) = stage.ledger.rows.values()
    small = stage.config.producers["small"]
    stage.config.producers["small"] = replace(small, senders=("alerts", "reports"))
    row = await put_back(stage, entry)
    assert (row.state, row.timeline[-1].reason) == (State.REJECTED, "put back on its queue by ann: mended")
    await host(stage, "small-box")
    await stage.run()
    assert stage.ledger.rows[identifiers.mail_id(callers.producer(small).name, "k")].row.state is State.SENT


async def test_a_message_that_is_refused_again_has_a_row_that_says_so() -> None:
    """Nothing was mended: the old row says that it was put back, another one why it came to nothing."""
    stage = Stage()
    await stage.queues.put("small-box", json.dumps({**SOUND, "id": "k", "sender": "reports"}))
    await host(stage, "small-box")
    (entry,) = stage.ledger.rows.values()
    await put_back(stage, entry)
    await host(stage, "small-box")
    assert [len(one.row.timeline) for one in stage.ledger.rows.values()] == [2, 1]


@pytest.mark.parametrize("body", ["junk", "", '{"a": 1, "a": 2}', "[1"])
async def test_a_body_that_is_no_json_cannot_be_put_back(body: str) -> None:
    """The reason is named, by a dry run as well, and nothing changes."""
    stage = Stage()
    entry = await given_up(stage, body)
    with pytest.raises(NotPossible, match="cannot be read"):
        await Steer(stage.config, stage.ledger, stage.placer, stage.clock).check_redrivable(entry.row)
    with pytest.raises(NotPossible, match="cannot be read"):
        await put_back(stage, entry)
    assert stage.ledger.rows[entry.row.id] == entry
    assert stage.queues.messages == []


async def test_a_body_that_is_gone_cannot_be_put_back() -> None:
    """Somebody removed it by hand."""
    stage = Stage()
    entry = await given_up(stage, SOUND)
    stage.ledger.payloads.clear()
    with pytest.raises(NotPossible, match="not in storage any more"):
        await put_back(stage, entry)


async def test_a_conflict_of_keys_cannot_be_put_back() -> None:
    """It would meet the same mail again."""
    stage = Stage()
    for text in ("one", "two"):
        await stage.queues.put("outbox", json.dumps({**SOUND, "id": "k", "text": text}))
    await host(stage)
    (entry,) = (entry for entry in stage.ledger.rows.values() if not entry.row.sender)
    with pytest.raises(NotPossible, match="new id"):
        await put_back(stage, entry)


async def test_a_message_of_nobody_cannot_be_put_back() -> None:
    """An order that leads nowhere, or a producer that mail.toml does not have any more."""
    stage = Stage()
    entry = await given_up(stage, SOUND)
    del stage.config.producers["default"]
    with pytest.raises(NotPossible, match="no producer"):
        await put_back(stage, entry)


async def test_a_message_that_does_not_fit_with_an_id_is_named() -> None:
    """The queue's limit: nothing changes."""
    stage = Stage()
    body = {**SOUND, "text": ""}
    body["text"] = "x" * (QUEUE_BODY_LIMIT - len(json.dumps(body, separators=(",", ":"))))
    entry = await given_up(stage, json.dumps(body, separators=(",", ":")))
    with pytest.raises(NotPossible, match="does not fit"):
        await put_back(stage, entry)
    assert stage.ledger.rows[entry.row.id] == entry


async def test_a_body_that_was_kept_unread_goes_back_under_its_own_id() -> None:
    """Nobody looked into it before; the operator does."""
    stage = Stage()
    await stage.queues.put(poison_of("outbox"), json.dumps({**SOUND, "id": "k"}))
    stage.queues.messages[0].dequeue_count = READ_TRIES
    await stage.poison.run()
    (entry,) = stage.ledger.rows.values()
    await put_back(stage, entry)
    await host(stage)
    assert identifiers.mail_id(CALLER, "k") in stage.ledger.rows

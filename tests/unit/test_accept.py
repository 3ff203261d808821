"""The way in: what must be true before a producer is told yes."""

from dataclasses import replace

import pytest

from shared.accept import KeyConflict, Origin
from shared.placing import SENDING
from shared.rules import callers, identifiers
from shared.rules.callers import Caller
from shared.rules.mail import decode as decode_mail
from shared.rules.orders import decode
from shared.rules.outcome import Reason
from shared.rules.problems import Refused
from shared.rules.states import State
from shared.rules.storage_errors import StorageUnavailable
from tests.stage import Stage, a_config, an_envelope


async def test_an_accepted_mail_rests_in_storage_and_in_the_queue() -> None:
    """Payload, row and order exist when `accept` returns; the order holds neither address nor subject."""
    stage = Stage()
    accepted = await stage.accept()
    order = decode(stage.queues.texts(SENDING)[0])
    assert (order.id, order.ticket) == (accepted.row.id, 1)
    assert decode_mail(stage.ledger.payloads[order.id]).subject == "Disk"
    assert "ops@contoso.test" not in repr(stage.ledger.rows)


async def test_the_row_knows_where_the_mail_came_from() -> None:
    """Caller, door, rule, version: enough to answer who sent this and why it was allowed."""
    stage = Stage()
    row = (await stage.accept()).row
    assert (row.provenance.caller, row.provenance.door, row.provenance.rule) == (
        "producer:default",
        "queue",
        "producers.default",
    )
    assert row.provenance.package_version == "test"
    assert row.message_id == f"<{row.id}@contoso.test>"


async def test_the_same_envelope_twice_is_one_mail() -> None:
    """A producer's repetition finds the mail; the message that it places anew replaces the first one."""
    stage = Stage()
    first = await stage.accept()
    second = await stage.accept()
    assert (second.row.id, second.new) == (first.row.id, False)
    assert stage.live_messages == 1
    await stage.run()
    assert len(stage.gateway.mails) == 1


async def test_a_repetition_of_a_mail_on_its_way_places_nothing() -> None:
    """What is sent is not put into the queue again."""
    stage = Stage()
    await stage.accept()
    await stage.run()
    await stage.accept()
    assert stage.live_messages == 0


async def test_the_same_key_with_other_content_is_a_conflict() -> None:
    """Refused, and the first mail goes on unchanged."""
    stage = Stage()
    await stage.accept()
    with pytest.raises(KeyConflict):
        await stage.accept(an_envelope(subject="Other"))
    await stage.run()
    assert b"Subject: Disk" in stage.gateway.mails[0].content


async def test_two_callers_with_one_key_are_two_mails() -> None:
    """Keys are each caller's own."""
    stage = Stage()
    await stage.accept()
    small = callers.producer(stage.config.producers["small"])
    await stage.accept_story(an_envelope(), small, Origin(door="queue", key="k1"))
    assert len(stage.ledger.rows) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sender": "reports"}, "sender-not-allowed"),
        ({"sender": "nobody"}, "sender-not-allowed"),
        ({"to": ["x@elsewhere.test"]}, "recipient-not-allowed"),
        ({"bcc": ["x@elsewhere.test"]}, "recipient-not-allowed"),
        ({"subject": None, "text": None, "template": "no-such"}, "unknown-template"),
        ({"subject": None, "text": None, "template": "note", "data": {}}, "template-refused"),
        ({"attachments": [{"name": "a.txt", "content_type": "text/plain", "blob": "a.txt"}]}, "attachment-missing"),
    ],
)
async def test_what_is_not_allowed_changes_nothing(changes: dict[str, object], code: str) -> None:
    """One clear error, and neither a row nor a message."""
    stage = Stage()
    caller = Caller("producer:small", frozenset({"alerts"}), "producers.small")
    with pytest.raises(Refused) as refused:
        await stage.accept_story(an_envelope(**changes), caller, Origin(door="queue", key="k"))
    assert refused.value.code == code
    assert not stage.ledger.rows
    assert not stage.queues.messages


async def test_a_template_is_filled_when_the_mail_is_accepted() -> None:
    """The stored mail holds the text itself, and the row names the template and its hash."""
    stage = Stage()
    row = (await stage.accept(an_envelope(subject=None, text=None, template="note", data={"title": "Hello"}))).row
    mail = decode_mail(stage.ledger.payloads[row.id])
    assert (mail.subject, mail.text) == ("Note: Hello", "Hello\n")
    assert (row.provenance.template, len(row.provenance.template_hash)) == ("note", 64)


async def test_a_blob_is_pinned_when_accepted_and_refused_if_changed_before_sending() -> None:
    """What was accepted is what is sent, or nothing is."""
    stage = Stage()
    blobs = stage.attachments.blobs
    blobs["producer-default/report.csv"] = b"a,b"
    await stage.accept(an_envelope(attachments=[{"name": "r.csv", "content_type": "text/csv", "blob": "report.csv"}]))
    blobs["producer-default/report.csv"] = b"c,d"
    await stage.run()
    assert stage.state() is State.REJECTED
    assert stage.row.timeline[-1].reason == "attachment-changed"


async def test_a_crash_between_row_and_queue_is_mended_by_the_repetition() -> None:
    """The queue did not answer, so the producer was not told yes; its repetition places the order."""
    stage = Stage()
    stage.queues.fail_next(StorageUnavailable(Reason("down", "made up"), 1.0))
    with pytest.raises(StorageUnavailable):
        await stage.accept()
    assert stage.queues.texts(SENDING) == []
    await stage.accept()
    await stage.run()
    assert stage.state() is State.SENT


async def test_the_trace_of_the_accepting_door_is_kept() -> None:
    """Without a tracer the row has no trace, and nothing fails."""
    stage = Stage()
    assert (await stage.accept()).row.traceparent == ""


async def test_the_earlier_end_wins() -> None:
    """An absolute `expires_at` cuts the sender's `expires_after`, and never lengthens it."""
    stage = Stage()
    soon = (await stage.accept(an_envelope(expires_at="2027-01-15T09:00:00Z"))).row
    late = (await stage.accept(an_envelope(expires_at="2027-06-01T00:00:00Z"), key="k2")).row
    assert (soon.ends_at, soon.deadline) == (1_800_003_600.0, 1_800_003_600.0)
    assert (late.ends_at, late.expires_at) == (stage.now + 86_400, stage.now + 86_400)


async def test_a_queue_s_mail_that_comes_too_late_is_accepted_all_the_same() -> None:
    """It was in time when its producer wrote it; it expires, and an operator can still put it back."""
    stage = Stage()
    assert (await stage.accept(an_envelope(expires_at="2027-01-15T07:00:00Z"))).row.ends_at < stage.now


def test_a_caller_sees_its_own_mails_and_those_of_producers_that_list_it() -> None:
    """`readers` opens a producer's mails to a caller; nothing else does."""
    config = a_config()
    assert callers.visible_to(config, callers.function_key(config)) == ("function-key", "producer:default")
    small = callers.producer(config.producers["small"])
    assert callers.visible_to(config, small) == ("producer:small",)


def test_an_envelope_cannot_loosen_what_happens_when_nobody_knows() -> None:
    """`hold` wins over `resend`, whoever says it."""
    config = a_config()
    stage = Stage(config=replace(config))
    assert stage.config.senders["reports"].on_unknown.value == "hold"
    assert identifiers.mail_id("a", "b") != identifiers.mail_id("ab", "")

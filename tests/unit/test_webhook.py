"""Webhooks: a verified event becomes a mail or a digest's item; anything else changes nothing."""

import json
from dataclasses import replace

import pytest

from shared.accept import KeyConflict
from shared.event_sources import NotReady
from shared.rules import identifiers
from shared.rules.config import Condition, RecipientMap
from shared.rules.deliveries import DeliveryRefused
from shared.rules.problems import Refused
from shared.rules.rendering import TemplateSources
from shared.telemetry import Attr, Metric
from shared.webhook import Malformed, Taken
from tests.fakes.recorder import Recorder
from tests.stage import Stage
from tests.unit.webhook_rig import a_stage, github, signed, story, unaccepted, webhook

EVENT = json.dumps({"type": "disk.full", "timestamp": "2027-01-15T08:00:00Z", "data": {"host": "db-1"}}).encode()
TO_MAIL = webhook()
TO_DIGEST = replace(webhook(), template=None, digest="hourly")


@pytest.fixture
def stage() -> Stage:
    """A stage with a template for events and one for digests."""
    return a_stage()


async def test_a_verified_event_becomes_one_mail(stage: Stage) -> None:
    """The event's id is the key, so that the sender's repetition is the same mail."""
    for _ in range(2):
        assert await story(stage).receive(TO_MAIL, signed(EVENT), trace="") == Taken(("msg_1",))
    await stage.run()
    assert len(stage.gateway.mails) == 1
    assert b"Subject: demo: disk.full" in stage.gateway.mails[0].content
    assert stage.row.id == identifiers.mail_id("webhook:demo", "msg_1")


async def test_a_repetition_after_settings_changed_is_the_same_mail(stage: Stage) -> None:
    """The key stands for the event, and not for what the settings make of it."""
    await story(stage).receive(TO_MAIL, signed(EVENT), trace="")
    moved = replace(TO_MAIL, to=("other@contoso.test",))
    assert await story(stage).receive(moved, signed(EVENT), trace="") == Taken(("msg_1",))
    assert len(stage.ledger.rows) == 1


async def test_an_event_can_go_into_a_digest(stage: Stage) -> None:
    """No mail until the window's end."""
    webhooks = story(stage)
    await webhooks.receive(TO_DIGEST, signed(EVENT), trace="")
    assert not stage.ledger.rows
    stage.later(3600)
    assert await webhooks.digests.close_due() == 1


async def test_a_wrong_signature_changes_nothing(stage: Stage) -> None:
    """One changed byte, and there is neither row nor item."""
    delivery = replace(signed(EVENT), body=EVENT + b" ")
    with pytest.raises(DeliveryRefused):
        await story(stage).receive(TO_MAIL, delivery, trace="")
    assert not stage.ledger.rows


@pytest.mark.parametrize("names", [("MISSING",), ("SHORT",), ("UNRESOLVED",), ("DEMO", "SHORT")])
async def test_without_a_sound_secret_nothing_is_accepted(stage: Stage, names: tuple[str, ...]) -> None:
    """Every secret of the list must be sound; the error names the setting and not its value."""
    with pytest.raises(NotReady) as missing:
        await story(stage).receive(webhook(secrets=names), signed(EVENT), trace="")
    assert missing.value.setting in names
    assert "whsec_" not in str(missing.value)
    assert "vault.test" not in str(missing.value)


async def test_an_event_that_is_no_object_is_malformed(stage: Stage) -> None:
    """Signed, but nothing that a template could show."""
    with pytest.raises(Malformed):
        await story(stage).receive(TO_MAIL, signed(b"[]"), trace="")


async def test_another_event_under_a_used_id_is_a_conflict_with_a_row(stage: Stage) -> None:
    """The first event's mail is untouched; the row names it."""
    webhooks = story(stage)
    await webhooks.receive(TO_MAIL, signed(EVENT), trace="")
    other = EVENT.replace(b"db-1", b"db-2")
    with pytest.raises(KeyConflict):
        await webhooks.receive(TO_MAIL, signed(other), trace="")
    assert unaccepted(stage) == ["key-conflict"]


async def test_an_event_that_its_template_cannot_show_is_kept_with_the_reason(stage: Stage) -> None:
    """Its sender is told no, and an operator finds what it was."""
    body = json.dumps({"type": "disk.full"}).encode()
    with pytest.raises(Refused):
        await story(stage).receive(TO_MAIL, signed(body), trace="")
    assert unaccepted(stage) == ["template-refused"]
    kept = await stage.ledger.open(identifiers.refused_id("webhook:demo", "msg_1"))
    assert kept is not None
    assert kept.payload == body


async def test_events_that_match_nothing_are_taken_and_counted(stage: Stage) -> None:
    """Their sender has done nothing wrong, and is not to repeat them."""
    recorder = Recorder()
    stage.telemetry = recorder.telemetry
    choosy = replace(TO_MAIL, when=(Condition("type", ("disk.dead",)),))
    assert await story(stage).receive(choosy, signed(EVENT), trace="") == Taken(("msg_1",), passed_by=1)
    assert not stage.ledger.rows
    assert (Metric.PASSED_BY, {Attr.DOOR: "webhook"}) in recorder.counts


async def test_the_map_says_who_gets_the_mail(stage: Stage) -> None:
    """Whom it names; the table's own recipients where it names nobody; nobody where there are none."""
    who = RecipientMap("data.host", {"db-1": "dba@contoso.test"})
    for number, (hook, expected) in enumerate(
        [
            (replace(TO_MAIL, recipients=who), ["dba@contoso.test"]),
            (replace(TO_MAIL, recipients=RecipientMap("data.host", {"db-2": "x@contoso.test"})), ["ops@contoso.test"]),
            (replace(TO_MAIL, to=(), recipients=RecipientMap("data.host", {"db-2": "x@contoso.test"})), []),
        ]
    ):
        await story(stage).receive(hook, signed(EVENT, event_id=f"msg-{number}"), trace="")
        await stage.run()
        assert [address for mail in stage.gateway.mails for address in mail.recipients] == expected
        stage.gateway.mails.clear()


async def test_a_body_that_github_sent_before_is_the_same_event(stage: Stage) -> None:
    """The delivery's id is not signed, so that a thousand captured copies are one mail."""
    stage.templates.templates["note"] = TemplateSources(subject="{{ event.action }}", text="x")
    hook = webhook("github", secrets=("PLAIN",))
    for number in range(1000):
        await story(stage).receive(hook, github(b'{"action": "opened"}', delivery=f"d-{number}"), trace="")
    assert len(stage.ledger.rows) == 1


async def test_a_ping_is_answered_and_nothing_else(stage: Stage) -> None:
    """GitHub asks whether somebody is there."""
    ping = github(b'{"zen": "Keep it logically awesome.", "hook_id": 1, "hook": {"type": "Repository"}}')
    assert await story(stage).receive(webhook("github", secrets=("PLAIN",)), ping, trace="") == Taken(())
    assert not stage.ledger.rows

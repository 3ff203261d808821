"""Webhooks: a verified event becomes a mail or a digest's item; anything else changes nothing."""

import base64
import hashlib
import hmac
import json

import pytest

from shared.accept import KeyConflict
from shared.digest import Digests
from shared.rules import identifiers
from shared.rules.config import Digest, Webhook
from shared.rules.problems import Refused
from shared.rules.rendering import TemplateSources
from shared.rules.states import State
from shared.rules.webhook_signatures import SignatureRefused
from shared.webhook import NotReady, Webhooks
from tests.fakes.digests import FakeDigestBuffer
from tests.stage import START, Stage

KEY = b"0123456789abcdef0123456789abcdef"
SECRETS = {"DEMO": "whsec_" + base64.b64encode(KEY).decode(), "SHORT": "whsec_" + base64.b64encode(b"short").decode()}
TO_MAIL = Webhook("demo", "standard-webhooks", ("DEMO",), "alerts", ("ops@contoso.test",), template="note")
TO_DIGEST = Webhook("demo", "standard-webhooks", ("DEMO",), "alerts", ("ops@contoso.test",), digest="hourly")
HOURLY = Digest("hourly", "0 * * * *", "UTC", "reports", ("ops@contoso.test",), "titles")


def story(stage: Stage, webhook: Webhook) -> Webhooks:
    """The story of one webhook on the stage's fakes."""
    digests = Digests({"hourly": HOURLY}, FakeDigestBuffer(), stage.accept_story, stage.telemetry, stage.clock)
    return Webhooks({"demo": webhook}, stage.accept_story, digests, stage.unaccepted, secret, stage.clock)


def secret(name: str) -> str:
    """An app setting's value."""
    return SECRETS.get(name, "")


def signed(body: bytes, *, event_id: str = "msg_1", at: int = int(START)) -> dict[str, str]:
    """Headers as the Standard Webhooks specification makes them."""
    mac = hmac.new(KEY, f"{event_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }


EVENT = json.dumps({"type": "disk.full", "timestamp": "2027-01-15T08:00:00Z", "data": {"host": "db-1"}}).encode()


EVENT_NOTE = TemplateSources(subject="{{ webhook }}: {{ event.type }}", text="{{ event.data.host }}")
TITLES = TemplateSources(subject="{{ count }} items", text="{% for item in items %}{{ item.type }}\n{% endfor %}")


@pytest.fixture
def stage() -> Stage:
    """A stage with a template for events and one for digests."""
    stage = Stage()
    stage.templates.templates = {"note": EVENT_NOTE, "titles": TITLES}
    return stage


async def test_a_verified_event_becomes_one_mail(stage: Stage) -> None:
    """The event's id is the key, so that the sender's repetition is the same mail."""
    for _ in range(2):
        await story(stage, TO_MAIL).receive(TO_MAIL, signed(EVENT), EVENT, trace="")
    await stage.run()
    assert len(stage.gateway.mails) == 1
    assert b"Subject: demo: disk.full" in stage.gateway.mails[0].content
    assert stage.row.id == identifiers.mail_id("webhook:demo", "msg_1")


async def test_an_event_can_go_into_a_digest(stage: Stage) -> None:
    """No mail until the window's end."""
    webhooks = story(stage, TO_DIGEST)
    await webhooks.receive(TO_DIGEST, signed(EVENT), EVENT, trace="")
    assert not stage.ledger.rows
    stage.later(3600)
    assert await webhooks.digests.close_due() == 1


async def test_a_wrong_signature_changes_nothing(stage: Stage) -> None:
    """One changed byte, and there is neither row nor item."""
    with pytest.raises(SignatureRefused):
        await story(stage, TO_MAIL).receive(TO_MAIL, signed(EVENT), EVENT + b" ", trace="")
    assert not stage.ledger.rows


@pytest.mark.parametrize("names", [("MISSING",), ("SHORT",), ("DEMO", "SHORT")])
async def test_without_a_sound_secret_nothing_is_accepted(stage: Stage, names: tuple[str, ...]) -> None:
    """Every secret of the list must be sound; the error names the setting and not its value."""
    webhook = Webhook("demo", "standard-webhooks", names, "alerts", ("ops@contoso.test",), template="note")
    with pytest.raises(NotReady) as missing:
        await story(stage, webhook).receive(webhook, signed(EVENT), EVENT, trace="")
    assert missing.value.setting in names
    assert "whsec_" not in str(missing.value)


async def test_an_event_that_is_no_object_is_refused(stage: Stage) -> None:
    """Signed, but nothing that a template could show."""
    with pytest.raises(Refused):
        await story(stage, TO_MAIL).receive(TO_MAIL, signed(b"[]"), b"[]", trace="")


async def test_another_event_under_a_used_id_is_a_conflict_with_a_row(stage: Stage) -> None:
    """The first event's mail is untouched; the row names it."""
    webhooks = story(stage, TO_MAIL)
    await webhooks.receive(TO_MAIL, signed(EVENT), EVENT, trace="")
    other = EVENT.replace(b"db-1", b"db-2")
    with pytest.raises(KeyConflict):
        await webhooks.receive(TO_MAIL, signed(other), other, trace="")
    states = {entry.row.provenance.door: entry.row.state for entry in stage.ledger.rows.values() if not entry.row.sender}
    assert states == {"webhook": State.REJECTED}

"""What attackers try at the doors, and for each defence the same attempt with another rule in its place, where it succeeds.

Bearer tokens have their own corpus in `test_bearer_tokens.py`, links in `test_event_text.py`.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import msgspec
import pytest

from shared.accept import KeyConflict, Origin
from shared.event_sources import NotReady, SourceRules
from shared.quota import Quota
from shared.rules import callers
from shared.rules.callers import Caller
from shared.rules.config import CallerSetting, MailConfig, RecipientMap
from shared.rules.deliveries import Delivery, DeliveryRefused, Event
from shared.rules.envelope import Attachment, Envelope
from shared.rules.event_conditions import value_at
from shared.rules.event_grid import grid_events
from shared.rules.github_events import github_event
from shared.rules.problems import Refused
from shared.submission import Submission
from shared.webhook import EventRules, Taken
from tests.fakes.quotas import FakeQuotas
from tests.stage import Stage
from tests.unit.test_webhook_batches import GRID, TOPIC, grid_event
from tests.unit.webhook_rig import SECRETS, a_stage, bearing, github, signed, story, webhook

COPIES = 50
TITLED = webhook("github", secrets=("PLAIN",), template="title")


@pytest.fixture
def stage() -> Stage:
    """A stage with templates."""
    return a_stage()


async def replay(stage: Stage, rules: SourceRules) -> int:
    """One captured body, again and again under fresh delivery ids; gives how many mails that makes."""
    body = b'{"title": "pay here"}'
    for number in range(COPIES):
        await story(stage, sources=rules).receive(TITLED, github(body, delivery=f"fresh-{number}"), trace="")
    return len(stage.ledger.rows)


def keyed_by_delivery(delivery: Delivery, secrets: Sequence[str]) -> Event | None:
    """GitHub's events by the id that nobody signed."""
    event = github_event(delivery, secrets)
    return event and replace(event, key=delivery.header("x-github-delivery"))


async def test_a_captured_body_under_fresh_ids_is_one_mail(stage: Stage) -> None:
    """The body is what was signed."""
    assert await replay(stage, SourceRules()) == 1


async def test_without_that_rule_each_copy_is_a_mail(stage: Stage) -> None:
    """So the rule is what holds."""
    assert await replay(stage, SourceRules(github=keyed_by_delivery)) == COPIES


def by_any_secret(delivery: Delivery, secrets: Sequence[str]) -> Event | None:
    """GitHub's events by whatever text stands in the setting."""
    macs = [f"sha256={hmac.new(text.encode(), delivery.body, hashlib.sha256).hexdigest()}" for text in secrets]
    assert delivery.header("x-hub-signature-256") in macs
    return Event("k", "c", json.loads(delivery.body))


async def test_the_text_of_an_unresolved_reference_is_no_secret(stage: Stage) -> None:
    """Whoever has read the app's templates knows that text, and could sign with it."""
    hook = webhook("github", secrets=("UNRESOLVED",), template="title")
    forged = github(b'{"title": "x"}', secret=SECRETS["UNRESOLVED"])
    with pytest.raises(NotReady):
        await story(stage).receive(hook, forged, trace="")
    lenient = SourceRules(trouble=lambda _text, _verify: None, github=by_any_secret)
    assert isinstance(await story(stage, sources=lenient).receive(hook, forged, trace=""), Taken)


async def test_another_subscriptions_topic_is_refused(stage: Stage) -> None:
    """Any subscription of the tenant gets a genuine token from Event Grid."""
    foreign = bearing("grid", json.dumps([grid_event(topic=TOPIC + "2")]).encode(), aeg_event_type="Notification")
    hook = replace(GRID, template="grid")
    with pytest.raises(DeliveryRefused) as refused:
        await story(stage).receive(hook, foreign, trace="")
    assert refused.value.code == "foreign-topic"
    anybody = SourceRules(grid=lambda delivery, _sources: grid_events(delivery, (TOPIC + "2",)))
    assert isinstance(await story(stage, sources=anybody).receive(hook, foreign, trace=""), Taken)


async def test_another_applications_genuine_token_is_refused(stage: Stage) -> None:
    """Any application of the tenant can get a token for ours."""
    body = json.dumps([grid_event()]).encode()
    hook = replace(GRID, template="grid")
    for rules, passes in ((SourceRules(), False), (SourceRules(is_grid=lambda _application, _roles: True), True)):
        webhooks = story(stage, sources=rules)
        delivery = bearing("other-app", body, aeg_event_type="Notification")
        if passes:
            assert isinstance(await webhooks.receive(hook, delivery, trace=""), Taken)
            continue
        with pytest.raises(DeliveryRefused) as refused:
            await webhooks.receive(hook, delivery, trace="")
        assert refused.value.code == "not-event-grid"


def as_they_are(value: object, _links: Sequence[str]) -> object:
    """Texts as strangers wrote them."""
    return value


@pytest.mark.parametrize("title", ["Pay at https://evil.test/x", "invoice\u202efdp.exe", "pass\u200bword"])
async def test_a_phishing_title_is_shown_and_not_obeyed(stage: Stage, title: str) -> None:
    """Links lead nowhere, and what cannot be seen can be seen."""
    body = json.dumps({"title": title}).encode()
    await story(stage).receive(TITLED, github(body), trace="")
    await stage.run()
    assert title not in subject(stage)
    stage.gateway.mails.clear()
    await story(stage, events=EventRules(tamed=as_they_are)).receive(TITLED, github(body + b" "), trace="")
    await stage.run()
    assert title in subject(stage)


def subject(stage: Stage) -> str:
    """What the one mail that was sent says in its subject and text, decoded."""
    (mail,) = stage.gateway.mails
    return str(message_from_bytes(mail.content, policy=policy.default)["Subject"])


def as_addressed(mapping: RecipientMap, event: Mapping[str, Any]) -> tuple[str, ...]:
    """Whoever the event names: an open relay."""
    return (str(value_at(event, mapping.field)),)


async def test_an_address_in_an_event_is_never_written_to(stage: Stage) -> None:
    """Only through the map, exactly."""
    hook = replace(TITLED, recipients=RecipientMap("login", {"octocat": "octo@contoso.test"}))
    body = json.dumps({"title": "t", "login": "victim@contoso.test"}).encode()
    await story(stage).receive(hook, github(body), trace="")
    await stage.run()
    assert stage.gateway.mails.pop().recipients == ("ops@contoso.test",)
    await story(stage, events=EventRules(recipients=as_addressed)).receive(hook, github(body + b" "), trace="")
    await stage.run()
    assert stage.gateway.mails.pop().recipients == ("victim@contoso.test",)


SHOP, OTHER = (callers.application(CallerSetting(name, ("alerts",), application=name)) for name in ("shop", "other"))
SOUND = {"sender": "alerts", "to": ["ops@contoso.test"], "subject": "s", "text": "t"}


async def test_another_callers_key_is_another_mail(stage: Stage) -> None:
    """Nobody can take an id before its owner does; with one name for both it would be a conflict."""
    origin = Origin("http", "order-1")
    squat = await stage.accept_story(an_envelope("squat"), OTHER, origin)
    real = await stage.accept_story(an_envelope("real"), SHOP, origin)
    assert squat.row.id != real.row.id
    with pytest.raises(KeyConflict):
        await stage.accept_story(an_envelope("squat"), replace(OTHER, name=SHOP.name), origin)


def an_envelope(text: str) -> Envelope:
    """A sound envelope."""
    return Envelope(sender="alerts", to=("ops@contoso.test",), subject="s", text=text)


BLOBS = [
    "../caller-other/x",
    "a/../../b",
    "%2e%2e/x",
    "x?snapshot=2026",
    "https://evil.test/x",
    "/x",
    "a//b",
    "a\\b",
    "a/./b",
]


@pytest.mark.parametrize("name", BLOBS)
async def test_a_blobs_name_cannot_leave_its_callers_folder(stage: Stage, name: str) -> None:
    """Refused before storage is asked; a reader that lets it pass would ask."""
    attachment = {"name": "x", "content_type": "text/plain", "blob": name}
    body = json.dumps({**SOUND, "attachments": [attachment]}).encode()
    with pytest.raises(Refused):
        await submission(stage).take(body, SHOP, Origin("http", "k", ""))
    assert stage.attachments.pinned == []
    with pytest.raises(Refused):
        await replace(submission(stage), read=unread).take(body, SHOP, Origin("http", "k", ""))
    assert stage.attachments.pinned == [("caller-shop", name)]


def unread(value: object) -> Envelope:
    """An envelope whose attachments nobody looked at."""
    assert isinstance(value, dict)
    attachments = tuple(msgspec.convert(one, Attachment) for one in value.pop("attachments"))
    return Envelope(sender="alerts", to=("ops@contoso.test",), subject="s", text="t", attachments=attachments)


def submission(stage: Stage) -> Submission:
    """The story of the HTTP API."""
    return Submission(stage.accept_story, stage.unaccepted, Quota(FakeQuotas(), stage.ledger, stage.clock))


def anything(_config: MailConfig, _caller: Caller, _envelope: Envelope) -> str:
    """Everybody may do everything."""
    return "none"


async def test_a_mail_to_somebody_who_is_not_allowed_is_refused(stage: Stage) -> None:
    """The rule of the sender; without it the mail is taken."""
    body = json.dumps({**SOUND, "to": ["victim@evil.test"]}).encode()
    with pytest.raises(Refused):
        await submission(stage).take(body, SHOP, Origin("http", "k", ""))
    open_relay = replace(stage.accept_story, allow=anything)
    story_without = replace(submission(stage), accept=open_relay)
    assert (await story_without.take(body, SHOP, Origin("http", "k", ""))).mails


@pytest.mark.parametrize("age", [-301, 301])
async def test_an_old_or_early_signature_is_refused(stage: Stage, age: int) -> None:
    """Five minutes either way; the same delivery in time is taken."""
    hook = webhook(template="title")
    body = b'{"title": "t"}'
    with pytest.raises(DeliveryRefused):
        await story(stage).receive(hook, signed(body, at=int(stage.now) - age), trace="")
    assert isinstance(await story(stage).receive(hook, signed(body), trace=""), Taken)


async def test_a_secret_that_is_not_configured_proves_nothing(stage: Stage) -> None:
    """However well the delivery is signed with it."""
    with pytest.raises(DeliveryRefused):
        await story(stage).receive(TITLED, github(b'{"title": "t"}', secret="another secret of good length"), trace="")
    assert not stage.ledger.rows

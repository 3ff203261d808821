"""The webhooks' story on a stage's fakes, and deliveries as their senders make them."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from shared.digest import Digests
from shared.event_sources import EventSources, SourceRules
from shared.rules.bearer_refusals import TokenRefused
from shared.rules.bearer_tokens import Claims
from shared.rules.config import Digest, Webhook
from shared.rules.deliveries import Delivery
from shared.rules.rendering import TemplateSources
from shared.rules.states import State
from shared.webhook import EventRules, Webhooks
from tests.fakes.digests import FakeDigestBuffer
from tests.stage import START, Stage

KEY = b"0123456789abcdef0123456789abcdef"
PLAIN = "It's a Secret to Everybody"
SECRETS = {
    "DEMO": "whsec_" + base64.b64encode(KEY).decode(),
    "SHORT": "whsec_" + base64.b64encode(b"short").decode(),
    "PLAIN": PLAIN,
    "UNRESOLVED": "@Microsoft.KeyVault(SecretUri=https://vault.test/secrets/hook)",
}
OPS = ("ops@contoso.test",)
HOURLY = Digest("hourly", "0 * * * *", "UTC", "reports", OPS, "titles")
EVENT_NOTE = TemplateSources(subject="{{ webhook }}: {{ event.type }}", text="{{ event.data.host }}")
TITLES = TemplateSources(subject="{{ count }} items", text="{% for item in items %}{{ item.type }}\n{% endfor %}")
GRID_NOTE = TemplateSources(subject="{{ event.subject }}", text="{{ event.eventType }}")
TITLE = TemplateSources(subject="{{ event.title }}", text="{{ event.title }}")

GRID = Claims(application="4962773b-9cdb-44cf-a8bf-237846a00ab7", object="o", roles=frozenset())


class FakeClaims:
    """What a bearer token says, by the token; others are refused."""

    def __init__(self) -> None:
        self.tokens: dict[str, Claims] = {"grid": GRID, "other-app": Claims("other", "o", frozenset())}
        self.audiences: list[str] = []

    async def __call__(self, headers: Mapping[str, str], audience: str) -> Claims:
        """As the story's port says."""
        self.audiences.append(audience)
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise TokenRefused("signature")
        return self.tokens[token]


def a_stage() -> Stage:
    """A stage with templates for events and for digests."""
    stage = Stage()
    stage.templates.templates = {"note": EVENT_NOTE, "titles": TITLES, "title": TITLE, "grid": GRID_NOTE}
    return stage


def story(stage: Stage, *, sources: SourceRules | None = None, events: EventRules | None = None) -> Webhooks:
    """The story; some of its pure rules may be others."""
    digests = Digests({"hourly": HOURLY}, FakeDigestBuffer(), stage.accept_story, stage.telemetry, stage.clock)
    reading = EventSources(lambda name: SECRETS.get(name, ""), FakeClaims(), stage.clock, sources or SourceRules())
    return Webhooks({}, reading, stage.accept_story, digests, stage.unaccepted, stage.telemetry, events or EventRules())


def webhook(verify: str = "standard-webhooks", *, secrets: tuple[str, ...] = ("DEMO",), template: str = "note") -> Webhook:
    """A webhook that sends a mail for each event."""
    return Webhook("demo", verify, secrets, "alerts", OPS, template=template)


def signed(body: bytes, *, event_id: str = "msg_1", at: int = int(START), key: bytes = KEY) -> Delivery:
    """As the Standard Webhooks specification makes it."""
    mac = hmac.new(key, f"{event_id}.{at}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
        "content-type": "application/json",
    }
    return Delivery(headers, body)


def github(body: bytes, *, delivery: str = "d-1", secret: str = PLAIN) -> Delivery:
    """As GitHub makes it."""
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={mac}", "x-github-delivery": delivery, "content-type": "application/json"}
    return Delivery(headers, body)


def bearing(token: str, body: bytes, **headers: str) -> Delivery:
    """With a bearer token."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery({"authorization": f"Bearer {token}", "content-type": "application/json", **named}, body)


def unaccepted(stage: Stage) -> list[str]:
    """Codes of the reasons of everything that never became a mail."""
    rows = [entry.row for entry in stage.ledger.rows.values() if not entry.row.sender]
    assert all(row.state is State.REJECTED and row.provenance.door == "webhook" for row in rows)
    assert all(row.why is not None for row in rows)
    return [row.why.code for row in rows if row.why]

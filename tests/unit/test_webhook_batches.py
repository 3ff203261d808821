"""CloudEvents and Event Grid: batches, modes, and whose events they are."""

import json
from dataclasses import replace

import pytest

from shared.rules.bearer_refusals import TokenRefused
from shared.rules.deliveries import Delivery, DeliveryRefused
from shared.rules.event_grid import Deleted, Validation
from shared.rules.rendering import TemplateSources
from shared.webhook import Malformed, Taken
from tests.stage import Stage
from tests.unit.webhook_rig import PLAIN, a_stage, bearing, signed, story, unaccepted, webhook


@pytest.fixture
def stage() -> Stage:
    """A stage with a template for events and one for digests."""
    return a_stage()


def an_event(number: int, **changes: object) -> dict[str, object]:
    """A CloudEvent."""
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "/disks",
        "type": "disk.full",
        "data": {"host": f"db-{number}"},
        **changes,
    }


CLOUD = webhook("cloudevents", secrets=("PLAIN",))


async def test_a_batch_is_one_mail_for_each_event(stage: Stage) -> None:
    """Repeated as a whole it is the same mails."""
    body = json.dumps([an_event(1), an_event(2)]).encode()
    batch = bearing(PLAIN, body, content_type="application/cloudevents-batch+json")
    for _ in range(2):
        taken = await story(stage).receive(CLOUD, batch, trace="")
        assert isinstance(taken, Taken)
        assert len(taken.keys) == 2
    assert len(stage.ledger.rows) == 2


async def test_one_bad_event_of_a_batch_does_not_hold_up_the_others(stage: Stage) -> None:
    """Its sender would repeat the batch for ever; the row says what is wrong."""
    body = json.dumps([an_event(1, data={}), an_event(2)]).encode()
    batch = bearing(PLAIN, body, content_type="application/cloudevents-batch+json")
    assert isinstance(await story(stage).receive(CLOUD, batch, trace=""), Taken)
    assert unaccepted(stage) == ["template-refused"]
    assert len(stage.ledger.rows) == 2


async def test_binary_mode_needs_a_proof_that_covers_the_headers(stage: Stage) -> None:
    """A signature covers the body alone, and the event would be in the headers."""
    said = {"ce_specversion": "1.0", "ce_id": "e-1", "ce_source": "/disks", "ce_type": "disk.full"}
    body = b'{"host": "db-1"}'
    assert isinstance(await story(stage).receive(CLOUD, bearing(PLAIN, body, **said), trace=""), Taken)
    headers = {name.replace("_", "-"): value for name, value in said.items()}
    proof = signed(body, key=PLAIN.encode())
    with pytest.raises(Malformed):
        await story(stage).receive(CLOUD, Delivery({**proof.headers, **headers}, body), trace="")


async def test_sources_that_are_not_listed_are_refused(stage: Stage) -> None:
    """Whoever has the secret may still only tell of its own."""
    body = json.dumps(an_event(1)).encode()
    delivery = bearing(PLAIN, body, content_type="application/cloudevents+json")
    with pytest.raises(DeliveryRefused) as foreign:
        await story(stage).receive(replace(CLOUD, sources=("/other",)), delivery, trace="")
    assert foreign.value.code == "foreign-source"


TOPIC = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/files"
GRID = replace(webhook("event-grid", secrets=()), audience="api://keyless-mail", sources=(TOPIC,))


def grid_event(**changes: object) -> dict[str, object]:
    """An event of Event Grid's own schema."""
    return {
        "id": "g-1",
        "topic": TOPIC,
        "subject": "/blobs/a",
        "eventType": "Microsoft.Storage.BlobCreated",
        "eventTime": "2026-11-30T08:00:00Z",
        "data": {"host": "db-1"},
        "dataVersion": "",
        "metadataVersion": "1",
        **changes,
    }


async def test_event_grids_subscription_is_confirmed_by_its_code(stage: Stage) -> None:
    """For a listed topic and with its token; the notice of its end is taken."""
    event = grid_event(eventType="Microsoft.EventGrid.SubscriptionValidationEvent", data={"validationCode": "C0DE"})
    asked = bearing("grid", json.dumps([event]).encode(), aeg_event_type="SubscriptionValidation")
    assert await story(stage).receive(GRID, asked, trace="") == Validation("C0DE")
    event = grid_event(eventType="Microsoft.EventGrid.SubscriptionDeletedEvent")
    told = bearing("grid", json.dumps([event]).encode(), aeg_event_type="SubscriptionDeletion")
    assert await story(stage).receive(GRID, told, trace="") == Deleted()
    assert not stage.ledger.rows


async def test_event_grids_events_need_its_token(stage: Stage) -> None:
    """A genuine token of another application of the tenant proves nothing."""
    stage.templates.templates["note"] = TemplateSources(subject="{{ event.subject }}", text="x")
    webhooks = story(stage)
    body = json.dumps([grid_event()]).encode()
    assert isinstance(await webhooks.receive(GRID, bearing("grid", body, aeg_event_type="Notification"), trace=""), Taken)
    with pytest.raises(TokenRefused):
        await webhooks.receive(GRID, bearing("forged", body, aeg_event_type="Notification"), trace="")
    assert len(stage.ledger.rows) == 1

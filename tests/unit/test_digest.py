"""Digests: items in, one mail per window out."""

import json

import pytest

from shared.digest import Digests
from shared.rules.config import Digest
from shared.rules.mail import decode
from shared.rules.outcome import Reason
from shared.rules.rendering import TemplateSources
from shared.rules.storage_errors import StorageUnavailable
from tests.fakes.digests import FakeDigestBuffer
from tests.stage import Stage

HOURLY = Digest("daily-ops", "0 * * * *", "Europe/London", "reports", ("ops@contoso.test",), "note")
HOUR = 3600.0


def digests(stage: Stage, digest: Digest = HOURLY) -> Digests:
    """The story on the stage's fakes."""
    return Digests({digest.name: digest}, FakeDigestBuffer(), stage.accept_story, stage.telemetry, stage.clock)


TITLES = TemplateSources(subject="{{ count }} items", text="{% for item in items %}{{ item.title }}\n{% endfor %}")


@pytest.fixture
def stage() -> Stage:
    """A stage whose template lists the items' titles."""
    stage = Stage()
    stage.templates.templates["note"] = TITLES
    return stage


def item(title: str) -> bytes:
    """A JSON item."""
    return json.dumps({"title": title}).encode()


async def test_items_of_one_window_are_one_mail_in_the_order_of_their_arrival(stage: Stage) -> None:
    """Nothing goes out before the window's end, then everything at once."""
    story = digests(stage)
    end = await story.add(HOURLY, "1", item("first"))
    await story.add(HOURLY, "2", item("second"))
    assert await story.close_due() == 0
    stage.later(end - stage.now)
    assert await story.close_due() == 1
    await stage.run()
    mail = decode(stage.ledger.payloads[stage.row.id])
    assert (mail.subject, mail.text) == ("2 items", "first\nsecond\n")


async def test_the_same_item_twice_is_one_item(stage: Stage) -> None:
    """A sender's repetition does not show twice."""
    story = digests(stage)
    for _ in range(2):
        await story.add(HOURLY, "1", item("once"))
    stage.later(HOUR)
    await story.close_due()
    assert decode(stage.ledger.payloads[stage.row.id]).subject == "1 items"


async def test_a_tick_that_died_half_way_makes_the_same_mail_again(stage: Stage) -> None:
    """Accepting failed after the window was closed; the next tick accepts it, once."""
    story = digests(stage)
    await story.add(HOURLY, "1", item("kept"))
    stage.later(HOUR)
    stage.ledger.fail_next(StorageUnavailable(Reason("down", "made up"), 1.0))
    with pytest.raises(StorageUnavailable):
        await story.close_due()
    for _ in range(2):
        await story.close_due()
    assert len(stage.ledger.rows) == 1


async def test_an_item_after_the_end_goes_into_the_next_window(stage: Stage) -> None:
    """A closed window takes nothing more, also where this instance's clock is behind."""
    story = digests(stage)
    end = await story.add(HOURLY, "1", item("early"))
    behind = stage.now
    stage.now = end
    await story.close_due()
    stage.now = behind
    assert await story.add(HOURLY, "2", item("late")) == end + HOUR


async def test_without_items_there_is_no_mail(stage: Stage) -> None:
    """An empty window says nothing."""
    stage.later(HOUR)
    assert await digests(stage).close_due() == 0
    assert not stage.ledger.rows


async def test_items_of_a_digest_that_was_taken_out_of_the_file_stay(stage: Stage) -> None:
    """They wait until the digest comes back."""
    story = digests(stage)
    await story.add(HOURLY, "1", item("kept"))
    stage.later(HOUR)
    story.digests.clear()
    assert await story.close_due() == 0
    story.digests["daily-ops"] = HOURLY
    assert await story.close_due() == 1


async def test_a_digest_that_cannot_be_made_does_not_hold_up_the_others(stage: Stage) -> None:
    """Its items stay for when the template is mended; the next digest goes out."""
    stage.templates.templates["broken"] = TemplateSources(subject="{{ missing }}", text="x")
    broken = Digest("broken", "0 * * * *", "UTC", "reports", ("ops@contoso.test",), "broken")
    story = Digests(
        {"broken": broken, "daily-ops": HOURLY}, FakeDigestBuffer(), stage.accept_story, stage.telemetry, stage.clock
    )
    await story.add(broken, "1", item("kept"))
    await story.add(HOURLY, "1", item("goes"))
    stage.later(HOUR)
    assert await story.close_due() == 1
    stage.templates.templates["broken"] = TITLES
    assert await story.close_due() == 1

"""What every set of queues keeps: the fake of the story tests and the adapter on a real Azurite."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import pytest

from shared.edges.queues import LARGEST, LONGEST_DELAY, Queues
from shared.rules.storage_errors import NotStorable, StorageUnavailable
from tests.contract.conftest import Cloud
from tests.fakes.storage import FakeQueues

NOW = 1_795_471_200.0


class QueuesPort(Protocol):
    """The port as the stories declare it."""

    async def put(self, queue: str, text: str, *, delay: float = 0.0) -> None:
        """Put a message that shows itself after `delay` seconds."""

    async def peek_visible(self, queue: str) -> bool:
        """Whether a message could be taken now."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The port, and the host's side of it: `take` gives the texts of the messages that are visible now."""

    queues: QueuesPort
    take: Callable[[str], Awaitable[list[str]]]


@pytest.fixture(params=["fake", "azurite"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Queues and the host that reads them."""
    if request.param == "fake":
        fake = FakeQueues(lambda: NOW)
        return Bench(fake, lambda queue: _take_from_fake(fake, queue))
    cloud: Cloud = request.getfixturevalue("cloud")
    return Bench(Queues(cloud.account), lambda queue: _take_from_cloud(cloud, queue))


async def _take_from_fake(fake: FakeQueues, queue: str) -> list[str]:
    taken = []
    while message := fake.receive(queue, NOW):
        taken.append(message.text)
    return taken


async def _take_from_cloud(cloud: Cloud, queue: str) -> list[str]:
    return [message.content async for message in cloud.account.queue(queue).receive_messages()]


@pytest.mark.parametrize("text", ["eyJ2IjoxfQ==", '{"a": "<b>&\'"}', "ä\u2028\U0001f4e7", "\t\n", ""])
async def test_text_arrives_as_it_was_put(bench: Bench, text: str) -> None:
    """A message's text is neither encoded nor changed."""
    await bench.queues.put("sending", text)
    assert await bench.take("sending") == [text]


async def test_a_queue_is_made_at_first_use(bench: Bench) -> None:
    """Putting into a queue that does not exist makes it; queues do not mix."""
    await bench.queues.put("outbox-poison", "a")
    await bench.queues.put("sending", "b")
    assert await bench.take("outbox-poison") == ["a"]
    assert await bench.take("sending") == ["b"]


async def test_a_delayed_message_is_hidden(bench: Bench) -> None:
    """A message with a delay can neither be taken nor seen before its time."""
    await bench.queues.put("sending", "later", delay=60.0)
    assert await bench.queues.peek_visible("sending") is False
    assert await bench.take("sending") == []


async def test_a_visible_message_is_seen_and_stays(bench: Bench) -> None:
    """Looking takes nothing away."""
    await bench.queues.put("sending", "now")
    assert await bench.queues.peek_visible("sending") is True
    assert await bench.take("sending") == ["now"]
    assert await bench.queues.peek_visible("sending") is False


async def test_a_missing_queue_shows_nothing(bench: Bench) -> None:
    """A queue that was never used has no visible message."""
    assert await bench.queues.peek_visible("sending") is False


@pytest.mark.parametrize("delay", [LONGEST_DELAY, LONGEST_DELAY + 1.0, 10**9])
async def test_no_delay_is_too_long(bench: Bench, delay: float) -> None:
    """A delay beyond seven days is cut, not refused."""
    await bench.queues.put("sending", "much later", delay=delay)
    assert await bench.queues.peek_visible("sending") is False


async def test_a_past_time_is_now(bench: Bench) -> None:
    """A negative delay is none."""
    await bench.queues.put("sending", "overdue", delay=-5.0)
    assert await bench.queues.peek_visible("sending") is True


async def test_the_largest_message_fits(bench: Bench) -> None:
    """64 KiB are stored, one byte more is refused for good."""
    await bench.queues.put("sending", "x" * LARGEST)
    with pytest.raises(NotStorable):
        await bench.queues.put("sending", "x" * (LARGEST + 1))
    with pytest.raises(NotStorable):
        await bench.queues.put("sending", "ä" * (LARGEST // 2 + 1))
    assert await bench.take("sending") == ["x" * LARGEST]


@pytest.mark.parametrize("text", ["\u0000", "a\u0007", "\uffff", "\ud800", "\ufffe"])
async def test_what_xml_cannot_hold_is_refused(bench: Bench, text: str) -> None:
    """One such message would spoil every batch that the host takes."""
    with pytest.raises(NotStorable):
        await bench.queues.put("sending", text)
    assert await bench.queues.peek_visible("sending") is False


async def test_messages_live_for_ever(cloud: Cloud) -> None:
    """A message has no end: a mail may wait for a person longer than a week."""
    await Queues(cloud.account).put("sending", "a")
    message = await cloud.account.queue("sending").receive_message()
    assert message is not None
    assert message.expires_on is not None
    assert message.expires_on.year == 9999


async def test_a_delay_rounds_up(cloud: Cloud) -> None:
    """A fraction of a second becomes a whole one: no message is early."""
    await Queues(cloud.account).put("sending", "a", delay=0.01)
    assert await Queues(cloud.account).peek_visible("sending") is False


async def test_a_put_is_one_operation(cloud: Cloud) -> None:
    """Apart from the first use of a queue, a put and a peek are one storage operation each."""
    queues = Queues(cloud.account)
    await queues.put("sending", "a")
    assert cloud.operations() == {"queue.put-message": 2, "queue.create": 1}
    await queues.put("sending", "b")
    await queues.peek_visible("sending")
    assert cloud.operations() == {"queue.put-message": 1, "queue.peek-messages": 1}


async def test_a_queue_that_is_being_deleted_is_unavailable(cloud: Cloud) -> None:
    """Azure keeps a deleted queue's name for half a minute; that is said, and when to come back."""
    cloud.arm("status", "queue.put-message", status=409, code="QueueBeingDeleted")
    with pytest.raises(StorageUnavailable) as caught:
        await Queues(cloud.account).put("sending", "a")
    assert caught.value.retry_after >= 30

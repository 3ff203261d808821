"""What every set of queues keeps: the fake of the story tests and the adapter on a real Azurite."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from shared import ports
from shared.edges.queues import LARGEST, LONGEST_DELAY, Queues
from shared.rules.received import Received
from shared.rules.storage_errors import NotStorable, StorageUnavailable
from tests.contract.conftest import Cloud
from tests.fakes.storage import FakeQueues

NOW = 1_795_471_200.0


@dataclass(frozen=True, slots=True)
class Bench:
    """The port, and the host's side of it: `take` gives the texts of the messages that are visible now."""

    queues: ports.Queues
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


async def test_a_taken_message_is_hidden_and_counted(bench: Bench) -> None:
    """Nobody else gets it for a while, and it says how often it was taken."""
    await bench.queues.put("outbox-poison", "a")
    (taken,) = await bench.queues.take("outbox-poison", hidden=60.0)
    assert (taken.text, taken.dequeue_count) == ("a", 1)
    assert await bench.queues.peek_visible("outbox-poison") is False
    assert await bench.queues.take("outbox-poison", hidden=60.0) == []


async def test_a_deleted_message_is_gone(bench: Bench) -> None:
    """Deleting it again is fine; the others stay."""
    for text in ("a", "b"):
        await bench.queues.put("outbox-poison", text)
    first, _second = await bench.queues.take("outbox-poison", hidden=60.0)
    await bench.queues.put("outbox-poison", "c")
    for _ in range(2):
        await bench.queues.delete("outbox-poison", first)
    assert await bench.take("outbox-poison") == ["c"]


async def test_no_more_are_taken_at_once_than_storage_gives(bench: Bench) -> None:
    """32 in one call; the rest with the next."""
    for n in range(34):
        await bench.queues.put("outbox-poison", f"{n}")
    first = await bench.queues.take("outbox-poison", hidden=60.0)
    rest = await bench.queues.take("outbox-poison", hidden=60.0)
    assert [message.text for message in (*first, *rest)] == [f"{n}" for n in range(34)]
    assert (len(first), len(rest)) == (32, 2)


@pytest.mark.parametrize("text", ["eyJ2IjoxfQ==", '{"a": "<b>&\'"}', "ä\u2028\U0001f4e7", "\t\n", ""])
async def test_a_text_is_taken_as_it_was_put(bench: Bench, text: str) -> None:
    """Neither decoded nor changed, so that it can be put back."""
    await bench.queues.put("outbox-poison", text)
    (taken,) = await bench.queues.take("outbox-poison", hidden=60.0)
    assert taken.text == text


async def test_a_missing_queue_gives_nothing(bench: Bench) -> None:
    """No message can be taken from it, and one that was taken before is gone."""
    assert await bench.queues.take("outbox-poison", hidden=60.0) == []
    await bench.queues.delete("outbox-poison", Received("an-id", "a-receipt", "a", 1))
    assert await bench.queues.peek_visible("outbox-poison") is False


async def test_a_message_that_somebody_else_has_by_now_stays(cloud: Cloud) -> None:
    """Hidden too short, it was taken again: the first taker's deletion does nothing."""
    queues = Queues(cloud.account)
    await queues.put("outbox-poison", "a")
    (first,) = await queues.take("outbox-poison", hidden=60.0)
    shown = await cloud.account.queue("outbox-poison").update_message(first.id, first.receipt, visibility_timeout=0)
    assert shown.pop_receipt != first.receipt
    (second,) = await queues.take("outbox-poison", hidden=60.0)
    assert second.dequeue_count == 2
    await queues.delete("outbox-poison", first)
    properties = await cloud.account.queue("outbox-poison").get_queue_properties()
    assert properties.approximate_message_count == 1
    await queues.delete("outbox-poison", second)
    properties = await cloud.account.queue("outbox-poison").get_queue_properties()
    assert properties.approximate_message_count == 0


@pytest.mark.parametrize("hidden", [0.0, 0.2, 10.0**9])
async def test_no_time_is_too_short_or_too_long_to_hide(bench: Bench, hidden: float) -> None:
    """A second is the least, seven days are the most that storage knows."""
    await bench.queues.put("outbox-poison", "a")
    assert len(await bench.queues.take("outbox-poison", hidden=hidden)) == 1


async def test_a_take_and_a_delete_are_one_operation_each(cloud: Cloud) -> None:
    """Also where the queue has fewer messages than could be taken."""
    queues = Queues(cloud.account)
    await queues.put("outbox-poison", "a")
    cloud.operations()
    (taken,) = await queues.take("outbox-poison", hidden=60.0)
    await queues.delete("outbox-poison", taken)
    assert await queues.take("outbox-poison", hidden=60.0) == []
    assert cloud.operations() == {"queue.get-messages": 2, "queue.delete-message": 1}


async def test_a_deletion_whose_answer_was_lost_is_done(cloud: Cloud) -> None:
    """The repetition finds the message gone."""
    queues = Queues(cloud.account)
    await queues.put("outbox-poison", "a")
    (taken,) = await queues.take("outbox-poison", hidden=60.0)
    cloud.arm("lose-answer", "queue.delete-message")
    await queues.delete("outbox-poison", taken)
    properties = await cloud.account.queue("outbox-poison").get_queue_properties()
    assert properties.approximate_message_count == 0


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

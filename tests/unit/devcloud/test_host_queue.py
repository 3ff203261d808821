"""Queue triggers of the stand-in host against a real Azurite."""

import asyncio
import base64
import time
import typing
from pathlib import Path

import azure.functions as func

from devcloud.host.message_cycle import poison_queue_name
from tests.unit.devcloud.host_fixtures import Queues, eventually, running


def app_calling(handler: typing.Callable[[func.QueueMessage], None]) -> func.FunctionApp:
    """Return an app whose only function hands every message of queue `jobs` to `handler`."""
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name="%Q%-jobs", connection="SampleStorage")
    def work(message: func.QueueMessage) -> None:
        handler(message)

    return app


async def test_a_message_arrives_with_its_metadata_and_is_deleted(queues: Queues, tmp_path: Path) -> None:
    """The function gets the library's own message type with count and times, then the message is gone."""
    seen: list[func.QueueMessage] = []
    await queues.create("jobs")
    sent = await queues["jobs"].send_message('{"täglich": "😀 <&>"}')
    async with running(app_calling(seen.append), tmp_path, queues):
        await queues.emptied("jobs")
    (message,) = seen
    assert type(message).__module__ == "azure.functions.queue"
    assert (message.id, message.dequeue_count) == (sent.id, 1)
    assert message.get_json() == {"täglich": "😀 <&>"}
    assert message.insertion_time == sent.inserted_on
    assert message.expiration_time == sent.expires_on
    assert message.time_next_visible is not None
    assert message.pop_receipt


async def test_a_failing_message_is_tried_up_to_the_maximum_and_then_poisoned(queues: Queues, tmp_path: Path) -> None:
    """With maxDequeueCount 3 the function is called three times; the copy holds the body only and is a new message."""
    counts: list[int | None] = []

    def fail(message: func.QueueMessage) -> None:
        counts.append(message.dequeue_count)
        raise SystemExit("not even this ends the host")

    await queues.create("jobs")
    sent = await queues["jobs"].send_message("the body")
    async with running(app_calling(fail), tmp_path, queues, queue_options={"maxDequeueCount": 3}):
        poison = await queues.received("jobs-poison")
        await queues.emptied("jobs")
    assert counts == [1, 2, 3]
    assert (poison.content, poison.dequeue_count) == ("the body", 1)
    assert poison.id != sent.id
    assert poison.expires_on is not None
    assert poison.inserted_on is not None
    assert (poison.expires_on - poison.inserted_on).days == 7


async def test_a_message_above_the_maximum_is_poisoned_without_a_call(queues: Queues, tmp_path: Path) -> None:
    """A message that others have dequeued too often goes to the poison queue and the function never sees it."""
    seen: list[object] = []
    await queues.create("jobs")
    await queues["jobs"].send_message("often taken")
    for _ in range(2):
        message = await queues.received("jobs")
        assert message.pop_receipt is not None
        await queues["jobs"].update_message(message.id, message.pop_receipt, visibility_timeout=0)
    async with running(app_calling(seen.append), tmp_path, queues, queue_options={"maxDequeueCount": 2}):
        assert await queues.taken("jobs-poison") == "often taken"
    assert seen == []


async def test_an_undecodable_message_is_poisoned_unchanged_without_a_call(queues: Queues, tmp_path: Path) -> None:
    """With Base64 as encoding a body that is none goes to the poison queue as it is; a good one reaches the function."""
    seen: list[bytes] = []
    await queues.create("jobs")
    await queues["jobs"].send_message("no base64 at all!")
    await queues["jobs"].send_message(base64.b64encode(b"good").decode())
    app = app_calling(lambda message: seen.append(message.get_body()))
    async with running(app, tmp_path, queues, queue_options={"messageEncoding": "base64"}):
        assert await queues.taken("jobs-poison") == "no base64 at all!"
        await queues.emptied("jobs")
    assert seen == [b"good"]


async def test_the_visibility_timeout_delays_the_retry(queues: Queues, tmp_path: Path) -> None:
    """After a failure the message stays hidden for visibilityTimeout, neither shorter nor for its whole lease."""
    calls: list[float] = []

    def fail_once(message: func.QueueMessage) -> None:
        calls.append(time.monotonic())
        if message.dequeue_count == 1:
            raise ValueError(message.id)

    await queues.create("jobs")
    await queues["jobs"].send_message("x")
    async with running(app_calling(fail_once), tmp_path, queues, queue_options={"visibilityTimeout": "00:00:01"}):
        await queues.emptied("jobs")
    assert len(calls) == 2
    assert calls[1] - calls[0] >= 0.9


async def test_no_more_than_batch_size_and_threshold_run_at_once(queues: Queues, tmp_path: Path) -> None:
    """With batchSize 2 and newBatchThreshold 1 at most three messages are in flight, and all are processed."""
    running_now, peak = 0, 0
    done: set[str | None] = set()
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name="%Q%-jobs", connection="SampleStorage")
    async def work(message: func.QueueMessage) -> None:
        nonlocal running_now, peak
        running_now += 1
        peak = max(peak, running_now)
        await asyncio.sleep(0.05)
        running_now -= 1
        done.add(message.id)

    await queues.create("jobs")
    for number in range(9):
        await queues["jobs"].send_message(str(number))
    async with running(app, tmp_path, queues, queue_options={"batchSize": 2, "newBatchThreshold": 1}):
        await queues.emptied("jobs")
    assert len(done) == 9
    assert 2 <= peak <= 3


async def test_a_missing_queue_is_an_empty_one(queues: Queues, tmp_path: Path) -> None:
    """The host does not create the queue of a trigger; it begins to work when the queue appears."""
    seen: list[object] = []
    async with running(app_calling(seen.append), tmp_path, queues):
        await queues.create("jobs")
        await queues["jobs"].send_message("late")
        await queues.emptied("jobs")
    assert len(seen) == 1


async def test_a_message_that_xml_cannot_hold_does_not_stop_the_others(queues: Queues, tmp_path: Path) -> None:
    """Azurite fails every batch that holds U+FFFF; later messages still reach the function, one by one."""
    seen: list[str] = []
    app = app_calling(lambda message: seen.append(message.get_body().decode()))
    await queues.create("jobs")
    await queues["jobs"].send_message("bad \uffff body")
    async with running(app, tmp_path, queues, knobs={"lease": 1.0}):
        await queues["jobs"].send_message("first")
        await queues["jobs"].send_message("second")

        async def both() -> bool:
            return {"first", "second"} <= set(seen)

        await eventually(both)


def test_a_poison_queue_has_no_poison_queue() -> None:
    """A name that ends in -poison, or would become too long, gets none."""
    assert poison_queue_name("mail") == "mail-poison"
    assert poison_queue_name("mail-poison") is None
    assert poison_queue_name("q" * 56) == "q" * 56 + "-poison"
    assert poison_queue_name("q" * 57) is None

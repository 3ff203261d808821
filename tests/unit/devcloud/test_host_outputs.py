"""Queue outputs of functions against a real Azurite."""

import base64
import typing
from pathlib import Path

import azure.functions as func

from tests.unit.devcloud.host_fixtures import Queues, running


async def test_outputs_are_written_before_the_message_is_deleted(queues: Queues, tmp_path: Path) -> None:
    """A list gives one message for each element; the queue is created and, with Base64, the bodies are encoded."""
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name="%Q%-jobs", connection="SampleStorage")
    @app.queue_output(arg_name="many", queue_name="%Q%-many", connection="SampleStorage")
    @app.queue_output(arg_name="unset", queue_name="%Q%-unset", connection="SampleStorage")
    def work(message: str, many: func.Out[typing.List[str]], unset: func.Out[str]) -> None:  # noqa: UP006 - as the library wants it
        many.set([message, "two"])
        assert unset.get() is None

    await queues.create("jobs")
    await queues["jobs"].send_message(base64.b64encode(b"one").decode())
    async with running(app, tmp_path, queues, queue_options={"messageEncoding": "base64"}):
        await queues.emptied("jobs")
        bodies = {base64.b64decode(await queues.taken("many")) for _ in range(2)}
    assert bodies == {b"one", b"two"}


async def test_a_failed_output_fails_the_invocation(queues: Queues, tmp_path: Path) -> None:
    """An output that the storage refuses makes the message come back although the function returned normally."""
    app = func.FunctionApp()
    counts: list[int | None] = []

    @app.queue_trigger(arg_name="message", queue_name="%Q%-jobs", connection="SampleStorage")
    @app.queue_output(arg_name="out", queue_name="%Q%-out", connection="SampleStorage")
    def work(message: func.QueueMessage, out: func.Out[str]) -> None:
        counts.append(message.dequeue_count)
        out.set("x" * 70_000)  # more than a message may hold

    await queues.create("jobs", "out")
    await queues["jobs"].send_message("x")
    async with running(app, tmp_path, queues, queue_options={"maxDequeueCount": 2}):
        await queues.taken("jobs-poison")
    assert counts == [1, 2]


async def test_a_value_returned_without_a_return_binding_is_a_failure(queues: Queues, tmp_path: Path) -> None:
    """The worker refuses a result that nothing takes."""
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name="%Q%-jobs", connection="SampleStorage")
    async def work(message: func.QueueMessage):  # type: ignore[no-untyped-def]  # noqa: ANN202 - without annotations, as users write
        return message.id

    await queues.create("jobs")
    await queues["jobs"].send_message("x")
    async with running(app, tmp_path, queues, queue_options={"maxDequeueCount": 1}):
        assert await queues.taken("jobs-poison") == "x"


async def test_a_queue_may_take_the_return_value_and_wakes_the_listener_of_this_host(queues: Queues, tmp_path: Path) -> None:
    """What `$return` names gets the result; a listener at rest for a minute is woken by the host's own output."""
    app = func.FunctionApp()
    seen: list[bytes] = []

    @app.queue_trigger(arg_name="message", queue_name="%Q%-jobs", connection="SampleStorage")
    @app.queue_output(arg_name="$return", queue_name="%Q%-next", connection="SampleStorage")
    def first(message: func.QueueMessage) -> str:
        return message.get_body().decode() + "!"

    @app.queue_trigger(arg_name="message", queue_name="%Q%-next", connection="SampleStorage")
    def second(message: func.QueueMessage) -> None:
        seen.append(message.get_body())

    await queues.create("jobs", "next")
    await queues["jobs"].send_message("on")
    async with running(app, tmp_path, queues, queue_options={"maxPollingInterval": "00:01:00"}):
        await queues.emptied("jobs")
        await queues.emptied("next")
    assert seen == [b"on!"]

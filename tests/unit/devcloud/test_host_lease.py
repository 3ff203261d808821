"""The lease of a message while its function runs."""

import threading
from pathlib import Path

import azure.functions as func
import pytest

from tests.unit.devcloud.host_fixtures import Queues, running


@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_the_lease_is_renewed_while_the_function_runs(queues: Queues, tmp_path: Path, kind: str) -> None:
    """A function that runs longer than two leases gets its message once, even when it blocks the worker's only loop."""
    counts: list[int | None] = []
    app = func.FunctionApp()

    def block(message: func.QueueMessage) -> None:
        counts.append(message.dequeue_count)
        threading.Event().wait(2.2)

    async def block_loop(message: func.QueueMessage) -> None:
        block(message)

    chosen = block if kind == "def" else block_loop
    app.queue_trigger(arg_name="message", queue_name="%Q%-jobs", connection="SampleStorage")(chosen)
    await queues.create("jobs")
    await queues["jobs"].send_message("x")
    async with running(app, tmp_path, queues, knobs={"lease": 1.0}):
        await queues.emptied("jobs")
    assert counts == [1]

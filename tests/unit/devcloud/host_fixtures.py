"""Queues of one test, and ways to run a host in this process or in one of its own."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.functions import FunctionApp
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devcloud.host.discovery import index
from devcloud.host.host import Host
from devcloud.host.keys import Keys
from devcloud.host.knobs import Knobs
from tests.unit.devcloud.host_azurite import LOOK_SECONDS, START_SECONDS, Ports

ROOT = Path(__file__).parents[3]
DEADLINE_SECONDS = 20.0  # for anything to be observed; reached only when a test fails
KEYS = Keys("function-key", "master-key")

Value = TypeVar("Value")


async def eventually(probe: Callable[[], Awaitable[Value]], deadline: float = DEADLINE_SECONDS) -> Value:
    """Ask `probe` until its answer is true and return the answer; fail when the deadline has passed."""
    async with asyncio.timeout(deadline):
        while not (answer := await probe()):  # noqa: ASYNC110 - what is looked at is in another process
            await asyncio.sleep(LOOK_SECONDS)
    return answer


@dataclass(slots=True)
class Queues:
    """Queues of one test, by a prefix that no other test uses; `secure_with` is a CA file for an Azurite with TLS."""

    ports: Ports
    prefix: str
    clients: dict[str, QueueClient]
    secure_with: str | None = None

    def name(self, queue: str) -> str:
        """Return the real name of a queue."""
        return f"{self.prefix}-{queue}".lstrip("-")

    def __getitem__(self, queue: str) -> QueueClient:
        """Return a client of a queue that may not exist yet."""
        if queue not in self.clients:
            self.clients[queue] = QueueClient.from_connection_string(
                self.ports.connection_string_for("https" if self.secure_with else "http"),
                self.name(queue),
                retry_total=0,
                connection_verify=self.secure_with or True,
            )
        return self.clients[queue]

    async def close(self) -> None:
        """Close all clients."""
        for client in self.clients.values():
            await client.close()

    async def create(self, *queues: str) -> None:
        """Create queues."""
        for queue in queues:
            await self[queue].create_queue()

    async def received(self, queue: str) -> QueueMessage:
        """Wait for a message in a queue that may not exist yet, hide it and return it as the storage gives it."""

        async def receive() -> list[QueueMessage]:
            try:
                return [message async for message in self[queue].receive_messages(max_messages=1)]
            except ResourceNotFoundError:
                return []

        return (await eventually(receive))[0]

    async def taken(self, queue: str) -> str:
        """Wait for a message, remove it and return its body."""
        message = await self.received(queue)
        await self[queue].delete_message(message)
        return str(message.content)

    async def length(self, queue: str) -> int:
        """Return the number of messages, hidden ones included."""
        return (await self[queue].get_queue_properties()).approximate_message_count or 0

    async def emptied(self, queue: str) -> None:
        """Wait until a queue holds nothing, not even a hidden message."""

        async def is_empty() -> bool:
            return await self.length(queue) == 0

        await eventually(is_empty)


@pytest.fixture
async def queues(host_azurite: Ports) -> AsyncIterator[Queues]:
    """Queues that belong to this test alone."""
    owned = Queues(host_azurite, f"t{uuid.uuid4().hex[:12]}", {})
    yield owned
    await owned.close()


@dataclass(frozen=True, slots=True)
class Running:
    """A host that runs in this process."""

    host: Host
    url: str


@contextlib.asynccontextmanager
async def running(
    app: FunctionApp,
    folder: Path,
    queues: Queues,
    *,
    queue_options: Mapping[str, object] | None = None,
    knobs: Mapping[str, Any] | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Running]:
    """Run the functions of `app` in this process, with fast polling and small leases."""
    options = {"maxPollingInterval": "00:00:00.1", "messageEncoding": "none", **(queue_options or {})}
    (folder / "host.json").write_text(json.dumps({"version": "2.0", "extensions": {"queues": options}}))
    environment = {
        "AzureWebJobsStorage": queues.ports.connection_string,
        "SampleStorage": queues.ports.connection_string,
        "AzureFunctionsWebHost__hostid": queues.prefix,
        "Q": queues.prefix,
        **(settings or {}),
    }
    chosen = replace(Knobs(app=folder, keys=KEYS, timer_lease=2.0, drain=5.0), **(knobs or {}))
    host = Host(chosen, environment, index(app))
    try:
        port, _ = await host.start()
        yield Running(host, f"http://127.0.0.1:{port}")
    finally:
        await host.stop()


@dataclass(frozen=True, slots=True)
class HostProcess:
    """A host in a process of its own."""

    process: asyncio.subprocess.Process
    ready: dict[str, Any]

    @property
    def url(self) -> str:
        """Where its HTTP functions are."""
        return f"http://127.0.0.1:{self.ready['port']}"

    async def end(self, wanted: signal.Signals) -> int:
        """Send a signal, unless it is gone already, and return its exit code."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(wanted)
        return await asyncio.wait_for(self.process.wait(), DEADLINE_SECONDS)


async def spawn(arguments: list[str], environment: Mapping[str, str], log: Path) -> asyncio.subprocess.Process:
    """Start `main` of the host in a process of its own; what it logs goes to a file."""
    code = "import sys; from devcloud.host.main import main; sys.exit(main(sys.argv[1:]))"
    with log.open("ab") as errors:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", code, *arguments),
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DEVCLOUD_PARENT_DEATH": "1", **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )


@contextlib.asynccontextmanager
async def host_process(arguments: list[str], environment: Mapping[str, str], log: Path) -> AsyncIterator[HostProcess]:
    """Run a host until the end of the block; whatever happens, it is gone afterwards."""
    process = await spawn(arguments, environment, log)
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        assert line, f"the host did not start; see {log}"
        yield HostProcess(process, json.loads(line))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        # The transport of the pipe closes one step of the loop later.
        await process.stdout.read()

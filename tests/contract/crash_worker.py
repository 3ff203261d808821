"""A process that holds the real house and can be killed anywhere in it, forked from one that has everything loaded.

`python -m tests.contract.crash_worker FD` is the forking process. It takes requests on the socket FD, one JSON object each:
with a descriptor beside it, it forks a worker that serves calls on that descriptor; `{"wait": pid}` gives an exit code. A
worker takes one call a line, as the Functions worker takes invocations from its host, at the time that the call says.
"""

import asyncio
import gc
import importlib
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any

from shared.intake import Arrival
from shared.rules import callers, identifiers
from shared.rules.mail_row import MailRow
from shared.rules.orders import decode
from tests.contract.house_parts import Given, house_with

LARGEST_REQUEST = 65_536
"""Octets; a request is a few dozen."""

LONGEST_LINE = 1_000_000
"""Octets of a call; a producer's message has 64 KiB at most."""

PRELOADED = (
    "aiohttp",
    "aiosmtplib",
    "azure.core.pipeline.transport",
    "azure.data.tables.aio",
    "azure.storage.blob.aio",
    "azure.storage.queue.aio",
    "email_validator",
    "opentelemetry.sdk.trace",
)
"""What the edges import on first use: a worker shall not spend its second on that."""


class Worker:
    """The calls. Time passes only as its host says: `at` of a call is seconds after now, and a pause ends by `elapse`."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self._key = str(job["key"])
        self._offset = 0.0
        self._elapsed = asyncio.Semaphore(0)
        token = Given.text(job["token"])
        ours = {"clock": self.clock, "sleep": self.sleep, "chance": lambda: 0.0, "tokens": token}
        self.house = house_with(job["environ"], ours)

    def clock(self) -> float:
        """Epoch seconds, as far ahead as the last call said."""
        return time.time() + self._offset

    async def sleep(self, _seconds: float) -> None:
        """A pause that the host ends."""
        await self._elapsed.acquire()

    def elapse(self) -> None:
        """One pause is over."""
        self._elapsed.release()

    async def call(self, name: str, at: float, argument: str) -> Any:  # noqa: ANN401 - whatever JSON can hold
        """One invocation."""
        self._offset = at
        match name:
            case "take":
                producer = self.house.config.producers["default"]
                await self.house.intake.take(Arrival(producer, argument.encode(), message_id="the-message"))
            case "process":
                await self.house.send.process(decode(argument))
            case "tick":
                await self.house.sweep.run()
            case "state":
                return (await self._row()).state
            case "look":
                return await self._look()
        return None

    async def _row(self) -> MailRow:
        producer = callers.producer(self.house.config.producers["default"])
        entry = await self.house.status.any_mail(identifiers.mail_id(producer.name, self._key))
        assert entry is not None, "the mail was accepted and is not there"
        return entry.row

    async def _look(self) -> dict[str, Any]:
        row = await self._row()
        return {
            "state": row.state,
            "recipients": [result.fate for result in row.recipients],
            "possible_duplicate": row.possible_duplicate,
            "unknowns": row.unknowns,
            "why": row.why.code if row.why else "",
            "reasons": [moment.reason for moment in row.timeline],
            "attention": any(held.mail_id == row.id for held in await self.house.overview.open_mails.held()),
        }


async def serve(channel: socket.socket) -> None:
    """Answer calls until the host hangs up; the first line says what the worker is made of."""
    reader, writer = await asyncio.open_unix_connection(sock=channel, limit=LONGEST_LINE)
    worker = Worker(json.loads(await reader.readline()))
    answering: set[asyncio.Task[None]] = set()

    async def answer(call: Mapping[str, Any]) -> None:
        try:
            said = {"result": await worker.call(call["name"], call["at"], call["argument"])}
        except BaseException:  # noqa: BLE001 - the host tells it to the test
            said = {"error": traceback.format_exc()}
        writer.write(json.dumps(said).encode() + b"\n")

    while line := await reader.readline():
        call = json.loads(line)
        if call["name"] == "elapse":
            worker.elapse()
            continue
        task = asyncio.create_task(answer(call))
        answering.add(task)
        task.add_done_callback(answering.discard)


def fork(channel: socket.socket, control: socket.socket) -> int:
    """A worker on this channel; gives its process id."""
    pid = os.fork()
    if pid:
        channel.close()
        return pid
    try:
        control.close()
        asyncio.run(serve(channel))
    except BaseException:  # noqa: BLE001 - nothing may leave a worker but its exit code
        traceback.print_exc()
    finally:
        os._exit(0)


def main(control: socket.socket) -> None:
    """Fork workers until the test hangs up."""
    for name in PRELOADED:
        importlib.import_module(name)
    gc.disable()  # a collection would touch, and so copy, what a worker shares with this process
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LARGEST_REQUEST, 1)
        if not message:
            return
        if descriptors:
            said = fork(socket.socket(fileno=descriptors[0]), control)
        else:
            _, status = os.waitpid(json.loads(message)["wait"], 0)
            said = os.waitstatus_to_exitcode(status)
        control.sendall(json.dumps(said).encode())


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))

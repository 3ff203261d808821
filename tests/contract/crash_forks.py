"""Workers as their host sees them: forked, called, killed, and asked for their exit code."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.contract.house_parts import ROOT

CALL_SECONDS = 30.0
"""For one call, whatever the machine: it takes a tenth of a second."""


START_SECONDS = 60.0
"""For the forking process to load everything; about one."""


class Died(Exception):
    """The worker was killed in the middle of a call."""


class Forks:
    """The process that forks workers."""

    def __init__(self) -> None:
        """Start it; the first request waits until everything is loaded."""
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_SECONDS)
        command = [sys.executable, "-m", "tests.contract.crash_worker", str(theirs.fileno())]
        # Nobody's certificates: reading the system's would cost each worker as much as everything else that it does.
        environ = {**os.environ, "SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
        self._process = subprocess.Popen(command, cwd=ROOT, env=environ, pass_fds=[theirs.fileno()])  # noqa: S603 - our own command
        theirs.close()

    def fork(self, channel: socket.socket) -> int:
        """A worker that serves the channel; gives its process id."""
        socket.send_fds(self._control, [b"{}"], [channel.fileno()])
        return self._answer()

    def wait(self, pid: int) -> int:
        """The exit code of a worker that has ended, negative for a signal."""
        self._control.sendall(json.dumps({"wait": pid}).encode())
        return self._answer()

    def stop(self) -> None:
        """Hang up."""
        self._control.close()
        self._process.wait()

    def _answer(self) -> int:
        return int(json.loads(self._control.recv(64)))


class Worker:
    """One worker process, as the host sees it."""

    def __init__(self, forks: Forks, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._forks = forks
        self._pid = pid
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, forks: Forks, job: Mapping[str, Any]) -> "Worker":
        """Fork one; `job` is what it is made of."""
        ours, theirs = socket.socketpair()
        pid = forks.fork(theirs)
        theirs.close()
        worker = cls(forks, pid, *await asyncio.open_unix_connection(sock=ours))
        worker._say(job)
        return worker

    async def call(self, name: str, at: float, argument: str = "") -> Any:  # noqa: ANN401 - whatever JSON can hold
        """One invocation. Raises `Died`, and whatever the story raised as an assertion."""
        self._say({"name": name, "at": at, "argument": argument})
        try:
            async with asyncio.timeout(CALL_SECONDS):
                line = await self._reader.readline()
        except ConnectionError:
            line = b""
        if not line:
            raise Died
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def elapse(self) -> None:
        """The pause in which the worker is ends."""
        self._say({"name": "elapse"})

    def kill(self) -> None:
        """SIGKILL."""
        os.kill(self._pid, signal.SIGKILL)

    def exit_code(self) -> int:
        """Of a worker that has ended."""
        self._writer.transport.abort()
        return self._forks.wait(self._pid)

    def _say(self, what: Mapping[str, Any]) -> None:
        self._writer.write(json.dumps(what).encode() + b"\n")

"""Child processes that cannot outlive us: started, waited for until ready, stopped in order.

Children write to files, not to pipes: nobody has to drain them, and what they said last can be quoted when they fail.
"""

import contextlib
import ctypes
import functools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_POLL_SECONDS = 0.02  # a start takes about a second; more often would only heat the machine
_QUOTED = 300  # characters of a failed child's last words: enough for a sentence, too few for a traceback

# Loaded before any fork: between fork and exec only calls that take no lock are safe.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


class StartFault(Exception):
    """Something did not start; the text is one sentence for the person who started it."""


class Child:
    """One child process. It is killed by the kernel when this process ends in whatever way (Linux)."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        stdin: int = subprocess.DEVNULL,
        cwd: Path | None = None,
    ) -> None:
        """Start `argv` (in `cwd` if given).

        `folder` takes `NAME.out` and `NAME.err`; with `stdin=PIPE` the child can be told something.
        """
        self.name = name
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                list(argv),
                env=dict(environment),
                cwd=cwd,
                stdin=stdin,
                stdout=out,
                stderr=err,
                start_new_session=True,  # Ctrl-C in the terminal is for us; we stop the children in order
                preexec_fn=functools.partial(_die_with, os.getpid()),  # noqa: PLW1509 - one thread, no lock to meet
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def tell(self, text: str) -> None:
        """Write to the child's standard input and close it. A child that is gone is found by `wait_ready`."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(text.encode())

    def wait_ready(self, read: Callable[[str], Answer | None], *, seconds: float) -> Answer:
        """Wait until `read` finds what it wants in the child's standard output, and return that.

        Raises `StartFault` when the child ends first or the time is over.
        """
        deadline = time.monotonic() + seconds
        while (answer := self.look(read)) is None:
            if time.monotonic() > deadline:
                raise StartFault(f"{self.name} was not ready after {seconds:g} seconds{self._words()}")
            time.sleep(_POLL_SECONDS)
        return answer

    def look(self, read: Callable[[str], Answer | None]) -> Answer | None:
        """What `read` finds in the child's standard output so far, without waiting.

        Raises `StartFault` when there is nothing and the child has ended.
        """
        answer = read(self._out.read_text(errors="replace"))
        if answer is None and self._process.poll() is not None:
            raise StartFault(f"{self.name} ended with code {self._process.returncode} before it was ready{self._words()}")
        return answer

    def has_ended(self) -> int | None:
        """The exit code if the child has ended (it is reaped then), else None."""
        return self._process.poll()

    def terminate(self) -> None:
        """Ask it to end (SIGTERM); does not wait."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.terminate()

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL), and wait until it is gone."""
        self._process.kill()
        self._process.wait()

    def join(self, *, seconds: float) -> None:
        """Wait until it is gone; SIGKILL if that takes longer than `seconds`."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _words(self) -> str:
        lines = [line.strip() for line in self._err.read_text(errors="replace").splitlines() if line.strip()]
        return f": {lines[-1][:_QUOTED]}" if lines else ""


def stop_all(children: Sequence[Child], *, seconds: float) -> None:
    """Stop these children, all at the same time: SIGTERM, and SIGKILL for who takes longer than `seconds`."""
    for child in children:
        child.terminate()
    for child in children:
        child.join(seconds=seconds)


def free_port() -> int:
    """A loopback port that nobody listens on now; for programs that cannot be told to take any."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _die_with(parent: int) -> None:
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before the call took effect; then nobody would send the signal.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)

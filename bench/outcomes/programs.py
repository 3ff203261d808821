"""The libraries' programs as child processes: one JSON line per mail and answer, each answer bounded in time."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcloud.node import NodeFault, find_node
from devcloud.processes import StartFault

ROOT = Path(__file__).parents[2]
LIBRARIES = ROOT / ".bench"
"""Where `make bench-outcomes` puts yagmail and redmail: a folder that nothing else looks into."""

ANSWER_SECONDS = 60.0
"""For one mail: yagmail pauses for 18 seconds between its tries."""

_STOP_SECONDS = 2.0  # they end at once
_LINE_LIMIT = 1024 * 1024  # of an answer; the longest has some hundred characters


@dataclass(frozen=True, slots=True)
class Program:
    """One library's program: a file in `peers`. `note` says how the library is driven where that is special."""

    name: str
    file: str
    note: str = ""

    def command(self) -> list[str]:
        """How to start it. Raises `StartFault` where it needs Node and there is none."""
        if not self.file.endswith(".mjs"):
            return [sys.executable, "-m", f"bench.outcomes.peers.{Path(self.file).stem}"]
        try:
            node = find_node(os.environ.get("PATH"), beside=Path(sys.executable).parent)
        except NodeFault as fault:
            raise StartFault(str(fault)) from fault
        return [node, str(Path(__file__).with_name("peers") / self.file)]


PROGRAMS = (
    Program("smtplib", "with_smtplib.py"),
    Program("aiosmtplib", "with_aiosmtplib.py"),
    Program(
        "yagmail",
        "with_yagmail.py",
        note="its own XOAUTH2 login is for Google's tokens and says no EHLO after STARTTLS, so its login is skipped"
        " and smtplib's `auth` called in its place",
    ),
    Program(
        "redmail",
        "with_redmail.py",
        note="it knows passwords only, so its `cls_smtp` is a connection that logs in with STARTTLS and XOAUTH2",
    ),
    Program("nodemailer", "with_nodemailer.mjs"),
)


@dataclass(frozen=True, slots=True)
class Running:
    """A program that is running. `version` is its library's."""

    program: Program
    version: str
    _process: asyncio.subprocess.Process

    async def send(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have it send one mail; gives what `peers.serving` describes. Raises `StartFault` where no answer comes."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it was started with a pipe; says so to the type checker
        stdin.write(json.dumps(task).encode() + b"\n")
        await stdin.drain()
        return await _answer(self._process, self.program)


@asynccontextmanager
async def running(program: Program, folder: Path) -> AsyncIterator[Running]:
    """The program while the block runs; what it writes to standard error goes into a file in `folder`."""
    with (folder / f"{program.name}.err").open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *program.command(),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(LIBRARIES)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=_LINE_LIMIT,
        )
    try:
        hello = await _answer(process, program)
        yield Running(program, str(hello["version"]), process)
    finally:
        await _stop(process)


async def _answer(process: asyncio.subprocess.Process, program: Program) -> Mapping[str, Any]:
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe; says so to the type checker
    try:
        line = await asyncio.wait_for(process.stdout.readline(), ANSWER_SECONDS)
    except TimeoutError:
        raise StartFault(f"the program with {program.name} gave no answer within {ANSWER_SECONDS:g} seconds") from None
    if not line:
        raise StartFault(f"the program with {program.name} ended: run `make bench-outcomes`, which installs its library")
    answer: Mapping[str, Any] = json.loads(line)
    return answer


async def _stop(process: asyncio.subprocess.Process) -> None:
    """The end of its input ends a program; one that is still in the middle of a mail is killed."""
    assert process.stdin is not None  # noqa: S101 - it was started with a pipe; says so to the type checker
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def notes(versions: Sequence[tuple[Program, str]]) -> list[str]:
    """Footnotes: the versions, and who is driven in a special way."""
    named = ", ".join(f"{program.name} {version}" for program, version in versions)
    return [f"{named}.", *(f"{program.name}: {program.note}." for program, _ in versions if program.note)]

"""`python -m devcloud demo`: one mail through each door of the app, from event to inbox, and the proof of it."""

import argparse
import asyncio
import json
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout
from azure.core.exceptions import AzureError
from rich.console import Console
from rich.status import Status
from rich.text import Text

from devcloud import demo_view
from devcloud.demo_doors import DOORS, Cloud, Door, Knocker, RefusedError
from devcloud.demo_result import Finding, spans_all
from devcloud.processes import Child, StartFault, stop_all

START_SECONDS = 120.0
"""For `up`, which gives each of its own children a minute."""

STOP_SECONDS = 30.0
"""`up` stops its children in order, each with a deadline of its own."""

ARRIVAL_SECONDS = 60.0
"""For all mails together: a digest window of 10 s, a tick of 2 s, and a busy machine."""

POLL_SECONDS = 0.25
REQUEST_SECONDS = 10.0
LOG_LINES = 40
"""Of the host's log, shown when something is missing: about a screen."""


def main(argv: Sequence[str]) -> int:
    """Run the demo; 0 when all four mails arrived, were recorded as sent and can be traced, else 1."""
    parser = argparse.ArgumentParser(prog="python -m devcloud demo", description="Send one mail through each door.")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")
    options = parser.parse_args(argv)
    # Progress goes where it does not mix with the result.
    progress = Console(stderr=True, highlight=False)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="keyless-mail-demo-") as folder:
            findings = _run(Path(folder), progress)
    except StartFault as fault:
        progress.print(Text(f"The devcloud did not start. {fault}", style="bold red"), soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130  # as a shell reports a program that was interrupted
    _print(findings, Console(highlight=False), as_json=options.json)
    return 1 if any(finding.missing for finding in findings) else 0


def _run(folder: Path, progress: Console) -> list[Finding]:
    up = Child("up", [sys.executable, "-m", "devcloud", "up"], environment=os.environ, folder=folder)
    try:
        with progress.status("Starting Azurite, identity, Exchange simulator and one host …"):
            line = up.wait_ready(_first_json_line, seconds=START_SECONDS)
        with progress.status("Sending one event to each door …") as status:
            findings = asyncio.run(_watch(Cloud.of(line), status))
        if any(finding.missing for finding in findings):
            _print_host_log(progress, Path(line["smtp"]["ca_file"]).parent)
        return findings
    finally:
        stop_all([up], seconds=STOP_SECONDS)


def _first_json_line(output: str) -> dict[str, Any] | None:
    line, complete, _rest = output.partition("\n")
    if not complete:
        return None
    document: dict[str, Any] = json.loads(line)
    return document


async def _watch(cloud: Cloud, status: Status) -> list[Finding]:
    async with ClientSession(timeout=ClientTimeout(total=REQUEST_SECONDS)) as http:
        knocker = Knocker(cloud, http, run=secrets.token_hex(6), now=time.time())
        findings = await asyncio.gather(*(_knocked(knocker, door) for door in DOORS))
        watcher = Watcher(cloud, http, deadline=time.monotonic() + ARRIVAL_SECONDS)
        for door, finding in zip(DOORS, findings, strict=True):
            status.update(f"Waiting for the mail of the door {door.name!r} …")
            if not finding.refused:
                await watcher.fill(finding, door)
    return findings


async def _knocked(knocker: Knocker, door: Door) -> Finding:
    finding = Finding(door.name, door.does)
    try:
        await knocker.knock(door)
    except (RefusedError, ClientError, AzureError, TimeoutError) as error:
        # Storage errors go on with the service's answer as XML; their first line says it all.
        finding.refused = next(iter(str(error).splitlines()), "") or type(error).__name__
    return finding


@dataclass(frozen=True, slots=True)
class Watcher:
    """Asks the inbox and the app until everything about a mail is known, at most until the deadline."""

    cloud: Cloud
    http: ClientSession
    deadline: float
    clock: Callable[[], float] = time.monotonic
    pause: float = POLL_SECONDS

    async def fill(self, finding: Finding, door: Door) -> None:
        """Wait for the mail, then for its final state, then for its trace."""
        await self._until(lambda: self._find_mail(finding, door))
        if finding.mail is None:
            return
        await self._until(lambda: self._find_status(finding))
        await self._until(lambda: self._find_traces(finding))

    async def _until(self, step: Callable[[], Awaitable[bool]]) -> None:
        while True:
            if await step() or self.clock() > self.deadline:
                return
            await asyncio.sleep(self.pause)

    async def _find_mail(self, finding: Finding, door: Door) -> bool:
        _, answer = await self._get(f"{self.cloud.inbox}/api/messages")
        finding.mail = next((mail for mail in answer.get("messages", ()) if door.sent(mail)), None)
        return finding.mail is not None

    async def _find_status(self, finding: Finding) -> bool:
        url = f"{self.cloud.functions}/api/messages/{finding.mail_id}"
        code, answer = await self._get(url, headers=self.cloud.keyed)
        finding.status = answer if code == 200 else {}
        finding.status_error = "" if code == 200 else f"GET /api/messages/{finding.mail_id} answered {code}"
        # A 404 will not heal: the row is written before the mail can leave.
        return code == 404 or answer.get("state") == "sent"

    async def _find_traces(self, finding: Finding) -> bool:
        message_id = str((finding.mail or {})["message_id"])
        _, answer = await self._get(f"{self.cloud.inbox}/api/traces", params={"message_id": message_id})
        finding.traces = answer.get("traces", ())
        return any(spans_all(trace) for trace in finding.traces)

    async def _get(
        self, url: str, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        try:
            async with self.http.get(url, headers=headers, params=params) as answer:
                document = await answer.json(content_type=None)
                return answer.status, document if isinstance(document, dict) else {}
        except (ClientError, TimeoutError, ValueError):
            return 0, {}


def _print_host_log(console: Console, run_folder: Path) -> None:
    for path in sorted(run_folder.glob("host-*.err")):
        console.print(Text(f"\nThe last lines of {path.stem}:", style="bold"))
        lines = path.read_text(errors="replace").splitlines()[-LOG_LINES:]
        console.print(Text("\n".join(lines) or "(it said nothing)", style="dim"), soft_wrap=True)


def _print(findings: Sequence[Finding], console: Console, *, as_json: bool) -> None:
    good = sum(not finding.missing for finding in findings)
    if as_json:
        document = {"ok": good == len(findings), "doors": [finding.as_json() for finding in findings]}
        print(json.dumps(document, indent=2))
        return
    demo_view.show(console, findings)
    console.print(Text(f"{good} of {len(findings)} mails arrived, are recorded as sent, and can be traced from end to end."))

"""The hosts of a run: the stand-in, or Core Tools' real one, both loading the app from a copy of what would be published."""

import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from devcloud.processes import Child, StartFault, free_port, stop_all
from devcloud.publish import publish

KINDS = ("stand-in", "func")

_ROOT = Path(__file__).parent.parent
_START_SECONDS = 60.0  # a few seconds on an idle machine; generous for one that is busy
_FUNC_START_SECONDS = 180.0  # Core Tools fetches its extension bundle at the first start
_STOP_SECONDS = 12.0  # longer than a host's own drain time, so that it may end by itself

# Core Tools' own line once functions are loaded, "Functions:", or that there are none.
_FUNC_READY = re.compile(r"^(Functions:|No job functions found)", re.MULTILINE)


def start_hosts(
    kind: str,
    count: int,
    *,
    lease_seconds: float,
    folder: Path,
    settings: Mapping[str, str],
    stack: contextlib.ExitStack,
) -> dict[str, Child]:
    """Start `count` hosts and wait until all are ready; returns them by address. `stack` stops them again.

    Raises `StartFault` when one of them does not start.
    """
    app = folder / "app"
    publish(_ROOT, app)
    hosts: list[Child] = []
    stack.callback(stop_all, hosts, seconds=_STOP_SECONDS)
    if kind == "func":
        return _start_func(app, folder, settings, hosts)
    names = [f"host-{number}" for number in range(1, count + 1)]
    hosts.extend(stand_in(name, app, lease_seconds=lease_seconds, folder=folder, settings=settings) for name in names)
    return {host.wait_ready(stand_in_address, seconds=_START_SECONDS): host for host in hosts}


def stand_in(
    name: str, app: Path, *, lease_seconds: float, folder: Path, settings: Mapping[str, str], clock_offset: float = 0.0
) -> Child:
    """Start one host of the stand-in with the app in folder `app` and return at once; `folder` takes what it writes."""
    command = [sys.executable, "-m", "devcloud", "host", "--app", str(app), "--port", "0"]
    command += ["--lease-seconds", f"{lease_seconds:g}", "--clock-offset", f"{clock_offset:g}"]
    return Child(name, command, environment=settings, folder=folder)


def _start_func(app: Path, folder: Path, settings: Mapping[str, str], hosts: list[Child]) -> dict[str, Child]:
    """One host of Core Tools: it takes no lease time and enforces no keys."""
    program = shutil.which("func", path=settings.get("PATH"))
    if program is None:
        raise StartFault("HOST=func needs Azure Functions Core Tools 4: `func` is not on PATH")
    port = free_port()
    # Its worker is the `python` that it finds first.
    path = os.pathsep.join((str(Path(sys.executable).parent), settings.get("PATH", "")))
    environment = {**settings, "PATH": path, "FUNCTIONS_WORKER_RUNTIME": "python"}
    command = [program, "start", "--port", str(port), "--no-build"]
    hosts.append(Child("host-1", command, environment=environment, folder=folder, cwd=app))
    hosts[0].wait_ready(_func_ready, seconds=_FUNC_START_SECONDS)
    return {f"http://127.0.0.1:{port}": hosts[0]}


def stand_in_address(output: str) -> str | None:
    """The address of a host, once a line of its output says that it is ready; other lines may be the app's own."""
    for line in output.splitlines(keepends=True):
        if line.startswith("{") and line.endswith("\n"):
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if said.get("ready") is True:
                    return f"http://127.0.0.1:{int(said['port'])}"
    return None


def _func_ready(output: str) -> bool | None:
    return True if _FUNC_READY.search(output) else None

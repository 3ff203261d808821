"""Cold start: what importing and indexing the app costs, beside importing `azure.functions` alone.

Every import runs in a process of its own, in turn with its peer, on a published copy of the app with sound settings.
"""

import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Spread, Target, ratios
from bench.import_times import Cost, costliest
from bench.progress import steps
from bench.report import Column, Report, Row
from devcloud.processes import StartFault
from devcloud.publish import publish

ROOT = Path(__file__).parents[1]
MOST = 1.8
"""Times the import of `azure.functions`, which every app of this kind pays (issue 2, section 5)."""

CHILD_SECONDS = 60.0
"""For one import, on a machine that is busy with other things."""

_PEER = """
import time
started = time.perf_counter()
import azure.functions
import json
print(json.dumps({"indexed": time.perf_counter() - started}))
"""

_INDEX = """
import time
started = time.perf_counter()
import function_app
functions = function_app.app.get_functions()
indexed = time.perf_counter()
"""

_APP = f"""{_INDEX}
from shared.wiring import settings
faults = [str(fault) for fault in settings().faults]
before = time.perf_counter()
import shared.wiring_graph
import json
first_event = time.perf_counter() - before
print(json.dumps(dict(indexed=indexed - started, first_event=first_event, functions=len(functions), faults=faults)))
"""


@dataclass(frozen=True, slots=True)
class Start:
    """What one process measured of itself, in seconds."""

    indexed: float
    first_event: float = 0.0
    functions: int = 0


def measure(*, rounds: int, modules: int) -> Report:
    """Run app and peer in turn, `rounds` times each after one start that writes the byte code.

    `modules` > 0 adds as many rows about single modules. Raises `StartFault` where the app cannot be indexed.
    """
    with tempfile.TemporaryDirectory(prefix="keyless-mail-bench-") as folder:
        app = Path(folder)
        publish(ROOT, app)
        environment = _environment(os.environ)
        peers, apps = [], []
        with steps("cold start", 2 * rounds + 2) as progress:
            for number in range(rounds + 1):
                peer = _start(_PEER, app, environment)
                progress.done("cold start: the app")
                started = _start(_APP, app, environment)
                progress.done("cold start: azure.functions")
                if number:  # the first of each only warmed the caches
                    peers.append(peer)
                    apps.append(started)
        costly = costliest(_import_log(_PEER, app, environment), _import_log(_INDEX, app, environment), modules)
    return _report(peers, apps, costly)


def _report(peers: list[Start], apps: list[Start], costly: list[Cost]) -> Report:
    indexing = ratios([start.indexed for start in apps], [start.indexed for start in peers])
    rows = [
        Row("import azure.functions", (_ms([start.indexed for start in peers]), None)),
        Row("import function_app and index", (_ms([start.indexed for start in apps]), indexing)),
        Row("first event: import the rest", (_ms([start.first_event for start in apps]), None)),
        *(Row(f"  {cost.module}", (_ms([cost.own]), None)) for cost in costly),
    ]
    notes = [
        f"Fresh processes in turn, byte code warm, a published copy of the app, {apps[-1].functions} functions.",
        "What the doors need only when an event comes is imported then, once per process; the SDKs on their first use.",
    ]
    if costly:
        notes.append("Indented: own time of what azure.functions does not import; one start under -X importtime.")
    columns = (Column("milliseconds", "ms", 1), Column("ratio", "ratio", 2))
    target = Target("import and index, times azure.functions", indexing, MOST, at_most=True)
    return Report("cold", "Cold start", len(apps), columns, tuple(rows), (target,), tuple(notes))


def _ms(seconds: list[float]) -> Spread:
    return Spread.of([value * 1000 for value in seconds])


def _start(program: str, app: Path, environment: Mapping[str, str]) -> Start:
    said = json.loads(_run([program], app, environment).stdout)
    if faults := said.pop("faults", None):
        raise StartFault(f"the app has faults in its settings: {faults[0]}")
    return Start(**said)


def _import_log(program: str, app: Path, environment: Mapping[str, str]) -> str:
    return _run(["-X", "importtime", program], app, environment).stderr


def _run(arguments: list[str], app: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    *options, program = arguments
    done = subprocess.run(  # noqa: S603 - our own interpreter and our own program
        [sys.executable, *options, "-c", program],
        cwd=app,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=CHILD_SECONDS,
    )
    if done.returncode != 0:
        raise StartFault(f"the app cannot be imported: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return done


def _environment(caller: Mapping[str, str]) -> dict[str, str]:
    """The app settings that the shipped `mail.toml` wants; PYTHONDONTWRITEBYTECODE and its like stay outside."""
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        "PATH": caller.get("PATH", ""),
        "HOME": caller.get("HOME", ""),
        "MailStorage__accountName": "contosomail",
        "MailStorage__credential": "managedidentity",
        "MONITOR_WEBHOOK_SECRET": f"whsec_{secret}",
    }

"""Everything about a host that is not the app's business: the command line and the DEVCLOUD_… environment."""

import argparse
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from devcloud.host.crash import CrashPlan, read_crash_plan
from devcloud.host.faults import HostFault
from devcloud.host.keys import Keys

REAL_LEASE_SECONDS = 600.0  # hard-coded in the real host
REAL_TIMER_LEASE_SECONDS = 60.0  # singleton.listenerLockPeriod
DRAIN_SECONDS = 8.0  # longer than a send that goes well; whoever stops a host waits no longer than some 12 s
KEY_BYTES = 24


def _wall_time() -> float:
    # Looked up at each call, because the clock may be shifted after this module was imported.
    return time.time()


@dataclass(frozen=True, slots=True)
class Knobs:
    """How one host is run. Times in seconds; `lease` is how long a fetched message stays hidden.

    `clock` gives the Unix time by which timers run.
    """

    app: Path
    port: int = 0
    lease: float = REAL_LEASE_SECONDS
    timer_lease: float = REAL_TIMER_LEASE_SECONDS
    drain: float = DRAIN_SECONDS
    clock_offset: float = 0.0
    keys: Keys = field(default_factory=lambda: Keys(secrets.token_urlsafe(KEY_BYTES), secrets.token_urlsafe(KEY_BYTES)))
    random: Random = field(default_factory=Random)
    crashes: CrashPlan = field(default_factory=CrashPlan)
    clock: Callable[[], float] = _wall_time
    ca_file: str | None = None
    dies_with_parent: bool = False


def read_knobs(argv: Sequence[str], environment: Mapping[str, str]) -> Knobs:
    """Read the command line and the environment.

    Raises:
        HostFault: a value that makes no sense; the text names it.
        SystemExit: argparse's own, for an unknown or missing option.
    """
    parser = argparse.ArgumentParser(prog="python -m devcloud host", description="Run a function app locally.")
    parser.add_argument("--app", type=Path, required=True, help="folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--lease-seconds", type=float, default=REAL_LEASE_SECONDS, help="lease of a queue message")
    parser.add_argument("--clock-offset", type=float, default=0.0, help="seconds by which the wall clock is wrong")
    arguments = parser.parse_args(argv)
    if not arguments.app.is_dir():
        raise HostFault(f"--app {arguments.app}: no such folder")
    if arguments.lease_seconds <= 0:
        raise HostFault("--lease-seconds must be more than 0")
    return Knobs(
        app=arguments.app.resolve(),
        port=arguments.port,
        lease=arguments.lease_seconds,
        timer_lease=_seconds(environment, "DEVCLOUD_TIMER_LEASE_SECONDS", REAL_TIMER_LEASE_SECONDS),
        drain=_seconds(environment, "DEVCLOUD_DRAIN_SECONDS", DRAIN_SECONDS),
        clock_offset=arguments.clock_offset,
        keys=Keys(_key(environment, "DEVCLOUD_FUNCTION_KEY"), _key(environment, "DEVCLOUD_MASTER_KEY")),
        random=Random(environment.get("DEVCLOUD_SEED")),
        crashes=read_crash_plan(environment.get("DEVCLOUD_CRASH", "")),
        ca_file=environment.get("DEVCLOUD_CA_FILE"),
        dies_with_parent=environment.get("DEVCLOUD_PARENT_DEATH") == "1",
    )


def _key(environment: Mapping[str, str], name: str) -> str:
    # Without a key of its own a host must admit nobody, so it gets one that nobody knows.
    return environment.get(name) or secrets.token_urlsafe(KEY_BYTES)


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    try:
        seconds = float(text) if text else default
    except ValueError:
        raise HostFault(f"{name}: {text!r} is no number of seconds") from None
    if seconds <= 0:
        raise HostFault(f"{name} must be more than 0")
    return seconds

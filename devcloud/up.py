"""`python -m devcloud up`: the whole local cloud and its hosts, from one command to one line of JSON and until a signal."""

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcloud.hosts import KINDS, start_hosts
from devcloud.local_cloud import Limits, start_cloud
from devcloud.processes import Child, StartFault
from devcloud.run_folder import run_folder
from devcloud.run_settings import HostKnobs

_WATCH_SECONDS = 0.2  # how soon a child that died is reaped, so that others see it gone
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Options:
    """The command's arguments; see `README.md`."""

    instances: int
    messages_per_minute: int
    connections: int
    lease_seconds: float
    seed: int
    host: str


def main(argv: Sequence[str]) -> int:
    """Run the command; returns its exit code: 0 after a signal, 1 when something did not start."""
    options = parse(argv)
    for number in _SIGNALS:
        # A shell starts background jobs with SIGINT ignored, and nohup asks to survive SIGHUP: only the latter is meant.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        with run_folder() as folder, contextlib.ExitStack() as stack:
            _run(options, folder, stack)
    except KeyboardInterrupt:
        return 0
    except StartFault as fault:
        print(f"devcloud: {fault}", file=sys.stderr)
        return 1
    return 0


def _run(options: Options, folder: Path, stack: contextlib.ExitStack) -> None:
    try:
        children, line = _start(options, folder, stack)
        print(json.dumps(line), flush=True)
        _watch(children)
    finally:
        # A second signal must not stop the cleaning up: it would leave files and, without Linux, processes behind.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def parse(argv: Sequence[str]) -> Options:
    """Read the command line; a wrong one ends the process with the usage, as argparse does."""
    parser = argparse.ArgumentParser(prog="python -m devcloud up", description="Start the local cloud and its hosts.")
    parser.add_argument("--instances", type=_at_least(1), default=1, metavar="N", help="hosts (1)")
    parser.add_argument("--messages-per-minute", type=_at_least(1), default=30, metavar="R", help="of a mailbox (30)")
    parser.add_argument("--connections", type=_at_least(1), default=3, metavar="C", help="of a mailbox (3)")
    parser.add_argument("--lease-seconds", type=_seconds, default=600.0, metavar="L", help="of a queue message (600)")
    parser.add_argument("--no-host", action="store_true", help="the emulators only")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of everything random that tests repeat (0)")
    parser.add_argument("--host", choices=KINDS, default=KINDS[0], help="the stand-in, or Core Tools (one instance)")
    given = parser.parse_args(argv)
    if given.host == "func" and given.instances > 1:
        parser.error("--host func starts one instance: leave out --instances")
    return Options(
        instances=0 if given.no_host else given.instances,
        messages_per_minute=given.messages_per_minute,
        connections=given.connections,
        lease_seconds=given.lease_seconds,
        seed=given.seed,
        host=given.host,
    )


def _start(options: Options, folder: Path, stack: contextlib.ExitStack) -> tuple[list[Child], dict[str, Any]]:
    """Start everything; returns the children and the line that says where they are."""
    _say("starting Azurite and the emulators")
    limits = Limits(options.messages_per_minute, options.connections)
    knobs = HostKnobs(seed=options.seed, lease_seconds=options.lease_seconds)
    cloud = start_cloud(folder, limits, knobs, caller=os.environ, stack=stack)
    hosts = _start_hosts(options, folder, cloud.settings, stack)
    _say(f"ready; the logs of this run are in {folder}")
    children = [cloud.azurite.child, cloud.emulators, *hosts.values()]
    run, addresses = cloud.run, cloud.addresses
    return children, {
        "functions": list(hosts),
        "function_key": run.function_key,
        "master_key": run.master_key,
        "storage": cloud.storage,
        "smtp": {"host": "localhost", "port": addresses.smtp, "ca_file": str(run.ca_file)},
        "identity": {"endpoint": addresses.identity_endpoint, "header": run.identity_header},
        "inbox": addresses.inbox,
        "settings": cloud.settings,
        "pids": {child.name: child.pid for child in children},
    }


def _start_hosts(
    options: Options, folder: Path, settings: Mapping[str, str], stack: contextlib.ExitStack
) -> dict[str, Child]:
    if not options.instances:
        return {}
    _say(f"starting the host: {options.host} x {options.instances}")
    return start_hosts(
        options.host,
        options.instances,
        lease_seconds=options.lease_seconds,
        folder=folder,
        settings=settings,
        stack=stack,
    )


def _watch(children: Sequence[Child]) -> None:
    """Until a signal: reap who dies and say so. Nobody is started again: tests kill hosts, and must see them dead."""
    alive = list(children)
    while True:
        time.sleep(_WATCH_SECONDS)
        for child in [child for child in alive if child.has_ended() is not None]:
            alive.remove(child)
            print(f"devcloud: {child.name} ended with code {child.has_ended()}", file=sys.stderr)


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"devcloud: {text}", file=sys.stderr)


def _at_least(lowest: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        value = int(text)
        if value < lowest:
            raise argparse.ArgumentTypeError(f"must be at least {lowest}")
        return value

    return whole


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0 and finite")
    return value

"""`python -m bench pace`: is each mailbox's allowance used to the full and never exceeded, however many hosts send?"""

import argparse
import json
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import aiohttp
import aiosmtplib
from azure.core.exceptions import AzureError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from bench.chaos import kept
from bench.pace_figures import Finding
from bench.pace_foreign import NAME as FOREIGN
from bench.pace_foreign import QUICK, WHOLE, run_foreign
from bench.pace_latency import NAME as LATENCY
from bench.pace_latency import QUICK_ROUNDS, ROUNDS, run_latency
from bench.pace_load import Show, run_load
from bench.pace_picture import draw
from bench.pace_plan import LOADS, PICTURED, Load, lengthened, shortened
from bench.pace_report import as_json, show
from bench.pace_seen import judge
from devcloud.processes import StartFault
from devcloud.run_folder import run_folder

SIMULATED = "simulated"

RUNS = (SIMULATED, *(load.name for load in LOADS), FOREIGN, LATENCY)
"""All runs, in the order in which they are run."""

TROUBLE = (StartFault, aiohttp.ClientError, aiosmtplib.SMTPException, AzureError, TimeoutError)
"""Why a run ends without a result: something did not start, or the local cloud itself does not answer any more."""

Carry = Callable[[Path, Show], list[Finding]]
"""Carries out one run with its data in a folder."""


def main(argv: Sequence[str]) -> int:
    """Run them; 0 when every target is met, 1 when one is missed, 2 when one of the runs could not be run."""
    options = parse(argv)
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False, markup=False)
    errors.print(f"pace: seed {options.seed}")
    findings: list[Finding] = []
    faults: list[str] = []
    for name in options.run or RUNS:
        try:
            findings += _carried_out(name, options, errors)
        except TROUBLE as fault:
            said = f"{name}: {fault or type(fault).__name__}"
            faults.append(said)
            errors.print(Text(f"pace: could not run {said}", style="bold red"), soft_wrap=True)
    if options.json:
        print(json.dumps(as_json(findings, seed=options.seed, faults=faults), indent=2))
    else:
        show(findings, console, seed=options.seed)
    return 2 if faults else int(not all(finding.met for finding in findings))


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a wrong one ends the process with the usage."""
    parser = argparse.ArgumentParser(prog="python -m bench pace", description="Used to the full, and never exceeded?")
    parser.add_argument("--run", action="append", choices=RUNS, metavar="NAME", help=f"only this one: {', '.join(RUNS)}")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(100_000), help="of keys, kills and jitter (a new one)")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep what the processes logged, a folder for each run")
    parser.add_argument("--picture", type=Path, metavar="FILE", help=f"draw {PICTURED}, or the first --run, as SVG")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="few mails: shows that the runs work, and measures nothing")
    length.add_argument("--long", action="store_true", help="twenty minutes of mail in true-30")
    return parser.parse_args(argv)


def simulated(seed: int, *, quick: bool) -> list[Finding]:
    """Rows from the simulation: what would take a day, or more luck than a real run has."""
    from bench.pace_simulated import simulated_rows

    return simulated_rows(seed, quick=quick)


def _carried_out(name: str, options: argparse.Namespace, console: Console) -> list[Finding]:
    if name == SIMULATED:
        return simulated(options.seed, quick=options.quick)
    kept_in = None if options.keep is None else options.keep / name
    with run_folder() as folder, _progress(console) as seen, kept(folder, kept_in):
        return _carrier(name, options)(folder, seen)


def _carrier(name: str, options: argparse.Namespace) -> Carry:
    """The run of this name, as long as it was asked for."""
    if name == FOREIGN:
        return lambda folder, seen: run_foreign(folder, QUICK if options.quick else WHOLE, seed=options.seed, show=seen)
    if name == LATENCY:
        rounds = QUICK_ROUNDS if options.quick else ROUNDS
        return lambda folder, seen: run_latency(folder, rounds, seed=options.seed, show=seen)
    load = next(load for load in LOADS if load.name == name)
    if options.quick or options.long:
        load = shortened(load) if options.quick else lengthened(load)
    pictured = name == (options.run[0] if options.run else PICTURED)
    return partial(_loaded, load, options.seed, options.picture if pictured else None)


def _loaded(load: Load, seed: int, picture: Path | None, folder: Path, seen: Show) -> list[Finding]:
    result = run_load(load, folder, seed=seed, show=seen)
    if picture is not None:
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_text(draw(result), encoding="utf-8")
    return judge(result)


@contextmanager
def _progress(console: Console) -> Iterator[Show]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=console, auto_refresh=False, transient=True) as bars:
        task = bars.add_task("", total=1.0)

        def seen(done: float, total: float, what: str) -> None:
            bars.update(task, completed=min(done, total), total=total, description=what)
            bars.refresh()

        yield seen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

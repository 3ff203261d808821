"""`python -m bench chaos`: mails under kill -9, cut wires and failing storage; exit code 1 when one is lost or doubled."""

import argparse
import json
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from bench.chaos_mails import draw_mails
from bench.chaos_plan import Plan, draw_plan
from bench.chaos_report import as_json, show
from bench.chaos_run import Result, Show, Sight, run
from devcloud.processes import StartFault
from devcloud.run_folder import run_folder

MAILS = 2_000
MOST_MAILS = 8_000
"""The simulator's two mailboxes have ten thousand recipients a day each, and its inbox keeps twenty thousand mails."""

HOSTS = 4
MOST_HOSTS = 16

_MAILS_PER_SECOND = 20.0  # about what four hosts send on two cores while they are disturbed
_DISTURBED = (25.0, 240.0)  # seconds at least and at most
_FED = 0.92  # of that time mails come in; the last ones shall be disturbed too


def main(argv: Sequence[str]) -> int:
    """Run it; 0 when nothing was lost and nothing silently sent twice, 1 otherwise, 2 when it could not be run."""
    options = parse(argv)
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False, markup=False)
    seconds = min(max(options.mails / _MAILS_PER_SECOND, _DISTURBED[0]), _DISTURBED[1])
    plan = draw_plan(options.seed, hosts=options.hosts, seconds=seconds)
    mails = draw_mails(options.seed, options.mails, _FED * seconds)
    _announce(plan, options.mails, errors)
    try:
        with run_folder() as folder, _progress(options.mails, errors) as seen, kept(folder, options.keep):
            result = run(plan, mails, folder, show=seen)
    except StartFault as fault:
        errors.print(Text(f"chaos: {fault}", style="bold red"), soft_wrap=True)
        return 2
    return _end(result, console, as_document=options.json)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a wrong one ends the process with the usage."""
    parser = argparse.ArgumentParser(prog="python -m bench chaos", description="Nothing lost, nothing silently doubled?")
    parser.add_argument("--mails", type=_between(1, MOST_MAILS), default=MAILS, metavar="N", help=f"to send ({MAILS})")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(100_000), help="of mails and plan (a new one)")
    parser.add_argument("--hosts", type=_between(1, MOST_HOSTS), default=HOSTS, metavar="N", help=f"hosts ({HOSTS})")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep what the processes logged in this folder")
    return parser.parse_args(argv)


def _end(result: Result, console: Console, *, as_document: bool) -> int:
    if as_document:
        print(json.dumps(as_json(result), indent=2))
    else:
        show(result, console)
    return 0 if result.verdict.good else 1


def _announce(plan: Plan, mails: int, console: Console) -> None:
    """Seed and plan stand there before anything happens: whatever stops the run, it can be repeated."""
    console.print(f"chaos: seed {plan.seed}, {mails} mails, {plan.hosts} hosts, {plan.seconds:.0f} s of trouble")
    console.print(
        f"  the clock of host {plan.skewed} is off by {plan.clock_offset:+.1f} s; wires and storage fail all the time"
    )
    for step in plan.steps:
        console.print(f"  {step}")


@contextmanager
def _progress(mails: int, console: Console) -> Iterator[Show]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, auto_refresh=False, transient=True) as bars:
        told, rest = (bars.add_task(name, total=mails) for name in ("accepted", "at rest"))

        def seen(sight: Sight) -> None:
            trouble = ", ".join(f"{count} {what}" for what, count in sorted(sight.happened.items()))
            bars.update(told, completed=sight.told, description=f"accepted ({trouble or 'no process died yet'})")
            if sight.stand:
                bars.update(rest, completed=sight.stand.at_rest, description=f"at rest ({sight.phase})")
            bars.refresh()

        yield seen


@contextmanager
def kept(folder: Path, kept: Path | None) -> Iterator[None]:
    """Afterwards copy what the processes wrote, however the run ended."""
    try:
        yield
    finally:
        if kept is not None:
            kept.mkdir(parents=True, exist_ok=True)
            for log in (*folder.glob("*.err"), *folder.glob("*.out")):
                shutil.copy(log, kept)


def _between(lowest: int, highest: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        value = int(text)
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"must be {lowest} to {highest}")
        return value

    return whole


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

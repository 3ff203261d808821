"""`python -m bench [cold|send|storage|token|outcomes]`: measure, print a table or JSON; or `… bench chaos|pace|fuzz`."""

import argparse
import gc
import json
import signal
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from bench.report import Measured, Report
from devcloud.processes import StartFault


def main(argv: Sequence[str]) -> int:
    """Run the benchmarks asked for; 0 when all were measured (a missed target is a result), 1 when one could not be."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    if argv[:1] and argv[0] in PROOFS:
        return _prove(PROOFS[argv[0]], argv[1:])
    options = parse(argv)
    console = Console(highlight=False)
    reports: list[Measured] = []
    try:
        for name in [options.name] if options.name else ALL:
            report = BENCHMARKS[name](options)
            reports.append(report)
            gc.collect()  # what one leaves behind must not be on the next one's bill, nor wake up in its children
            if not options.json:
                report.show(console)
    except StartFault as fault:
        Console(stderr=True, highlight=False, markup=False).print(f"bench: {fault}", style="bold red", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130  # as a shell reports a program that was interrupted
    if options.json:
        print(json.dumps({"benchmarks": [report.as_json() for report in reports]}, indent=2))
    return 0


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; a wrong one ends the process with the usage."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks beside their peers.")
    parser.add_argument("name", nargs="?", choices=tuple(BENCHMARKS), help=f"one of them; without it {', '.join(ALL)}")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    parser.add_argument("--rounds", type=_rounds, help="how often everything takes its turn")
    parser.add_argument("--modules", type=_rounds, metavar="N", help="cold: also list the N modules that cost most")
    return parser.parse_args(argv)


def _prove(proof: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    """Not a measurement but a proof, which takes minutes: it runs only when asked for."""
    try:
        return proof(argv)
    except KeyboardInterrupt:
        return 130


# Each benchmark imports its own part only: the others' libraries would be on its bill.


def _cold(options: argparse.Namespace) -> Report:
    from bench.cold import measure

    return measure(rounds=options.rounds or 15, modules=options.modules or 0)


def _send(options: argparse.Namespace) -> Report:
    from bench.send import measure

    return measure(rounds=options.rounds or 7)


def _storage(options: argparse.Namespace) -> Report:
    from bench.storage import measure

    return measure(rounds=options.rounds or 3)


def _token(options: argparse.Namespace) -> Report:
    from bench.token import measure

    return measure(rounds=options.rounds or 15)


def _outcomes(options: argparse.Namespace) -> Measured:  # noqa: ARG001 - the shape of all; each trial is run once
    from bench.outcomes.run import measure

    return measure()


def _chaos(argv: Sequence[str]) -> int:
    from bench.chaos import main as chaos

    return chaos(argv)


def _fuzz(argv: Sequence[str]) -> int:
    from bench.fuzz import main as fuzz

    return fuzz(argv)


def _pace(argv: Sequence[str]) -> int:
    from bench.pace import main as pace

    return pace(argv)


ALL: dict[str, Callable[[argparse.Namespace], Measured]] = {
    "cold": _cold,
    "send": _send,
    "storage": _storage,
    "token": _token,
}
"""What runs without a name."""

BENCHMARKS = {**ALL, "outcomes": _outcomes}
"""What can be named: `outcomes` needs libraries that only `make bench-outcomes` installs."""

PROOFS = {"chaos": _chaos, "pace": _pace, "fuzz": _fuzz}
"""What has a command line, targets and an exit code of its own."""


def _rounds(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

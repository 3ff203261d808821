"""`python -m bench fuzz`: thousands of requests made of the app's OpenAPI document, until one answer is wrong.

The same as `tests/flows/test_fuzz.py`, with another seed each time and many more requests; the seed is printed.
"""

import argparse
import json
import secrets
import subprocess
import sys
from collections.abc import Sequence

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.flows.fuzzing import Fuzz, Operation, labels

CASES = 400
"""Requests for each route: some minutes in all."""


def main(argv: Sequence[str]) -> int:
    """Run it; returns 0, or 1 at the first answer that is not one of the document."""
    parser = argparse.ArgumentParser(prog="python -m bench fuzz", description="Send requests that nobody thought of.")
    parser.add_argument("--cases", type=int, default=CASES, help=f"requests for each route ({CASES})")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="of the requests (a new one)")
    given_ = parser.parse_args(argv)
    print(f"fuzz: seed {given_.seed}, {given_.cases} requests for each of {len(labels())} routes", file=sys.stderr)
    command = [sys.executable, "-m", "devcloud", "up", "--messages-per-minute", "6000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as cloud:  # noqa: S603 - our own command, no shell
        try:
            line = json.loads(cloud.stdout.readline() if cloud.stdout else "")
            return _run(Fuzz.of(line), cases=given_.cases, number=given_.seed)
        finally:
            cloud.terminate()


def _run(fuzz: Fuzz, *, cases: int, number: int) -> int:
    for label in labels():
        try:
            _ask(fuzz, fuzz.operation(label), cases=cases, number=number)
        except Exception as wrong:  # noqa: BLE001 - whatever it is, it is the finding
            print(f"fuzz: {label}: {wrong}")
            return 1
        print(f"fuzz: {label}: {cases} requests, every answer as the document says")
    return 0


def _ask(fuzz: Fuzz, operation: Operation, *, cases: int, number: int) -> None:
    @seed(number)
    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        fuzz.check(data.draw(fuzz.requests(operation)))

    ask()

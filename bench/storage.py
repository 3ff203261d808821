"""Storage transactions of one mail, counted at the devcloud's storage proxy, by door and by what delays it."""

import asyncio
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.figures import Spread, Target
from bench.mail_costs import DELAYS, DOORS, MailCost, Meter
from bench.progress import Steps, steps
from bench.report import Column, Report, Row
from devcloud.processes import Child, stop_all

MOST = 12.0
"""Transactions of a mail that nothing delays (issue 2, section 5)."""

SERVICES = ("queue", "table", "blob")

_START_SECONDS = 120.0  # for `up`, which gives each of its own children a minute
_STOP_SECONDS = 30.0  # it stops its children in order
_NO_TICK = "0 0 0 1 1 *"  # once a year: what the tick asks of storage is nobody's mail

_Costs = dict[tuple[str, str], list[MailCost]]


def measure(*, rounds: int) -> Report:
    """Send one mail at a time through each door with each delay, in turn, `rounds` times. Raises `StartFault`."""
    environment = {**os.environ, "MAIL_TICK": _NO_TICK}
    total = 2 + rounds * len(DOORS) * len(DELAYS)
    with (
        tempfile.TemporaryDirectory(prefix="keyless-mail-bench-") as folder,
        steps("storage: starting the devcloud", total) as progress,
    ):
        up = Child("up", [sys.executable, "-m", "devcloud", "up"], environment=environment, folder=Path(folder))
        try:
            line = up.wait_ready(_first_json_line, seconds=_START_SECONDS)
            progress.done("storage: warming up")
            costs = asyncio.run(_measure(line, rounds, progress))
        finally:
            stop_all([up], seconds=_STOP_SECONDS)
    return _report(costs, rounds)


def _first_json_line(output: str) -> Mapping[str, Any] | None:
    line, complete, _rest = output.partition("\n")
    document: Mapping[str, Any] | None = json.loads(line) if complete else None
    return document


async def _measure(line: Mapping[str, Any], rounds: int, progress: Steps) -> _Costs:
    costs: _Costs = {pair: [] for pair in itertools.product(DOORS, DELAYS)}
    async with Meter.of(line) as meter:
        await meter.warm_up()
        progress.done("storage: one mail at a time")
        for _, (door, delay) in itertools.product(range(rounds), costs):
            costs[door, delay].append(await meter.mail(door, delay))
            progress.done(f"storage: {door}, {DELAYS[delay]}")
    return costs


def _report(costs: _Costs, rounds: int) -> Report:
    rows = [
        Row(
            f"{door}, {DELAYS[delay]}",
            (Spread.of([cost.all for cost in found]), *(found[-1].words(service) for service in SERVICES)),
            {"operations": dict(found[-1].operations)},
        )
        for (door, delay), found in costs.items()
    ]
    columns = (
        Column("transactions", "in all", 0),
        *(Column(service, service, 0) for service in SERVICES),
    )
    notes = (
        "One mail at a time, from its door until no message of it is left; a queue event's own put is included.",
        "The host's gets are not counted as they come, most bring nothing: each message that was deleted counts as one get.",
        "The tick is off: its transactions belong to no single mail. The last three columns are of the last round.",
    )
    targets = tuple(
        Target(f"{door}, nothing delays it", Spread.of([cost.all for cost in costs[door, "none"]]), MOST, at_most=True)
        for door in DOORS
    )
    return Report("storage", "Storage transactions per mail", rounds, columns, tuple(rows), targets, notes)

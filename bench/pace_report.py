"""What all pace runs came to, as a table for people and as JSON for programs."""

import math
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench.pace_figures import Finding

NOTES = (
    "use: (mails - 1) / (first to last final dot x allowance), as Exchange saw the dots; where hosts are killed, from the "
    "moment when the backlog is there and the killing begins, until 90 % are sent.",
    "throttles: every 432, every 421 4.x, every 250 that Exchange delayed for the rate.",
    "deferrals: messages put on `sending` beyond one a mail, counted at the storage, whatever the reason was.",
    "lost: accepted and not at Exchange, without a row or a state that says why, or moving without a message that moves it.",
    "latency: from the request (HTTP), or from accepting what lay on the producer's queue, to the 250 (span `smtp "
    "transaction`), less the time that the message lay on `sending` (end of `send sending` to start of `process sending`), "
    "beside the same bytes on an open connection of aiosmtplib.",
)
"""How the figures are made; they stand below the table and in the JSON."""


def as_json(findings: Sequence[Finding], *, seed: int, faults: Sequence[str]) -> dict[str, Any]:
    """Everything; a value that was never reached is null, shares are between 0 and 1."""
    return {
        "benchmark": "pace",
        "seed": seed,
        "findings": [
            {
                "run": finding.run,
                "figure": finding.figure,
                "value": finding.value if math.isfinite(finding.value) else None,
                "unit": "" if finding.unit == "%" else finding.unit,
                "limit": finding.limit,
                "at_most": finding.at_most,
                "met": finding.met,
                "numbers": finding.numbers,
            }
            for finding in findings
        ],
        "could_not_run": list(faults),
        "good": not faults and all(finding.met for finding in findings),
        "notes": list(NOTES),
    }


def show(findings: Sequence[Finding], console: Console, *, seed: int) -> None:
    """One table of all runs, then how the figures are made."""
    title = Text.assemble(("Pace on real hosts", "bold"), (f"  seed {seed}", "dim"))
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, side in (("run", "left"), ("figure", "left"), ("value", "right"), ("target", "right"), ("", "left")):
        table.add_column(heading, justify="right" if side == "right" else "left", no_wrap=True)
    table.add_column("numbers", overflow="fold")
    for finding in findings:
        table.add_row(*_cells(finding))
    console.print(table)
    for number, note in enumerate(NOTES, start=1):
        console.print(Padding(Text(f"{number}. {note}", style="dim"), (0, 0, 0, 2)))


def _cells(finding: Finding) -> tuple[Text, ...]:
    sign, style = ("✓", "green") if finding.met else ("✗", "bold red")
    relation = "≤" if finding.at_most else "≥"
    return (
        Text(finding.run),
        Text(finding.figure),
        Text(written(finding.value, finding.unit), style="" if finding.met else "bold red"),
        Text(f"{relation} {written(finding.limit, finding.unit)}"),
        Text(sign, style=style),
        Text(finding.numbers, style="dim"),
    )


def written(value: float, unit: str) -> str:
    """A value with its unit: a share as percent, counts without decimals, `never` for what was not reached."""
    if not math.isfinite(value):
        return "never"
    if unit == "%":
        return f"{value:.1%}".replace("%", " %")
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return f"{number} {unit}".rstrip()

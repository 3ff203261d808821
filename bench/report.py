"""What a benchmark found, as a table for people and as JSON for programs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench.figures import Spread, Target


class Measured(Protocol):
    """What a benchmark gives back."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""

    def show(self, console: Console) -> None:
        """For people."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in JSON, its heading with the unit, and how many decimals are worth reading."""

    name: str
    heading: str
    decimals: int


Cell = Spread | str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One thing measured; a cell is a spread, a text, or None where the column does not apply.

    `data` says to programs what the texts say to people.
    """

    label: str
    cells: tuple[Cell, ...]
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """One benchmark's result. `rounds` says how often everything took its turn."""

    name: str
    title: str
    rounds: int
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    targets: tuple[Target, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Rows by label and column, numbers only; a spread is `{"median", "low", "high"}`."""
        return {
            "benchmark": self.name,
            "rounds": self.rounds,
            "rows": [{"label": row.label, **self._cells(row)} for row in self.rows],
            "targets": [{**asdict(target), "met": target.met} for target in self.targets],
            "notes": list(self.notes),
        }

    def _cells(self, row: Row) -> dict[str, Any]:
        pairs = zip(self.columns, row.cells, strict=True)
        numbers = {column.name: asdict(cell) for column, cell in pairs if isinstance(cell, Spread)}
        return {**numbers, **row.data}

    def show(self, console: Console) -> None:
        """The table, the targets below it, then the footnotes."""
        console.print(self._table())
        for target in self.targets:
            console.print(verdict(target))
        for number, note in enumerate(self.notes, start=1):
            console.print(Padding(Text(f"{number}. {note}", style="dim"), (0, 0, 0, 2)))
        console.print()

    def _table(self) -> Table:
        title = Text.assemble((self.title, "bold"), (f"  median (lowest-highest) of {self.rounds} rounds", "dim"))
        table = Table(
            title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="", padding=(0, 2, 0, 0), pad_edge=False
        )
        table.add_column("", no_wrap=True)
        texts = [
            [shown(cell, column.decimals) for cell, column in zip(row.cells, self.columns, strict=True)] for row in self.rows
        ]
        for number, column in enumerate(self.columns):
            words = any(isinstance(row.cells[number], str) for row in self.rows)
            longest = max(len(word) for row in texts for word in ("", *row[number].plain.split()))
            table.add_column(Text(column.heading), justify="left" if words else "right", min_width=longest)
        for row, cells in zip(self.rows, texts, strict=True):
            table.add_row(Text(row.label), *cells)
        return table


def shown(cell: Cell, decimals: int) -> Text:
    """A cell: `12.3 (11.9-14.0)`, the median alone where nothing varied, a text as it is, nothing for None."""
    if cell is None:
        return Text("")
    if isinstance(cell, str):
        return Text(cell)
    low, middle, high = (f"{value:,.{decimals}f}" for value in (cell.low, cell.median, cell.high))
    return Text(middle) if low == high else Text.assemble(middle, (f" ({low}-{high})", "dim"))


def verdict(target: Target) -> Text:
    """One line: what was promised, what came out, and whether that is enough."""
    sign, style = ("✓", "green") if target.met else ("✗", "bold red")
    relation = "at most" if target.at_most else "at least"
    return Text.assemble(
        (f"  {sign} ", style), f"{target.name}: ", shown(target.value, 2), (f"  target {relation} {target.limit:g}", "dim")
    )

"""The result: a table of copies, a table of what callers were told, and the same as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench.outcomes.incidents import INCIDENTS
from bench.outcomes.ours import NAME
from bench.outcomes.trial import Trial, ambiguous
from bench.outcomes.verdict import Verdict

STYLES = {
    Verdict.RIGHT: "green",
    Verdict.HONEST: "cyan",
    Verdict.MARKED: "cyan",
    Verdict.GUESS: "yellow",
    Verdict.WRONG: "bold red",
    Verdict.DUPLICATES: "bold red",
    Verdict.LOST: "bold red",
}

BROKEN = frozenset({Verdict.WRONG, Verdict.DUPLICATES, Verdict.LOST})
"""What must never come of a mail of our project."""


_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Result:
    """All trials, ordered by incident and program, and the footnotes."""

    trials: Sequence[Trial]
    notes: Sequence[str]

    @property
    def broken(self) -> list[Trial]:
        """Our own trials that break the promise: nothing lost, nothing silently sent twice, nothing said that is wrong."""
        ours = (trial for trial in self.trials if trial.program.startswith(NAME))
        return [trial for trial in ours if {trial.first.verdict, trial.then.verdict} & BROKEN]

    def as_json(self) -> dict[str, Any]:
        """One object for each trial."""
        return {
            "benchmark": "outcomes",
            "incidents": [{"name": one.name, "title": one.title} for one in INCIDENTS],
            "trials": [trial.as_json() for trial in self.trials],
            "same_words_sent_or_not": ambiguous(self.trials),
            "promise_kept": not self.broken,
            "notes": list(self.notes),
        }

    def show(self, console: Console) -> None:
        """Both tables, whether our promise was kept, and the footnotes."""
        console.print(self._copies())
        console.print(self._told())
        console.print(self._promise())
        same = ", ".join(ambiguous(self.trials)) or "nobody"
        said = f"Told in the very same words whether the server has the mail or not, without saying so: {same}."
        for number, note in enumerate((said, *self.notes), start=1):
            console.print(Padding(Text(f"{number}. {note}", style="dim"), (0, 0, 0, 2)))
        console.print()

    @property
    def _widest(self) -> int:
        return max(len(trial.program) for trial in self.trials)

    def _copies(self) -> Table:
        title = Text.assemble(("Copies received", "bold"), ("  by itself→when the caller tries once more", "dim"))
        table = _table(title, self._widest, *(one.short.replace(", ", ",\n") for one in INCIDENTS))
        for program in dict.fromkeys(trial.program for trial in self.trials):
            trials = {trial.incident.name: trial for trial in self.trials if trial.program == program}
            table.add_row(Text(program), *(_both(trials[one.name]) for one in INCIDENTS))
        return table

    def _told(self) -> Table:
        title = Text.assemble(("What the caller was told", "bold"), ("  and whether that is so", "dim"))
        table = _table(title, self._widest + len(_INDENT), "copies", "told", "so it is")
        for incident in INCIDENTS:
            table.add_row(Text(incident.title, style="bold"))
            for trial in self.trials:
                if trial.incident is incident:
                    table.add_row(*_cells(trial))
            table.add_section()
        return table

    def _promise(self) -> Text:
        if self.broken:
            named = ", ".join(f"{trial.program}: {trial.incident.title}" for trial in self.broken)
            return Text(f"  ✗ {NAME} broke its promise: {named}", style="bold red")
        return Text.assemble(
            ("  ✓ ", "green"), f"{NAME}: nothing lost, nothing silently sent twice, nothing said that is wrong"
        )


def in_order(trials: Iterable[Trial], programs: Sequence[str]) -> tuple[Trial, ...]:
    """By incident, and for each in the order of the programs."""
    incidents = [one.name for one in INCIDENTS]
    return tuple(sorted(trials, key=lambda one: (incidents.index(one.incident.name), programs.index(one.program))))


def _table(title: Text, first: int, *headings: str) -> Table:
    """An empty table: a first column of at least this width, then one for each heading."""
    table = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="", padding=(0, 1, 0, 0), pad_edge=False
    )
    table.add_column("", min_width=first)
    for heading in headings:
        table.add_column(Text(heading), min_width=max(map(len, heading.split())))
    return table


def _both(trial: Trial) -> Text:
    """`1→2`, or the number alone where the caller had no reason to try again."""
    first, then = trial.first, trial.then
    if first is then:
        return Text(str(first.copies), style=STYLES[first.verdict])
    return Text.assemble((str(first.copies), STYLES[first.verdict]), "→", (str(then.copies), STYLES[then.verdict]))


def _cells(trial: Trial) -> tuple[Text, ...]:
    first = trial.first
    copies = Text(str(first.copies), justify="right")
    verdict = Text(first.verdict.value, style=STYLES[first.verdict], no_wrap=True)
    return Text(f"{_INDENT}{trial.program}"), copies, Text(first.told.words), verdict

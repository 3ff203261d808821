"""Progress of a benchmark on standard error, redrawn only between two measurements: drawing costs time too."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn


@dataclass(frozen=True, slots=True)
class Steps:
    """Counts the steps that are done."""

    bar: Progress
    task: TaskID

    def done(self, what: str) -> None:
        """One more step; `what` comes next."""
        self.bar.update(self.task, advance=1, description=what)
        self.bar.refresh()


@contextmanager
def steps(title: str, total: int) -> Iterator[Steps]:
    """A bar of `total` steps while the block runs."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task = bar.add_task(title, total=total)
        bar.refresh()
        yield Steps(bar, task)

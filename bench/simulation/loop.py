"""An event loop without waiting: when nothing can run, its clock jumps to the next timer. A seed gives the same run."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

START = 1_800_000_000.0
"""Epoch seconds at which every run begins, in 2027; far from zero, as real times are."""


RESOLUTION = 1e-6
"""Seconds. Epoch seconds are floats with a grain of a quarter of that; a shorter jump would not move the clock at all."""


class _Jumping(selectors.SelectSelector):
    """Looks at no file: a wait is a jump of the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Nothing ever comes from outside, so a wait without end is a run that hangs."""
        if timeout is None:
            raise RuntimeError("everybody waits for somebody else")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time is what the timers say."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)
        self._clock_resolution = RESOLUTION

    def time(self) -> float:
        """Seconds, by the virtual clock."""
        return self._jumping.now


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end on a clock of its own, and end every task that it left."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)

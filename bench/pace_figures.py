"""The arithmetic of the pace benchmark: how much of an allowance was used, and when a number came down or up to stay."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 60.0
"""Seconds over which Exchange counts a mailbox's mails."""

Sample = tuple[float, int]
"""A time in seconds and what was counted then."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of one run against its target. `at_most`: `limit` is the most, otherwise the least.

    `unit` stands behind the value ("%" multiplies it by 100); `numbers` are further ones worth reading.
    """

    run: str
    figure: str
    value: float
    limit: float
    at_most: bool
    unit: str = ""
    numbers: str = ""

    @property
    def met(self) -> bool:
        """Whether the target is kept; what was never reached is not."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit


def between(times: Sequence[float], *, since: float, part: float) -> list[float]:
    """The first `part` (0 to 1) of these ascending times, without those before `since`."""
    return [at for at in times[: math.ceil(part * len(times))] if at >= since]


def use(times: Sequence[float], per_minute: float) -> float:
    """The part of an allowance that these ascending times used, from the first to the last; 0 where there are not two."""
    if len(times) < 2:
        return 0.0
    took = times[-1] - times[0]
    return (len(times) - 1) / (took * per_minute / WINDOW) if took > 0 else math.inf


def sliding(times: Sequence[float], at: float, *, window: float = WINDOW) -> int:
    """How many of these ascending times lie in the `window` seconds that end at `at`."""
    return bisect_right(times, at) - bisect_right(times, at - window)


def settled(samples: Sequence[Sample], most: int, *, stays: float) -> float:
    """The first time from which the count is at most `most` for `stays` seconds without a break; infinite for never."""
    since = math.inf
    for at, count in samples:
        if count > most:
            since = math.inf
        elif since == math.inf:
            since = at
        if at - since >= stays:
            return since
    return math.inf


def reached(samples: Sequence[Sample], least: int) -> float:
    """The first time at which the count is at least `least`; infinite for never."""
    return next((at for at, count in samples if count >= least), math.inf)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is at least as large as `percent` of all (nearest rank); not a number for none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]

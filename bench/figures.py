"""The arithmetic of a benchmark: what repeated measurements come to, and how two that took turns compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several measurements with their lowest and highest; one machine's noise lies between the two."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of at least one measurement; raises `ValueError` for none."""
        if not values:
            raise ValueError("nothing was measured")
        return cls(median(values), min(values), max(values))


def ratios(measured: Sequence[float], peer: Sequence[float]) -> Spread:
    """The spread of measured/peer, round by round: the two of one round met the same machine.

    Raises `ValueError` where the rounds do not pair up or a peer's measurement is not positive.
    """
    if len(measured) != len(peer) or any(value <= 0 for value in peer):
        raise ValueError("every measurement needs a peer of its own, above zero")
    return Spread.of([ours / theirs for ours, theirs in zip(measured, peer, strict=True)])


@dataclass(frozen=True, slots=True)
class Target:
    """What was promised of a figure, and what came out. `at_most`: the limit is the most, otherwise the least."""

    name: str
    value: Spread
    limit: float
    at_most: bool

    @property
    def met(self) -> bool:
        """Whether the median keeps the promise."""
        return self.value.median <= self.limit if self.at_most else self.value.median >= self.limit

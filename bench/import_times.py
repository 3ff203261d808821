"""Reads what `python -X importtime` writes."""

import re
from dataclasses import dataclass

_LINE = re.compile(r"^import time:\s+(?P<own>\d+) \|\s+\d+ \| +(?P<module>\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cost:
    """A module and the seconds that its own code took, without what it imports."""

    module: str
    own: float


def read(log: str) -> list[Cost]:
    """The modules of a log in the order in which they were ready."""
    return [Cost(found["module"], int(found["own"]) / 1e6) for found in _LINE.finditer(log)]


def costliest(peer: str, app: str, count: int) -> list[Cost]:
    """The `count` costliest modules of the app's log that the peer's log does not have, the costliest first."""
    known = {cost.module for cost in read(peer)}
    added = [cost for cost in read(app) if cost.module not in known]
    return sorted(added, key=lambda cost: cost.own, reverse=True)[:count]

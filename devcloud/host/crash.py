"""Dying on purpose at a named point, so that tests can see what a host leaves behind."""

import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from devcloud.host.faults import HostFault

POINTS = ("before-call", "after-call", "before-delete", "between-poison-add-and-delete")


@dataclass(slots=True)
class CrashPoint:
    """Die at `point`, the `remaining`-th time it is reached (by `function`, when one is named)."""

    point: str
    function: str | None
    remaining: int


def kill_self() -> None:
    """End this process as a power cut would: no handler, no cleanup."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(slots=True)
class CrashPlan:
    """The points at which this process dies. Only queue-triggered calls count, so ticks cannot disturb a test."""

    points: list[CrashPoint] = field(default_factory=list)
    die: Callable[[], None] = kill_self

    def reach(self, point: str, function: str) -> None:
        """Say that `function` has come to `point`; does not return when its time has come."""
        for planned in self.points:
            if planned.point != point or planned.function not in {None, function}:
                continue
            planned.remaining -= 1
            if planned.remaining == 0:
                self.die()


def read_crash_plan(text: str) -> CrashPlan:
    """Read `POINT[@FUNCTION][:N]`, several separated by commas.

    Raises:
        HostFault: an unknown point or a count that is no positive number.
    """
    return CrashPlan(list(_points(part.strip() for part in text.split(",") if part.strip())))


def _points(parts: Iterable[str]) -> Iterable[CrashPoint]:
    for part in parts:
        where, _, count = part.partition(":")
        point, _, function = where.partition("@")
        if point not in POINTS:
            raise HostFault(f"DEVCLOUD_CRASH: unknown point {point!r}; use one of {', '.join(POINTS)}")
        if count and not (count.isdecimal() and int(count) > 0):
            raise HostFault(f"DEVCLOUD_CRASH: {count!r} is no count; write for example {point}:2")
        yield CrashPoint(point, function or None, int(count or 1))

"""When a digest's window closes: the next time of a cron schedule in the digest's own time zone.

A schedule of fixed times stays at its local time across clock changes: a time that does not exist on the day in spring is
taken at the end of the gap, and a time that exists twice in autumn counts once, the first time (as Debian's cron does it).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from cronsim import CronSim

_SOME_DAY = 1_767_225_600.0
"""1 January 2026, from which a schedule is tried; any day would do."""

_WITH_SECONDS = 6


def window_end(schedule: str, time_zone: str, now: float) -> float:
    """The schedule's first time after `now`, both in epoch seconds; raises `ValueError` as `check_schedule` does.

    `schedule` has five fields, or six with seconds first; `time_zone` is an IANA name.
    """
    zone = _zone(time_zone)
    for at in _times(schedule, datetime.fromtimestamp(now, zone)):
        if at > now:
            return at
    raise ValueError("the schedule never comes due; check its day and month")


def check_schedule(schedule: str, time_zone: str) -> None:
    """Raise `ValueError` with cause and cure for a schedule that cannot be read or never comes due, or an unknown zone."""
    window_end(schedule, time_zone, _SOME_DAY)


def _times(schedule: str, start: datetime) -> Iterator[float]:
    """Times from `start` on. In the hour that happens twice the first one may lie before `start`."""
    for at in _simulated(schedule, start):
        yield at.timestamp()


def _simulated(schedule: str, start: datetime) -> "CronSim":
    from cronsim import CronSim, CronSimError

    fields = schedule.split()
    if len(fields) == _WITH_SECONDS and fields[0] == "0":
        # The library keeps local times across clock changes only for five fields; second 0 is what five fields mean.
        fields = fields[1:]
    try:
        return CronSim(" ".join(fields), start)
    except CronSimError as error:
        raise ValueError(f"the schedule is not a cron expression of five or six fields: {error}") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("the time zone is not known; give an IANA name such as Europe/London") from None

"""When a timer function runs: pure decisions (azure-webjobs-sdk-extensions ScheduleMonitor and TimerListener)."""

import datetime as dt
import json
from dataclasses import dataclass
from enum import Enum
from typing import Self

from cronsim import CronSim, CronSimError

from devcloud.host.faults import HostFault

NEVER = dt.datetime(1, 1, 1, tzinfo=dt.UTC)  # .NET's default DateTime, written before the first run
ANY = "*"
FIELDS_WITH_SECONDS = 6
FIELDS_WITHOUT_SECONDS = 5
MONITORED_SPACING = dt.timedelta(minutes=1)  # the host does not monitor what fires more than once in a minute


class Schedule:
    """An NCRONTAB expression in UTC: `{second} {minute} {hour} {day} {month} {day-of-week}`, or five fields."""

    def __init__(self, expression: str) -> None:
        """Read the expression.

        Raises:
            HostFault: not five or six fields, or not a valid expression.
        """
        fields = expression.split()
        if len(fields) == FIELDS_WITHOUT_SECONDS:
            fields = ["0", *fields]
        if len(fields) != FIELDS_WITH_SECONDS:
            raise HostFault(f"timer schedule {expression!r}: five or six fields are needed (a TimeSpan does not work here)")
        self.expression = expression
        *rest, day, month, weekday = fields
        self._expressions = [" ".join(fields)]
        if ANY not in {day, weekday}:
            # NCRONTAB wants day and weekday both to match; cronsim, like Unix cron, is content with one of them.
            self._expressions = [" ".join([*rest, day, month, ANY]), " ".join([*rest, ANY, month, weekday])]
        try:
            self.next_after(dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
        except CronSimError as error:
            raise HostFault(f"timer schedule {expression!r} is not valid: {error}") from error
        except StopIteration:
            raise HostFault(f"timer schedule {expression!r} never comes true") from None

    def next_after(self, time: dt.datetime) -> dt.datetime:
        """Return the first occurrence strictly after `time`.

        Raises:
            StopIteration: there is none within the next decades.
        """
        candidates = [next(CronSim(expression, time)) for expression in self._expressions]
        while len(set(candidates)) > 1:
            just_before = max(candidates) - dt.timedelta(seconds=1)
            candidates = [next(CronSim(expression, just_before)) for expression in self._expressions]
        return candidates[0]

    def fires_more_than_once_a_minute(self, now: dt.datetime) -> bool:
        """Tell whether the next two occurrences lie within one minute from now."""
        return self.next_after(self.next_after(now)) <= now + MONITORED_SPACING


@dataclass(frozen=True, slots=True)
class Status:
    """What is remembered of a timer between runs and starts; all times in UTC."""

    last: dt.datetime
    next: dt.datetime
    last_updated: dt.datetime

    def to_json(self) -> str:
        """Return the text of the status blob."""
        return json.dumps(self.as_payload())

    def as_payload(self) -> dict[str, str]:
        """Return what the function sees as `schedule_status`."""
        return {"Last": self.last.isoformat(), "LastUpdated": self.last_updated.isoformat(), "Next": self.next.isoformat()}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a status blob; a time without zone counts as UTC.

        Raises:
            ValueError, KeyError, TypeError: it is no status.
        """
        document = json.loads(text)
        last, following, updated = (_utc(document.get(key) or NEVER.isoformat()) for key in ("Last", "Next", "LastUpdated"))
        return cls(last, following, updated)


class Reason(Enum):
    """Why a timer function runs."""

    SCHEDULE = "schedule"
    PAST_DUE = "past due"
    STARTUP = "startup"


@dataclass(frozen=True, slots=True)
class Start:
    """What to do when a host begins to run a timer: remember `status`, save it if `save`, and perhaps run at once."""

    status: Status
    save: bool
    run: Reason | None


def at_start(stored: Status | None, schedule: Schedule, now: dt.datetime, run_on_startup: bool) -> Start:  # noqa: FBT001 - a binding's own field
    """Decide what happens when the listener starts: nothing on the very first start, one run when one was missed."""
    if stored is None:
        status, save = Status(NEVER, schedule.next_after(now), now), True
    else:
        status = _reconciled(stored, schedule, now)
        save = status != stored
    if now > status.next:
        return Start(status, save, Reason.PAST_DUE)
    return Start(status, save, Reason.STARTUP if run_on_startup else None)


def after_run(status: Status, schedule: Schedule, invoked_at: dt.datetime, reason: Reason) -> Status:
    """Return the status after a run that began at `invoked_at`, whether it failed or not.

    A tick slightly before its occurrence counts as that occurrence, so that it does not fire twice.
    """
    counted = max(invoked_at, status.next) if reason is Reason.SCHEDULE else invoked_at
    return Status(counted, schedule.next_after(counted), counted)


def payload(status: Status | None, reason: Reason) -> str:
    """Return the JSON that the worker gets for a timer; `status` is None when the timer is not monitored."""
    return json.dumps(
        {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": status.as_payload() if status else None,
            "IsPastDue": reason is Reason.PAST_DUE,
        }
    )


def _reconciled(stored: Status, schedule: Schedule, now: dt.datetime) -> Status:
    known = next((time for time in (stored.last, stored.last_updated) if time > NEVER), now)
    expected = schedule.next_after(known)
    if stored.next == expected:
        return stored
    if now > expected:
        return Status(NEVER, schedule.next_after(now), now)
    return Status(NEVER, expected, known)


def _utc(text: str) -> dt.datetime:
    time = dt.datetime.fromisoformat(text)
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)

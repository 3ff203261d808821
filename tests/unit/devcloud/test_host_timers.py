"""When timers run: the pure rules."""

import datetime as dt
import json

import pytest

from devcloud.host.faults import HostFault
from devcloud.host.timers import NEVER, Reason, Schedule, Start, Status, after_run, at_start, payload


def at(text: str) -> dt.datetime:
    """Return a time of 23 November 2026 (a Monday), in UTC."""
    return dt.datetime.fromisoformat(f"2026-11-23T{text}+00:00")


EVERY_FIVE_MINUTES = Schedule("0 */5 * * * *")


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("*/2 * * * * *", "2026-11-23T22:00:02"),
        ("0 */5 * * * *", "2026-11-23T22:05:00"),
        ("*/5 * * * *", "2026-11-23T22:05:00"),
        ("0 30 9 * Jan Mon", "2027-01-04T09:30:00"),
        ("0 0 0 * * 0", "2026-11-29T00:00:00"),
        ("0 0 0 1 * 1", "2027-02-01T00:00:00"),
        ("* * * 1 * 1", "2027-02-01T00:00:00"),
    ],
)
def test_expressions_have_five_or_six_fields_and_want_day_and_weekday_both(expression: str, following: str) -> None:
    """NCRONTAB: seconds come first when there are six fields, and a day and a weekday must both match."""
    assert Schedule(expression).next_after(at("22:00:00")).isoformat() == f"{following}+00:00"


@pytest.mark.parametrize("expression", ["", "00:00:05", "* * * *", "0 0 0 31 2 *", "61 * * * * *", "a b c d e f"])
def test_an_expression_that_cannot_fire_is_refused(expression: str) -> None:
    """Wrong field counts, wrong values, time spans and dates that never come stop the host."""
    with pytest.raises(HostFault, match="schedule"):
        Schedule(expression)


def test_only_schedules_of_a_minute_or_more_are_monitored() -> None:
    """Two occurrences within a minute switch the monitor off."""
    assert Schedule("*/30 * * * * *").fires_more_than_once_a_minute(at("22:00:01"))
    assert not Schedule("0 * * * * *").fires_more_than_once_a_minute(at("22:00:01"))


def test_the_first_start_ever_only_remembers_the_next_occurrence() -> None:
    """Without a status nothing runs."""
    start = at_start(None, EVERY_FIVE_MINUTES, at("22:01:00"), run_on_startup=False)
    assert start == Start(Status(NEVER, at("22:05:00"), at("22:01:00")), save=True, run=None)


def test_a_missed_occurrence_runs_once_however_many_were_missed() -> None:
    """A host that was down for hours runs the timer once, past due, and goes on from now."""
    stored = Status(at("20:00:00"), at("20:05:00"), at("20:00:00"))
    start = at_start(stored, EVERY_FIVE_MINUTES, at("22:01:00"), run_on_startup=True)
    assert start == Start(stored, save=False, run=Reason.PAST_DUE)
    assert after_run(stored, EVERY_FIVE_MINUTES, at("22:01:00"), Reason.PAST_DUE).next == at("22:05:00")


def test_a_changed_schedule_is_never_past_due() -> None:
    """When the stored next is not what the schedule gives, it is computed anew, from now if it lies in the past."""
    stored = Status(at("20:00:00"), at("20:07:00"), at("20:00:00"))
    start = at_start(stored, EVERY_FIVE_MINUTES, at("22:01:00"), run_on_startup=False)
    assert start == Start(Status(NEVER, at("22:05:00"), at("22:01:00")), save=True, run=None)
    soon = at_start(stored, Schedule("0 30 22 * * *"), at("22:01:00"), run_on_startup=False)
    assert soon.status == Status(NEVER, at("22:30:00"), at("20:00:00"))


def test_run_on_startup_runs_when_nothing_is_past_due() -> None:
    """The binding's own wish gives a run that is not past due."""
    stored = Status(at("22:00:00"), at("22:05:00"), at("22:00:00"))
    assert at_start(stored, EVERY_FIVE_MINUTES, at("22:01:00"), run_on_startup=True).run is Reason.STARTUP
    assert at_start(stored, EVERY_FIVE_MINUTES, at("22:01:00"), run_on_startup=False).run is None


def test_next_is_computed_from_the_start_of_the_run() -> None:
    """Occurrences missed during a long run collapse into one, and an early tick counts as its occurrence."""
    status = Status(at("22:00:00"), at("22:05:00"), at("22:00:00"))
    late = after_run(status, EVERY_FIVE_MINUTES, at("22:05:00.200000"), Reason.SCHEDULE)
    assert (late.last, late.next) == (at("22:05:00.200000"), at("22:10:00"))
    early = after_run(status, EVERY_FIVE_MINUTES, at("22:04:59.900000"), Reason.SCHEDULE)
    assert (early.last, early.next) == (at("22:05:00"), at("22:10:00"))


def test_a_status_survives_its_blob_and_what_dotnet_writes_is_read() -> None:
    """Times come back equal; seven digits of a second and a missing zone are understood."""
    status = Status(at("22:00:00.123456"), at("22:05:00"), at("22:00:00"))
    assert Status.from_json(status.to_json()) == status
    text = '{"Last":"0001-01-01T00:00:00","Next":"2026-11-23T22:05:00Z","LastUpdated":"2026-11-23T23:00:00.1234567+01:00"}'
    assert Status.from_json(text) == Status(NEVER, at("22:05:00"), at("22:00:00.123456"))


def test_the_payload_has_the_form_that_the_worker_expects() -> None:
    """Schedule, status (null without monitor) and IsPastDue."""
    status = Status(at("22:00:00"), at("22:05:00"), at("22:00:00"))
    assert json.loads(payload(None, Reason.SCHEDULE))["ScheduleStatus"] is None
    document = json.loads(payload(status, Reason.PAST_DUE))
    assert document["IsPastDue"] is True
    assert document["Schedule"] == {"AdjustForDST": True}
    assert document["ScheduleStatus"]["Next"] == "2026-11-23T22:05:00+00:00"

"""When digests' windows close."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules.digest_windows import check_schedule, window_end

LONDON = "Europe/London"


def at(text: str) -> float:
    """Epoch seconds of an ISO time with offset."""
    return datetime.fromisoformat(text).timestamp()


def after(schedule: str, zone: str, text: str, times: int = 1) -> list[str]:
    """The next times of a schedule, in UTC."""
    now, ends = at(text), []
    for _ in range(times):
        now = window_end(schedule, zone, now)
        ends.append(datetime.fromtimestamp(now, UTC).strftime("%m-%dT%H:%M:%SZ"))
    return ends


def test_seven_in_the_morning_stays_at_seven_across_the_clock_change() -> None:
    """London goes from UTC to UTC+1 on 29 March 2026, and back on 25 October."""
    assert after("0 7 * * *", LONDON, "2026-03-27T12:00Z", 3) == ["03-28T07:00:00Z", "03-29T06:00:00Z", "03-30T06:00:00Z"]
    assert after("0 7 * * *", LONDON, "2026-10-23T12:00Z", 3) == ["10-24T06:00:00Z", "10-25T07:00:00Z", "10-26T07:00:00Z"]


@pytest.mark.parametrize("schedule", ["30 1 * * *", "0 30 1 * * *"])
def test_a_time_that_does_not_exist_is_taken_at_the_end_of_the_gap(schedule: str) -> None:
    """On 29 March 01:30 is skipped: the window closes at 02:00 British time, which is 01:00 UTC, not a day later."""
    assert after(schedule, LONDON, "2026-03-28T12:00Z", 2) == ["03-29T01:00:00Z", "03-30T00:30:00Z"]


@pytest.mark.parametrize("schedule", ["30 1 * * *", "0 30 1 * * *"])
def test_a_time_that_exists_twice_counts_once(schedule: str) -> None:
    """On 25 October 01:30 comes twice: the window closes at the first one."""
    assert after(schedule, LONDON, "2026-10-24T12:00Z", 2) == ["10-25T00:30:00Z", "10-26T01:30:00Z"]


def test_inside_the_repeated_hour_the_end_is_still_in_the_future() -> None:
    """At the second 01:15 of 25 October the first 01:30 is over, so the next window closes a day later."""
    assert after("30 1 * * *", LONDON, "2026-10-25T01:15Z") == ["10-26T01:30:00Z"]


def test_a_schedule_by_the_hour_ignores_clock_changes() -> None:
    """Every half hour is every half hour, also through the changes."""
    assert after("*/30 * * * *", LONDON, "2026-10-25T00:10Z", 4) == [
        "10-25T00:30:00Z",
        "10-25T01:00:00Z",
        "10-25T01:30:00Z",
        "10-25T02:00:00Z",
    ]


def test_the_end_is_strictly_after_now() -> None:
    """At the very time of a window's end the next one is meant; a moment before it, this one."""
    seven = at("2026-11-23T07:00Z")
    assert window_end("0 7 * * *", LONDON, seven) == seven + 86_400
    assert window_end("0 7 * * *", LONDON, seven - 0.25) == seven


def test_six_fields_begin_with_seconds() -> None:
    """As the Functions host writes its schedules."""
    assert after("15 */10 * * * *", "UTC", "2026-11-23T07:00:20Z", 2) == ["11-23T07:10:15Z", "11-23T07:20:15Z"]


def test_weekdays_and_other_zones_work() -> None:
    """Fridays at 17:45 in Kathmandu, whose offset is 5:45, are noon in UTC."""
    assert after("45 17 * * FRI", "Asia/Kathmandu", "2026-11-23T07:00Z") == ["11-27T12:00:00Z"]


@settings(max_examples=60)
@given(
    st.integers(1_600_000_000, 2_000_000_000),
    st.sampled_from(
        ["30 1 * * *", "0 7 * * MON", "*/15 * * * *", "0 0 1 * *", "59 2 * * *", "30 0 1 * * *", "10 30 2 * * *"]
    ),
    st.sampled_from([LONDON, "America/New_York", "Australia/Lord_Howe", "UTC", "Africa/Casablanca"]),
)
def test_windows_follow_each_other_without_end(now: int, schedule: str, zone: str) -> None:
    """From any moment the end lies ahead, and the same end holds until it is reached."""
    end = window_end(schedule, zone, now)
    assert end > now
    assert window_end(schedule, zone, end) > end
    assert window_end(schedule, zone, (now + end) / 2) == end
    local = datetime.fromtimestamp(end, ZoneInfo(zone))
    assert local.second in (0, 10, 30)


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "x",
        "* * * *",
        "60 * * * *",
        "0 24 * * *",
        "0 0 31 2 *",
        "0 0 30 2 *",
        "@daily",
        "0 7 * * * * *",
        "0 7 * * MOO",
        "\0",
        "-1 * * * *",
    ],
)
def test_schedules_that_cannot_be_read_or_never_come_are_refused(schedule: str) -> None:
    """Each gets a `ValueError` that speaks of the schedule."""
    with pytest.raises(ValueError, match="schedule"):
        check_schedule(schedule, LONDON)


@pytest.mark.parametrize(
    "zone", ["", "Europe/Londno", "../etc/passwd", "/etc/localtime", "Europe", "\0", "London\n", "ü" * 300]
)
def test_unknown_zones_are_refused(zone: str) -> None:
    """Only IANA names are zones."""
    with pytest.raises(ValueError, match="time zone"):
        check_schedule("0 7 * * *", zone)


@pytest.mark.parametrize("schedule", ["0 7 * * *", "*/5 8-18 * * MON-FRI", "0 0 29 2 *", "0 0 L * *", "30 0 7 * * *"])
def test_sound_schedules_pass(schedule: str) -> None:
    """Also those that come due rarely."""
    check_schedule(schedule, LONDON)

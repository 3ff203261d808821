"""What a row says of the next hours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.pace import JITTER, Hold, Lane, Limits, Line, Pace, Share, Slot
from shared.rules.pace_day import BUCKET, DAY
from shared.rules.pace_forecast import Foreign, Wall, external_limit, forecast
from shared.rules.pace_line import joined

NOW = 1_800_000_000.0
"""A multiple of the day's buckets."""

LIMITS = Limits(30, 3, 10_000)
STEP = LIMITS.interval
TODAY = int(NOW // BUCKET)


def in_line(pace: Pace, **lanes: int) -> Pace:
    """So many mails more in the lines."""
    for lane, mails in lanes.items():
        for _ in range(mails):
            pace, _ = joined(pace, Lane(lane), LIMITS, NOW)
    return pace


@pytest.mark.parametrize(("licences", "limit"), [(1, 10_000), (100, 22_059), (1_000, 72_446)])
def test_the_tenants_limit_is_the_published_one(licences: int, limit: int) -> None:
    """The values that Microsoft gives for its formula."""
    assert external_limit(licences) == limit


def test_a_mailbox_that_nobody_used_has_everything_before_it() -> None:
    """The whole allowance, no line, no wall, no foreign load."""
    said = forecast(Pace(), LIMITS, NOW)
    assert (said.sent, said.allowed, said.held, said.connections, said.mails) == (0, 30, 0, 3, 0)
    assert (said.drains_at, said.wall, said.recipients, said.external, said.foreign) == (None, None, 0, 0, Foreign())


def test_the_rate_counts_what_left_in_the_last_minute() -> None:
    """Neither what is booked ahead nor what is older."""
    slots = tuple(Slot(NOW + at, Lane.NORMAL) for at in (-61, -60, -59, -1, 0, 0.5))
    assert forecast(Pace(slots=slots), LIMITS, NOW).sent == 3


def test_the_rate_of_very_fast_mailboxes_is_taken_from_the_part_of_a_minute_that_the_row_holds() -> None:
    """1,200 slots of half a minute are 2,400 mails a minute."""
    slots = tuple(Slot(NOW - 29.99 + n * 0.0249, Lane.BULK) for n in range(1_200))
    assert forecast(Pace(slots=slots), Limits(2_400, 3, 10_000), NOW).sent == 2_400


def test_turns_that_are_over_are_not_held() -> None:
    """Of two instances' turns one has expired."""
    holds = (Hold("a", 2, NOW - 5, NOW + 5), Hold("b", 1, NOW - 20, NOW - 1))
    assert forecast(Pace(holds=holds), LIMITS, NOW).held == 2


def test_a_backlog_is_counted_by_lane_and_drains_at_full_speed() -> None:
    """All lanes share the mailbox's speed."""
    said = forecast(in_line(Pace(), high=5, normal=20, bulk=75), LIMITS, NOW)
    assert said.backlog == {Lane.HIGH: 5, Lane.NORMAL: 20, Lane.BULK: 75}
    assert said.drains_at == pytest.approx(NOW + 100 * STEP, abs=STEP)
    assert said.wall is None


def test_foreign_load_slows_the_backlog_down() -> None:
    """At half the rate it takes twice as long; what others take is the other half."""
    share = Share(connections=1, next_try=NOW + 40, rate=0.5, slowed=NOW)
    said = forecast(in_line(Pace(share=share), bulk=100), LIMITS, NOW)
    assert (said.allowed, said.connections) == (15, 1)
    assert said.foreign == Foreign(15, 2, NOW + 40)
    assert said.drains_at == pytest.approx(NOW + 200 * STEP, abs=2 * STEP)


def test_what_was_gained_back_since_is_ours() -> None:
    """A rate lowered long ago is whole again, although nobody wrote the row."""
    share = Share(rate=0.1, slowed=NOW - 3_600)
    assert forecast(Pace(share=share), LIMITS, NOW).foreign == Foreign()


def test_all_connections_back_are_no_foreign_load() -> None:
    """Also before the next mail forgets the refusals."""
    assert forecast(Pace(share=Share(connections=3, next_try=NOW - 1)), LIMITS, NOW).foreign == Foreign()


def test_the_wall_of_the_day_comes_before_the_end_of_a_long_backlog() -> None:
    """9,900 recipients are for these lanes; what is behind goes when the first bucket is a day old."""
    said = forecast(in_line(Pace(), normal=10_212), LIMITS, NOW)
    assert said.wall is not None
    assert (said.wall.limit, said.wall.mails) == (9_900, 312)
    assert said.wall.at == pytest.approx(NOW + 9_900 * STEP, abs=STEP)
    assert said.wall.first_at == NOW + BUCKET + DAY + JITTER
    assert said.drains_at == pytest.approx(NOW + BUCKET + DAY + 312 * STEP, abs=2 * BUCKET)


def test_the_high_lane_goes_up_to_the_whole_limit() -> None:
    """Its last hundredth is kept for it."""
    pace = in_line(Pace(days={TODAY: 9_900}), high=50)
    assert forecast(pace, LIMITS, NOW).drains_at == pytest.approx(NOW + 50 * STEP, abs=STEP)
    walled = forecast(in_line(pace, high=51, bulk=7), LIMITS, NOW)
    assert walled.wall == Wall(NOW, 9_900, 7, NOW + BUCKET + DAY + JITTER)
    full = forecast(in_line(Pace(days={TODAY: 10_000}), high=1 + 5, bulk=7), LIMITS, NOW)
    assert full.wall == Wall(NOW, 10_000, 13, NOW + BUCKET + DAY + JITTER)


def test_a_wall_that_stands_is_told_without_a_backlog() -> None:
    """The next mail would wait; at a time when a bucket's recipients are over."""
    days = {TODAY - 288: 40, TODAY: 9_860}
    said = forecast(Pace(days=days, external={TODAY: 12}), LIMITS, NOW)
    assert (said.recipients, said.external) == (9_900, 12)
    assert said.wall == Wall(NOW, 9_900, 0, NOW + BUCKET + JITTER)


def test_a_line_stands_still_before_a_wall() -> None:
    """An hour later as many mails wait, although at full speed they would have left."""
    pace = in_line(Pace(days={TODAY: 9_900}), bulk=312)
    said = forecast(pace, LIMITS, NOW + 3_600)
    assert said.backlog[Lane.BULK] == 312
    assert said.wall is not None
    assert said.wall.mails == 312


def test_without_a_wall_a_line_moves_on_with_time() -> None:
    """Some mails never come (cancelled, held), so that it moves without them."""
    assert forecast(in_line(Pace(), bulk=312), LIMITS, NOW + 3_600).mails == 0


def test_yesterdays_recipients_make_room_on_the_way() -> None:
    """A bucket that is a day old before the wall is reached moves the wall away."""
    days = {TODAY - 288: 5_000, TODAY - 1: 4_800}
    said = forecast(in_line(Pace(days=days), bulk=1_000), LIMITS, NOW)
    assert said.recipients == 9_800
    assert said.wall is not None
    assert said.wall.at == pytest.approx(NOW + 100 * STEP)
    assert said.wall == Wall(said.wall.at, 9_900, 900, NOW + BUCKET + JITTER)
    later = forecast(in_line(Pace(days=days), bulk=100), LIMITS, NOW)
    assert later.wall is None


def test_what_takes_longer_than_a_week_has_no_end() -> None:
    """A line of that length is for a person."""
    pace = Pace(lines={Lane.BULK: Line(tail=200_000 * STEP, at=NOW)})
    said = forecast(pace, LIMITS, NOW)
    assert (said.mails, said.drains_at) == (200_000, None)


COUNTS = st.integers(0, 400)
BUCKETS = st.dictionaries(st.integers(TODAY - 300, TODAY), st.integers(0, 500), max_size=30)


@given(COUNTS, COUNTS, BUCKETS, st.integers(100, 1_000), st.floats(0, 600))
def test_every_forecast_hangs_together(high: int, bulk: int, days: dict[int, int], limit: int, after: float) -> None:
    """Without a wall the backlog takes its time; a wall keeps some of it, opens later, and the end lies behind that."""
    limits = Limits(30, 3, limit)
    lines = {lane: Line(tail=mails * STEP, at=NOW) for lane, mails in ((Lane.HIGH, high), (Lane.BULK, bulk))}
    now = NOW + after
    said = forecast(Pace(lines=lines, days=days), limits, now)
    wall = said.wall
    if wall is None:
        assert said.drains_at == (None if not said.mails else pytest.approx(now + said.mails * STEP, abs=2 * STEP))
        return
    assert now <= wall.at < wall.first_at
    assert 0 <= wall.mails <= said.mails
    if wall.mails and said.drains_at is not None:
        assert said.drains_at >= wall.first_at


def test_after_the_wall_yesterdays_buckets_let_mails_go() -> None:
    """One bucket an hour, of thirty recipients each: three hundred mails behind the wall are gone with the tenth."""
    days = {TODAY - 288 + 12 * hour: 30 for hour in range(12)} | {TODAY: 9_900 - 12 * 30}
    said = forecast(in_line(Pace(days=days), bulk=300), LIMITS, NOW)
    assert said.wall == Wall(NOW, 9_900, 300, NOW + BUCKET + JITTER)
    assert said.drains_at == pytest.approx(NOW + 9 * 3_600 + BUCKET + 30 * STEP, abs=STEP)

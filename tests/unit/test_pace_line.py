"""The lines of the lanes: places, and how long they are from now."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.pace import Lane, Line, Pace, Share
from shared.rules.pace_line import LEAST_LEFT, NEAR, NORMAL_PART, Lines, joined, served, stands_at
from tests.unit.pace_values import LIMITS, NOW, slots_at

INTERVAL = LIMITS.interval
HIGH, NORMAL, BULK = Lane.HIGH, Lane.NORMAL, Lane.BULK


def with_lines(**mails: int) -> tuple[Pace, dict[str, list[float]]]:
    """A row in which so many mails of each lane joined just now, and their places."""
    pace, places = Pace(), {name: [] for name in mails}  # type: tuple[Pace, dict[str, list[float]]]
    for name, many in mails.items():
        for _ in range(many):
            pace, place = joined(pace, Lane(name), LIMITS, NOW)
            places[name].append(place)
    return pace, places


def head(pace: Pace, lane: Lane, now: float) -> float:
    """The place that is served now."""
    return Lines(pace, LIMITS, now).head[lane]


@pytest.mark.parametrize("lane", list(Lane))
def test_a_line_alone_moves_at_full_speed(lane: Lane) -> None:
    """The first of ten may go at once, each other one an interval after the one before it."""
    pace, places = with_lines(**{lane.value: 10})
    lines = Lines(pace, LIMITS, NOW)
    waits = [lines.wait(lane, place) for place in places[lane.value]]
    assert waits == pytest.approx([n * INTERVAL for n in range(10)])
    assert places[lane.value] == sorted(set(places[lane.value]))


def test_half_the_rate_is_half_the_speed() -> None:
    """Foreign load slows the line down; the places stay what they were."""
    pace, places = with_lines(bulk=10)
    slow = replace(pace, share=Share(rate=0.5))
    assert Lines(slow, LIMITS, NOW).wait(BULK, places["bulk"][-1]) == pytest.approx(2 * 9 * INTERVAL)
    assert head(slow, BULK, NOW + 10) == pytest.approx(head(pace, BULK, NOW + 5))


def test_what_the_high_lane_sends_is_missing_below() -> None:
    """With a third of the last minute for alerts, the bulk line takes half as long again; the high line as long as ever."""
    pace, places = with_lines(high=2, bulk=10)
    busy = replace(pace, slots=slots_at(*(-float(n) for n in range(10, 0, -1)), lane=HIGH))
    lines = Lines(busy, LIMITS, NOW)
    assert lines.wait(BULK, places["bulk"][-1]) == pytest.approx(9 * INTERVAL * 1.5)
    assert lines.wait(HIGH, places["high"][-1]) == pytest.approx(INTERVAL)


def test_a_line_is_never_taken_to_stand_still() -> None:
    """Even where the high lane used the whole minute."""
    pace, places = with_lines(bulk=3)
    busy = replace(pace, slots=slots_at(*(-n / 2 for n in range(60, 0, -1)), lane=HIGH))
    assert Lines(busy, LIMITS, NOW).wait(BULK, places["bulk"][-1]) == pytest.approx(2 * INTERVAL / LEAST_LEFT)


def test_two_lines_share_until_one_is_empty() -> None:
    """Normal gets three of four; bulk has all that is left when the normal line is empty."""
    pace, places = with_lines(normal=30, bulk=40)
    lines = Lines(pace, LIMITS, NOW)
    assert lines.wait(NORMAL, places["normal"][12]) == pytest.approx(12 * INTERVAL / NORMAL_PART)
    assert lines.wait(BULK, places["bulk"][5]) == pytest.approx(5 * INTERVAL / (1 - NORMAL_PART))
    assert lines.wait(BULK, places["bulk"][-1]) == pytest.approx((30 + 39) * INTERVAL)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_last_of_all_waits_for_all(normal: int, bulk: int) -> None:
    """However long the two lines are, the later one of their last mails waits as long as both lines take together."""
    pace, places = with_lines(normal=normal + 2, bulk=bulk + 2)
    lines = Lines(pace, LIMITS, NOW)
    last = max(lines.wait(NORMAL, places["normal"][-1]), lines.wait(BULK, places["bulk"][-1]))
    assert normal + bulk + 2 <= last / INTERVAL + 0.001
    assert last / INTERVAL - 0.001 <= normal + bulk + 4


@given(st.sampled_from([NORMAL, BULK]), st.integers(1, 50), st.integers(1, 50))
def test_who_stands_further_back_waits_longer(lane: Lane, normal: int, bulk: int) -> None:
    """The waits of one line ascend with its places."""
    pace, places = with_lines(normal=normal, bulk=bulk)
    lines = Lines(pace, LIMITS, NOW)
    waits = [lines.wait(lane, place) for place in places[lane.value]]
    assert waits == sorted(waits)


def test_a_line_moves_on_with_time() -> None:
    """Some mails never come back, and the others must not wait for them."""
    pace, places = with_lines(bulk=10)
    assert head(pace, BULK, NOW + 3 * INTERVAL) == pytest.approx(head(pace, BULK, NOW) + 3 * INTERVAL)
    assert head(pace, BULK, NOW + 3600) == places["bulk"][-1]
    assert Lines(pace, LIMITS, NOW + 3600).length[BULK] == 0.0


def test_two_lines_move_on_by_their_parts() -> None:
    """Three of four for normal."""
    pace, _ = with_lines(normal=30, bulk=30)
    moved = {lane: head(pace, lane, NOW + 8) - head(pace, lane, NOW) for lane in (NORMAL, BULK)}
    assert moved == {NORMAL: pytest.approx(6.0), BULK: pytest.approx(2.0)}


def test_a_mail_that_leaves_corrects_the_idea_of_the_line() -> None:
    """One that is served early moves the line forward, one that is late holds it back; neither by all of the difference."""
    pace, places = with_lines(bulk=20)
    forward = head(served(pace, BULK, places["bulk"][9], LIMITS, NOW), BULK, NOW)
    assert head(pace, BULK, NOW) < forward < places["bulk"][9]
    late = NOW + 10 * INTERVAL
    back = head(served(pace, BULK, places["bulk"][5], LIMITS, late), BULK, late)
    assert places["bulk"][5] < back < head(pace, BULK, late)


def test_a_mail_that_was_away_says_nothing_about_the_line() -> None:
    """It comes back from a retry to a place that was passed long ago."""
    pace, _ = with_lines(bulk=60)
    late = NOW + NEAR + 10
    assert served(pace, BULK, INTERVAL, LIMITS, late) is pace


def test_a_mail_that_waited_in_vain_holds_the_line_back() -> None:
    """The line is no further than where it stands."""
    pace, places = with_lines(bulk=20)
    late = NOW + 15 * INTERVAL
    assert head(stands_at(pace, BULK, places["bulk"][4], late), BULK, late) == places["bulk"][4]


STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "serve", "vain"]), st.sampled_from(list(Lane)), st.floats(0, 40), st.integers(0, 30)),
    max_size=40,
)


@given(STEPS)
def test_the_head_is_never_behind_the_first_or_past_the_last(steps: list[tuple[str, Lane, float, int]]) -> None:
    """Whatever joins, is served and waits in vain, all waits are finite and none is negative."""
    pace, now, places = Pace(), NOW, {lane: [INTERVAL] for lane in Lane}
    for what, lane, gap, which in steps:
        now += gap
        place = places[lane][-1 - which % len(places[lane])]
        if what == "join":
            pace, place = joined(pace, lane, LIMITS, now)
            assert place > places[lane][-1] or place == INTERVAL
            places[lane].append(place)
        elif what == "serve":
            pace = served(pace, lane, place, LIMITS, now + 0.5)
        else:
            pace = stands_at(pace, lane, place, now)
        lines = Lines(pace, LIMITS, now)
        for each in Lane:
            known = pace.lines.get(each, Line())
            assert 0 <= known.head <= known.tail
            assert lines.head[each] <= known.tail
            assert 0 <= lines.wait(each, places[each][-1]) < 1e6

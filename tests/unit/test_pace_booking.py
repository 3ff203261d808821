"""One instance's decision about one mailbox: what its mails get of the row."""

from dataclasses import replace
from itertools import count
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules import pace_turns
from shared.rules.pace import JITTER, LATE, WINDOW, Lane, Limits, Line, Pace
from shared.rules.pace_booking import OUT_OF_LINE, Ask, Booking, Correction, Want, book, horizon, may_book
from shared.rules.pace_day import BUCKET, DAY, allowance, used
from shared.rules.pace_line import Lines
from shared.rules.pace_share import SLOWER
from shared.rules.pace_slots import BURST
from tests.unit.pace_values import GRAIN, LIMITS, NOW, ask, first_booking, hold, limits, shortest_span, slots_at, want, wish

HIGH, NORMAL, BULK = Lane.HIGH, Lane.NORMAL, Lane.BULK


def head(pace: Pace, lane: Lane, now: float = NOW) -> float:
    """The place that is served now."""
    return Lines(pace, LIMITS, now).head[lane]


def test_one_mail_on_an_idle_mailbox_leaves_at_once() -> None:
    """One write gives it a turn, a slot, and its place."""
    booking = first_booking(Pace(), want("m", recipients=3))
    assert (dict(booking.slots), booking.turns, dict(booking.waits)) == ({"m": NOW}, 1, {})
    assert booking.places["m"] > 0
    assert [slot.at for slot in booking.pace.slots] == [NOW]
    assert used(booking.pace.days, NOW) == 3
    assert [(one.owner, one.count) for one in booking.pace.holds] == [("a", 1)]


def test_a_backlog_gets_its_burst_and_stands_in_line() -> None:
    """Ten at once: three slots, and seven ascending waits of about an interval each."""
    booking = first_booking(Pace(), *(want(f"m{n}") for n in range(10)))
    assert set(booking.slots) == {f"m{n}" for n in range(BURST)}
    waits = [booking.waits[f"m{n}"] for n in range(BURST, 10)]
    assert waits == sorted(waits)
    assert waits[-1] <= 10 * LIMITS.interval
    assert 0 < booking.look <= 2 * LIMITS.interval


def test_without_a_turn_there_are_places_but_no_slots() -> None:
    """A slot that nobody can use would be lost; the instance wishes for a turn."""
    booking = first_booking(Pace(holds=(hold("x", 3),)), want("m", HIGH))
    assert (dict(booking.slots), booking.turns) == ({}, 0)
    assert set(booking.waits) == set(booking.places) == {"m"}
    assert [(one.owner, one.lane) for one in booking.pace.wishes] == [("a", HIGH)]


def test_no_more_slots_than_there_is_room() -> None:
    """The others wait, whatever is free."""
    booking = book(Pace(), ask(want("a"), want("b"), room=1), LIMITS, NOW)
    assert (len(booking.slots), len(booking.waits)) == (1, 1)


def test_who_is_ready_comes_first_then_the_high_lane() -> None:
    """A connection that waits is dearer than a mail that waits; then the most urgent one, then the first in line."""
    pace = replace(Pace(), lines={BULK: Line(tail=40.0, at=NOW), NORMAL: Line(tail=40.0, at=NOW)})
    wants = [
        want("bulk", place=20.0),
        want("normal", NORMAL, place=10.0),
        want("high", HIGH),
        want("ready", place=30.0, ready=True),
    ]
    order = []
    while wants:
        booking = book(pace, ask(*wants, room=1), LIMITS, NOW)
        (served,) = booking.slots
        order.append(served)
        wants = [one for one in wants if one.mail_id != served]
    assert order == ["ready", "high", "normal", "bulk"]


def test_a_mail_does_not_book_what_is_far() -> None:
    """Nothing further ahead than the horizon; it looks again when that is near enough."""
    own = limits(30)
    pace = Pace(slots=slots_at(*(-30 + n for n in range(30))))
    booking = first_booking(pace, want("m", HIGH), own=own)
    assert dict(booking.slots) == {}
    assert 30 + JITTER - horizon(own) - 0.01 <= booking.look < 30 + JITTER
    later = first_booking(pace, want("m", HIGH), now=NOW + booking.look + 0.001, own=own)
    assert set(later.slots) == {"m"}


def test_who_stands_far_back_leaves_the_slot_to_those_before() -> None:
    """But takes it at the last moment, where nobody else did."""
    assert may_book(OUT_OF_LINE + 0.01, 100.0, BULK, LIMITS) > 0 >= may_book(OUT_OF_LINE + 0.01, 0.0, BULK, LIMITS)
    assert may_book(OUT_OF_LINE, 100.0, BULK, LIMITS) <= 0
    assert may_book(horizon(LIMITS) + 0.01, 0.0, HIGH, LIMITS) > 0 >= may_book(horizon(LIMITS), 100.0, HIGH, LIMITS)


def test_time_to_prepare_is_counted() -> None:
    """A mail that needs two seconds to open its session books a slot after that."""
    booking = book(Pace(), replace(ask(want("m")), prepare=2.0), LIMITS, NOW)
    assert dict(booking.slots) == {"m": NOW + 2.0}


@pytest.mark.parametrize("lane", [NORMAL, BULK])
def test_the_days_wall_stops_the_lower_lanes_before_the_high_one(lane: Lane) -> None:
    """The reserve is for alerts; the others are told when the wall ends."""
    own = limits(60, per_day=1000)
    full = first_booking(Pace(), want("old", BULK, recipients=allowance(1000, lane)), own=own).pace
    stopped = first_booking(full, want("low", lane), want("high", HIGH), now=NOW + 60, own=own)
    assert set(stopped.slots) == {"high"}
    assert DAY - 61 <= stopped.waits["low"] <= DAY + BUCKET + JITTER
    wall = first_booking(full, want("big", HIGH, recipients=11), now=NOW + 60, own=own)
    assert set(wall.waits) == {"big"}


def test_a_small_mail_passes_a_large_one_at_the_wall() -> None:
    """What does not fit waits; what fits goes."""
    own = limits(60, per_day=100)
    nearly = first_booking(Pace(), want("old", BULK, recipients=90), own=own).pace
    booking = first_booking(nearly, want("large", recipients=20), want("small", recipients=5), now=NOW + 60, own=own)
    assert (set(booking.slots), set(booking.waits)) == ({"small"}, {"large"})


def test_a_slot_that_was_not_used_gives_everything_back() -> None:
    """Its time, its recipients, those of other domains."""
    first = book(Pace(), Ask("a", [Want("m", BULK, 7, external=4)], room=1, turns=1), LIMITS, NOW)
    back = Correction(first.slots["m"], None, 7, 4)
    assert back.matters
    pace = book(first.pace, ask(corrections=[back]), LIMITS, NOW + 1).pace
    assert (pace.slots, used(pace.days, NOW), used(pace.external, NOW)) == ((), 0, 0)


def test_a_mail_that_left_later_counts_from_then() -> None:
    """Its slot moves, and its recipients count for a whole day."""
    at = NOW // BUCKET * BUCKET + BUCKET - 1
    first = first_booking(Pace(), want("m", recipients=7), now=at)
    late = Correction(first.slots["m"], at + 10, 7)
    assert late.matters
    assert not Correction(at, at + LATE).matters
    pace = book(first.pace, ask(corrections=[late]), LIMITS, at + 11).pace
    assert [slot.at for slot in pace.slots] == [at + 10]
    assert used(pace.days, at + 10 + DAY - 1) == 7


def test_what_exchange_said_reaches_the_row() -> None:
    """Half the connections, and a part of the rate."""
    learned = book(Pace(holds=(hold("a", 2),)), Ask("a", turns=2, refused=True, slowed=True), LIMITS, NOW).pace.share
    assert (learned.connections, learned.rate) == (1, SLOWER)


def test_a_mail_in_vain_holds_its_line_back_and_never_moves_it_forward() -> None:
    """The line is no further than the first one that waits."""
    pace = Pace(lines={BULK: Line(tail=100.0, head=50.0, at=NOW), NORMAL: Line(tail=100.0, head=50.0, at=NOW)})
    vain = [want("b2", place=45.0), want("b1", place=40.0), want("n", NORMAL, place=80.0)]
    after = book(pace, Ask("x", in_vain=vain), LIMITS, NOW).pace
    assert head(after, BULK) == 40.0
    assert head(after, NORMAL) == pytest.approx(50.0)


def test_a_new_mail_in_vain_says_nothing_about_the_line() -> None:
    """It never got a place, as storage did not answer: the line is where it was, and not at its very beginning."""
    pace = Pace(lines={BULK: Line(tail=90_000.0, head=90_000.0, at=NOW - 60)}, slots=slots_at(-60.0))
    fresh = [want(f"m{n}") for n in range(10)]
    booking = book(pace, replace(ask(*fresh), in_vain=fresh), LIMITS, NOW)
    assert max(booking.waits.values()) <= 10 * LIMITS.interval


def test_no_lane_books_beyond_the_horizon() -> None:
    """A batch of urgent mails neither: whoever comes meanwhile finds the next slot free."""
    fast = limits(400, 1, 100)
    pace = book(Pace(), replace(ask(*(want(f"a{n}", Lane.HIGH) for n in range(2))), room=9), fast, NOW).pace
    booking = book(pace, replace(ask(*(want(f"b{n}", Lane.HIGH) for n in range(9))), room=9), fast, NOW)
    assert len(booking.slots) > 2
    assert max(booking.slots.values()) <= NOW + horizon(fast) + 0.001


MAILS = st.tuples(st.sampled_from(list(Lane)), st.integers(1, 30), st.booleans())
ROUNDS = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(MAILS, max_size=6), st.integers(0, 5), st.integers(0, 3), st.floats(0, 8)),
    max_size=25,
)
OWN = st.builds(limits, st.sampled_from([1, 2, 7, 30, 400]), st.integers(1, 3), st.integers(1, 400))


class House:
    """Instances that share a row: what each has in hand, and every slot that a mail was given."""

    def __init__(self, own: Limits) -> None:
        self.own, self.pace, self.now = own, Pace(), NOW
        self.hands: dict[str, dict[str, Want]] = {owner: {} for owner in "abc"}
        self.given: dict[str, tuple[float, int]] = {}
        self.numbers = count()

    def join(self, owner: str, mails: list[tuple[Lane, int, bool]]) -> None:
        """Mails come into an instance's hands."""
        for lane, recipients, ready in mails:
            name = f"m{next(self.numbers)}"
            self.hands[owner][name] = want(name, lane, min(recipients, self.own.recipients_per_day), ready=ready)

    def book(self, owner: str, room: int, turns: int) -> tuple[Ask, Booking]:
        """One write of an instance; what it got is checked against what it may get."""
        mine = self.hands[owner]
        asked = Ask(owner, list(mine.values()), room=room, turns=turns)
        booking = book(self.pace, asked, self.own, self.now)
        for name, at in booking.slots.items():
            assert name not in self.given
            self.given[name] = (at, mine.pop(name).recipients)
        for name in booking.waits:
            mine[name] = replace(mine[name], place=booking.places[name])
        self.pace = booking.pace
        return asked, booking


@settings(max_examples=150, deadline=None)
@given(OWN, ROUNDS)
def test_whatever_instances_ask_the_limits_hold(
    own: Limits, rounds: list[tuple[str, list[tuple[Lane, int, bool]], int, int, float]]
) -> None:
    """Each mail gets a slot once or waits, near enough, with a turn; minutes, days and turns never exceed their limits."""
    house = House(own)
    for owner, mails, room, turns, gap in rounds:
        house.now += gap * own.interval
        house.join(owner, mails)
        asked, booking = house.book(owner, room, turns)
        names = {one.mail_id for one in asked.wants}
        assert set(booking.places) == names
        assert (set(booking.slots) | set(booking.waits), set(booking.slots) & set(booking.waits)) == (names, set())
        assert len(booking.slots) <= room
        assert not booking.slots or booking.turns > 0
        assert booking.turns <= turns
        assert all(house.now <= at <= house.now + horizon(own) + 0.001 for at in booking.slots.values())
        assert all(0 <= wait < inf for wait in booking.waits.values())
        assert pace_turns.live(booking.pace, house.now) <= own.connections
    times = [at for at, _ in house.given.values()]
    assert shortest_span(times, own.messages_per_minute) >= WINDOW + JITTER - GRAIN
    most = max((sum(n for at, n in house.given.values() if end - DAY < at <= end) for end in times), default=0)
    assert most <= own.recipients_per_day


@given(st.lists(MAILS, min_size=1, max_size=8), st.sampled_from([2, 30, 400]))
def test_a_booking_does_not_depend_on_the_order_of_what_is_in_hand(
    mails: list[tuple[Lane, int, bool]], per_minute: int
) -> None:
    """Mails that stand in line are served in the order of their places, whoever is named first."""
    wants = [want(f"m{n}", lane, many, place=5.0 + n, ready=ready) for n, (lane, many, ready) in enumerate(mails)]
    pace = Pace(lines={lane: Line(tail=20.0, at=NOW) for lane in Lane}, wishes=(wish("a"),))
    there, back = (book(pace, ask(*order), limits(per_minute), NOW) for order in (wants, wants[::-1]))
    assert there.slots == back.slots
    assert there.waits == back.waits

"""Foreign load: how our share of a mailbox shrinks and grows back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.pace import Lane, Pace, Share, Slot
from shared.rules.pace_booking import Ask, book
from shared.rules.pace_share import (
    CLIMB,
    LEAST_RATE,
    PROVED,
    RECOVERY,
    SLOW,
    SLOW_PER_OCTET,
    SLOWED_FOR,
    SLOWER,
    TRIED,
    TRIES,
    is_slow,
    recovered,
    refused,
    slowed,
    tried,
)
from shared.rules.pace_turns import cap, surplus
from tests.unit.pace_values import NOW, ask, hold, limits, want

THREE, EIGHT = limits(connections=3), limits(connections=8)


def with_turns(count: int, share: Share | None = None) -> Pace:
    """A row in which so many connections are open, for as long as a test takes."""
    return Pace(holds=(hold("a", count, left=100_000.0),), share=share or Share())


def allowed(pace: Pace) -> int | None:
    """How many connections foreign load leaves; None: all."""
    return pace.share.connections


@pytest.mark.parametrize(("open_now", "left"), [(8, 4), (5, 2), (3, 1), (1, 1), (0, 1)])
def test_a_432_halves_what_is_open(open_now: int, left: int) -> None:
    """One connection is always tried."""
    assert allowed(refused(with_turns(open_now), "a", EIGHT, NOW)) == left


def test_a_432_halves_what_is_allowed_already() -> None:
    """Where more are open than foreign load leaves, they are about to be closed."""
    assert allowed(refused(with_turns(8, Share(connections=4)), "a", EIGHT, NOW)) == 2


def test_one_more_is_tried_after_a_while() -> None:
    """Not a moment before; then one more after each time that nobody refused."""
    pace = refused(with_turns(4), "a", EIGHT, NOW)
    assert tried(pace, EIGHT, NOW + TRIES[0] - 0.01) is pace
    pace = tried(pace, EIGHT, NOW + TRIES[0])
    assert allowed(pace) == 3
    assert allowed(tried(pace, EIGHT, NOW + TRIES[0] + CLIMB - 0.01)) == 3
    assert allowed(tried(pace, EIGHT, NOW + TRIES[0] + CLIMB)) == 4


def test_each_try_that_fails_makes_the_next_one_later() -> None:
    """Up to the last number: a mailbox that others fill is tried every few minutes."""
    pace, now = refused(with_turns(2), "a", EIGHT, NOW), NOW
    for patience in (*TRIES, TRIES[-1]):
        assert pace.share.patience == patience
        assert tried(pace, EIGHT, now + patience - 0.01) is pace
        now += patience
        pace = refused(tried(pace, EIGHT, now), "a", EIGHT, now + CLIMB - 1)
        now += CLIMB - 1


def test_a_432_after_mails_that_left_is_news() -> None:
    """The added connection was of use before others took it: the patience stays what it is."""
    pace = tried(refused(with_turns(4), "a", EIGHT, NOW), EIGHT, NOW + TRIES[0])
    for number in range(PROVED + 1):
        pace = replace(pace, slots=(*pace.slots, Slot(NOW + TRIES[0] + 0.1 * (number + 1), Lane.BULK)))
    assert refused(pace, "a", EIGHT, NOW + TRIES[0] + CLIMB - 1).share.patience == TRIES[0]


def test_a_432_long_after_a_try_is_news() -> None:
    """The try went well, so the patience stays what it is."""
    pace = tried(refused(with_turns(4), "a", EIGHT, NOW), EIGHT, NOW + TRIES[0])
    assert refused(pace, "a", EIGHT, NOW + TRIES[0] + TRIED).share.patience == TRIES[0]


def test_who_was_refused_goes_first() -> None:
    """Its only connection is the one too many, whoever came last; of several it keeps those that are left."""
    pace = Pace(holds=(hold("a", since=9.0), hold("b", since=1.0)))
    after = refused(pace, "a", THREE, NOW)
    assert (surplus(after, "a", THREE, NOW), surplus(after, "b", THREE, NOW)) == (1, 0)
    pace = Pace(holds=(hold("a", 2, since=9.0), hold("b", since=1.0)))
    after = refused(pace, "a", THREE, NOW)
    assert (surplus(after, "a", THREE, NOW), surplus(after, "b", THREE, NOW)) == (1, 1)


def test_at_the_limit_the_refusals_are_forgotten() -> None:
    """All connections are back: nothing is left of it but the rate."""
    pace = with_turns(1, Share(connections=7, next_try=NOW, patience=TRIES[-1], rate=0.7, slowed=NOW - 1))
    pace = tried(pace, EIGHT, NOW)
    assert allowed(pace) == 8
    assert allowed(tried(pace, EIGHT, NOW + CLIMB - 0.01)) == 8
    assert tried(pace, EIGHT, NOW + CLIMB).share == Share(rate=0.7, slowed=NOW - 1)


def test_without_refusals_nothing_is_tried() -> None:
    """A mailbox of one's own."""
    pace = with_turns(1)
    assert tried(pace, EIGHT, NOW + 9999) is pace


def test_nothing_is_tried_for_nobody() -> None:
    """An instance that only gives its turns back has no mail that could show whether there is room."""
    pace = refused(with_turns(2), "a", EIGHT, NOW)
    later = NOW + TRIES[0]
    assert allowed(book(pace, Ask("b"), EIGHT, later).pace) == 1
    assert allowed(book(pace, ask(want("m")), EIGHT, later).pace) == 2


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 400)), max_size=40), st.integers(1, 8))
def test_the_share_stays_between_one_and_the_limit(steps: list[tuple[bool, float]], open_now: int) -> None:
    """Whatever Exchange says and whenever; the next try is never further than the longest patience."""
    pace, now = with_turns(open_now), NOW
    for refusal, gap in steps:
        now += gap
        pace = refused(pace, "a", EIGHT, now) if refusal else tried(pace, EIGHT, now)
        assert 1 <= cap(pace, EIGHT) <= 8
        assert pace.share.next_try <= now + TRIES[-1]


def test_a_large_mail_takes_its_time() -> None:
    """Seconds, and more of them for each octet."""
    assert not is_slow(SLOW, 0)
    assert is_slow(SLOW + 0.01, 0)
    assert not is_slow(SLOW + 0.01, 1_000_000)
    assert is_slow(SLOW + 30_000_000 * SLOW_PER_OCTET + 0.01, 30_000_000)


def test_a_slow_reply_lowers_the_rate_once_in_a_while() -> None:
    """Several delayed replies are about the same minute; later ones count again."""
    pace = slowed(Pace(), NOW)
    assert pace.share.rate == SLOWER
    assert slowed(pace, NOW + SLOWED_FOR - 0.01) is pace
    again = slowed(pace, NOW + SLOWED_FOR)
    assert again.share.rate < SLOWER
    assert again.share.rate == pytest.approx(SLOWER * SLOWER, abs=SLOWED_FOR * RECOVERY)


def test_slow_replies_lower_the_rate_however_often_the_row_is_booked_in_between() -> None:
    """Each booking gains something back; that must not make the next slow reply one that was heard already."""
    pace, now = book(Pace(), Ask("a", slowed=True), EIGHT, NOW).pace, NOW
    for _ in range(4):
        for _ in range(20):
            now += SLOWED_FOR / 10
            pace = book(pace, Ask("b"), EIGHT, now).pace
        before = pace.share.rate
        pace = book(pace, Ask("a", slowed=True), EIGHT, now).pace
        assert pace.share.rate < 0.9 * before


@given(st.lists(st.floats(0, 100), max_size=100))
def test_the_rate_never_falls_below_the_least(gaps: list[float]) -> None:
    """However many replies are slow."""
    pace, now = Pace(), NOW
    for gap in gaps:
        now += gap
        pace = slowed(replace(pace, share=recovered(pace.share, now)), now)
        assert LEAST_RATE <= pace.share.rate <= 1.0


@given(st.lists(st.floats(0.01, 60), min_size=1, max_size=50))
def test_the_rate_is_gained_back_by_time_alone(gaps: list[float]) -> None:
    """Looked at often or once: as much for each second, and never more than all."""
    share = slowed(Pace(), NOW).share
    step, now = share, NOW
    for gap in gaps:
        now += gap
        step = recovered(step, now)
    assert step.rate == pytest.approx(recovered(share, now).rate, abs=1e-6)
    assert step.rate <= 1.0


def test_all_of_the_rate_comes_back_in_the_end() -> None:
    """And is then left alone."""
    whole = recovered(slowed(Pace(), NOW).share, NOW + SLOWED_FOR + 1 / RECOVERY)
    assert whole.rate == 1.0
    assert recovered(whole, NOW + 1e6) is whole

"""Who may have a connection: turns, and the instances that wait for one."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules.pace import Lane, Pace, Share
from shared.rules.pace_turns import (
    EXPIRES,
    QUANTUM,
    WISH,
    WISH_AGAIN,
    cap,
    held,
    last_sign,
    live,
    others_wish,
    should_yield,
    surplus,
    take,
)
from tests.unit.pace_values import NOW, hold, limits, slots_at, wish

THREE = limits(connections=3)
BULK, HIGH, NORMAL = Lane.BULK, Lane.HIGH, Lane.NORMAL


def turns(pace: Pace, owner: str, now: float = NOW) -> int:
    """How many the owner has."""
    mine = held(pace, owner, now)
    return mine.count if mine else 0


STEPS = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(0, 4), st.sampled_from(list(Lane)), st.floats(0, 6)), max_size=60
)


@settings(max_examples=200)
@given(STEPS, st.integers(1, 4))
def test_all_turns_together_never_exceed_the_cap(steps: list[tuple[str, int, Lane, float]], connections: int) -> None:
    """Whoever asks for however many, whenever; and a turn, once granted, is never shortened by what others do."""
    pace, now, own = Pace(), NOW, limits(connections=connections)
    granted: dict[str, tuple[int, float]] = {}
    for owner, wanted, lane, gap in steps:
        now += gap
        pace = take(pace, owner, wanted, lane, own, now)
        mine = held(pace, owner, now)
        granted[owner] = (mine.count, mine.expires) if mine else (0, now)
        believed = {name: many for name, (many, expires) in granted.items() if expires > now}
        assert turns(pace, owner, now) <= wanted
        assert sum(believed.values()) == live(pace, now) <= connections
        assert {one.owner: one.count for one in pace.holds if one.expires > now} == {n: m for n, m in believed.items() if m}


def test_turns_are_granted_as_long_as_there_are_some() -> None:
    """Two of three are gone: whoever wants two gets one, and need not wish."""
    pace = take(Pace(holds=(hold("a", 2),)), "b", 2, BULK, THREE, NOW)
    assert (turns(pace, "b"), pace.wishes) == (1, ())
    assert held(pace, "b", NOW) == hold("b", 1)


def test_a_renewed_turn_keeps_its_beginning() -> None:
    """Its time is what others count before they get theirs."""
    pace = take(Pace(holds=(hold("a", since=4.0, left=1.0),)), "a", 1, BULK, THREE, NOW)
    assert held(pace, "a", NOW) == hold("a", since=4.0, left=EXPIRES)


def test_an_expired_turn_is_free() -> None:
    """A dead instance's turns come back by themselves, not before their end."""
    pace = Pace(holds=(hold("dead", 3, left=2.0),))
    assert turns(take(pace, "b", 1, BULK, THREE, NOW + 1.99), "b", NOW + 1.99) == 0
    after = take(pace, "b", 1, BULK, THREE, NOW + 2.0)
    assert turns(after, "b", NOW + 2.0) == 1
    assert [one.owner for one in after.holds] == ["b"]


def test_a_turn_of_ones_own_that_is_over_is_asked_for_anew() -> None:
    """Others may have it by now."""
    pace = Pace(holds=(hold("a", left=0.0), hold("b", 3)))
    assert turns(take(pace, "a", 1, BULK, THREE, NOW), "a") == 0


def test_turns_are_given_back() -> None:
    """None wanted: no hold and no wish is left."""
    pace = Pace(holds=(hold("a", 2), hold("b")), wishes=(wish("a"), wish("c")))
    after = take(pace, "a", 0, BULK, THREE, NOW)
    assert [one.owner for one in after.holds] == ["b"]
    assert [one.owner for one in after.wishes] == ["c"]


def test_who_gets_none_wishes_for_one() -> None:
    """The wish says since when, and how urgent; it is repeated before it is forgotten and keeps its age."""
    full = Pace(holds=(hold("a", 3, left=60.0),))
    first = take(full, "b", 1, HIGH, THREE, NOW)
    assert first.wishes == (wish("b", HIGH),)
    assert take(first, "b", 1, HIGH, THREE, NOW + 1.0) == first
    later = NOW + WISH - WISH_AGAIN
    (again,) = take(first, "b", 1, HIGH, THREE, later).wishes
    assert (again.since, again.until) == (NOW, later + WISH)


def test_a_more_urgent_mail_makes_a_wish_more_urgent() -> None:
    """It keeps its age."""
    full = Pace(holds=(hold("a", 3),), wishes=(wish("b", BULK, since=2.0),))
    (changed,) = take(full, "b", 1, HIGH, THREE, NOW).wishes
    assert (changed.lane, changed.since) == (HIGH, NOW - 2.0)


def test_wishes_are_served_by_lane_then_by_age() -> None:
    """One turn is free: only the first in line gets it."""
    waiting = (wish("old-bulk", BULK, since=3.0), wish("new-high", HIGH), wish("normal", NORMAL, since=2.0))
    pace = Pace(holds=(hold("x", 2),), wishes=waiting)
    assert [one.owner for one in others_wish(pace, "x", NOW)] == ["new-high", "normal", "old-bulk"]
    got = {one.owner: turns(take(pace, one.owner, 1, one.lane, THREE, NOW), one.owner) for one in waiting}
    assert got == {"new-high": 1, "normal": 0, "old-bulk": 0}


def test_a_newcomer_waits_behind_equals_and_passes_lower_lanes() -> None:
    """A free turn is kept for whoever wished before."""
    pace = Pace(holds=(hold("x", 2),), wishes=(wish("b", NORMAL, since=1.0),))
    assert turns(take(pace, "c", 1, NORMAL, THREE, NOW), "c") == 0
    assert turns(take(pace, "c", 1, HIGH, THREE, NOW), "c") == 1


def test_a_turn_is_kept_for_each_who_waits() -> None:
    """Two are free and one is wished for: the newcomer gets the other one, however many it wants."""
    pace = Pace(holds=(hold("x", 1),), wishes=(wish("b", since=1.0),))
    assert turns(take(pace, "c", 3, BULK, THREE, NOW), "c") == 1


def test_a_holder_gets_no_more_while_others_wait() -> None:
    """It keeps what it has."""
    pace = Pace(holds=(hold("a"), hold("x")), wishes=(wish("b", since=1.0),))
    assert turns(take(pace, "a", 3, BULK, THREE, NOW), "a") == 1


def test_a_dead_instances_wish_ends_soon() -> None:
    """A free turn is not kept for it any longer."""
    pace = Pace(holds=(hold("x", 2, left=60.0),), wishes=(wish("dead", HIGH, since=WISH, left=0.5),))
    assert turns(take(pace, "b", 1, BULK, THREE, NOW), "b") == 0
    assert turns(take(pace, "b", 1, BULK, THREE, NOW + 0.5), "b", NOW + 0.5) == 1


@pytest.mark.parametrize(("since", "yields"), [(QUANTUM - 0.1, False), (QUANTUM, True)])
def test_a_holder_makes_room_after_its_time(since: float, *, yields: bool) -> None:
    """While all turns are taken and somebody waits."""
    pace = Pace(holds=(hold("a", since=since), hold("x", 2)), wishes=(wish("b"),))
    assert should_yield(pace, "a", THREE, NOW) is yields
    assert not should_yield(replace(pace, wishes=()), "a", THREE, NOW)
    assert not should_yield(replace(pace, wishes=(wish("a"),)), "a", THREE, NOW)


def test_a_free_turn_is_room_enough() -> None:
    """Nobody yields to one who can have another turn; to a second one it does."""
    pace = Pace(holds=(hold("a", since=9.0), hold("x")), wishes=(wish("b"),))
    assert not should_yield(pace, "a", THREE, NOW)
    assert should_yield(replace(pace, wishes=(wish("b"), wish("c"))), "a", THREE, NOW)


def test_without_a_turn_there_is_nothing_to_yield() -> None:
    """Or with one that is over."""
    pace = Pace(holds=(hold("a", left=0.0), hold("x", 3)), wishes=(wish("b"),))
    assert not should_yield(pace, "a", THREE, NOW)
    assert not should_yield(pace, "c", THREE, NOW)


def test_foreign_load_lowers_the_cap() -> None:
    """Never below one, never above the limit; whoever holds too many makes room at once, and none are added."""
    pace = Pace(holds=(hold("a", 2),), share=Share(connections=1))
    assert cap(pace, THREE) == 1
    assert surplus(pace, "a", THREE, NOW) == 1
    assert turns(take(pace, "b", 1, HIGH, THREE, NOW), "b") == 0
    assert turns(take(pace, "a", 3, HIGH, THREE, NOW), "a") == 2
    assert cap(replace(pace, share=Share(connections=0)), THREE) == 1
    assert cap(replace(pace, share=Share(connections=9)), THREE) == 3


def test_those_who_came_last_have_too_many() -> None:
    """The first keep what is left; turns that are over count for nothing."""
    holds = (hold("c", 2, since=1.0), hold("b", since=5.0), hold("a", since=9.0), hold("gone", 3, since=99.0, left=0.0))
    pace = Pace(holds=holds, share=Share(connections=2))
    assert [surplus(pace, owner, THREE, NOW) for owner in ("a", "b", "c", "gone", "nobody")] == [0, 0, 2, 0, 0]
    assert surplus(replace(pace, share=Share(connections=3)), "c", THREE, NOW) == 1
    assert surplus(replace(pace, share=Share()), "c", limits(connections=4), NOW) == 0


def test_signs_of_others_are_their_turns_their_wishes_and_their_mails() -> None:
    """Otherwise a mailbox is this instance's alone."""
    assert last_sign(Pace(), "a", NOW) < NOW - 1e6
    assert last_sign(Pace(holds=(hold("a"),), wishes=(wish("a"),)), "a", NOW) < NOW - 1e6
    assert last_sign(Pace(holds=(hold("b"),)), "a", NOW) == NOW
    assert last_sign(Pace(wishes=(wish("b"),)), "a", NOW) == NOW
    assert last_sign(Pace(holds=(hold("b", left=0.0),), slots=slots_at(-7.0)), "a", NOW) == NOW - 7.0

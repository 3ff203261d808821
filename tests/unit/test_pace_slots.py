"""When the next mail may leave: the arithmetic of a mailbox's minute."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.pacing import WRITTEN_DOWN
from shared.rules.pace import JITTER, WINDOW, Lane, Limits, Slot
from shared.rules.pace_booking import horizon
from shared.rules.pace_slots import (
    BURST,
    CATCHING_UP,
    MOST_SLOTS,
    booked,
    corrected,
    effective,
    next_slot,
    pruned,
    recent,
    rounded,
)
from tests.unit.pace_values import GRAIN, NOW, limits, shortest_span, slots_at


@dataclass
class Box:
    """A mailbox whose slots are booked, used, missed and given back as time passes; each mail leaves when it leaves."""

    limits: Limits
    now: float = NOW
    slots: tuple[Slot, ...] = ()
    booked: list[float] = field(default_factory=list)
    pending: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)

    def book(self) -> None:
        """Where the next slot is near enough, as instances book."""
        self.slots = pruned(self.slots, self.limits, self.now)
        at = rounded(next_slot(self.slots, self.limits, 1.0, self.now))
        if at <= self.now + horizon(self.limits):
            self.slots = booked(self.slots, Slot(at, Lane.BULK))
            self.pending.append(at)

    def leave(self, late: float) -> None:
        """The mail of the oldest slot that was not used yet leaves so many seconds late, and says so where that matters."""
        if self.pending:
            was = self.pending.pop(0)
            self.now = max(self.now, was + late)
            self.left.append(self.now)
            if self.now - was > WRITTEN_DOWN:
                self.slots = corrected(self.slots, was, self.now)

    def give_back(self) -> None:
        """The newest slot is not used."""
        if self.pending:
            self.slots = corrected(self.slots, self.pending.pop(), None)


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.floats(0, 12)),
    st.tuples(st.just("book"), st.integers(1, 60)),
    st.tuples(st.just("book and leave"), st.integers(1, 60)),
    st.tuples(st.just("leave"), st.floats(0, 3)),
    st.tuples(st.just("give back"), st.integers(1, 5)),
)


def live(box: Box, step: tuple[str, float]) -> None:
    """One thing happens at the mailbox."""
    what, much = step
    if what == "wait":
        box.now += much * box.limits.interval
    elif what == "leave":
        box.leave(much)
    else:
        for _ in range(int(much)):
            {"book": box.book, "book and leave": box.book, "give back": box.give_back}[what]()
            if what == "book and leave":
                box.leave(0.0)
                box.now += CATCHING_UP * box.limits.interval / 2


@settings(max_examples=200)
@given(st.integers(1, 80), st.integers(0, 80), st.lists(STEPS, max_size=30))
def test_no_minute_holds_more_mails_than_the_allowance(per_minute: int, first: int, steps: list[tuple[str, float]]) -> None:
    """Whatever is booked, late, missed or given back: any `per_minute` + 1 mails that left span a minute."""
    box = Box(limits(per_minute), slots=slots_at(-600.0))
    for step in [("book and leave", float(2 * first)), *steps]:
        live(box, step)
    while box.pending:
        box.leave(0.0)
    assert shortest_span(box.left, per_minute) >= WINDOW - GRAIN
    assert [slot.at for slot in box.slots] == sorted(slot.at for slot in box.slots)


@given(st.integers(1, 80), st.lists(st.floats(0, 20), min_size=1, max_size=250), st.floats(0.01, 1.0))
def test_booked_slots_leave_the_jitter_to_spare(per_minute: int, gaps: list[float], rate: float) -> None:
    """At any part of the rate slots ascend, lie on the millisecond grid, and a mail may be late by the jitter."""
    own, now = limits(per_minute), NOW
    slots: tuple[Slot, ...] = ()
    times: list[float] = []
    for gap in gaps:
        now += gap * own.interval / 4
        at = rounded(next_slot(slots, own, rate, now))
        assert at >= now
        assert at == round(at, 3)
        slots = booked(pruned(slots, own, now), Slot(at, Lane.HIGH))
        times.append(at)
        now = max(now, at - horizon(own))
    assert times == sorted(times)
    assert shortest_span(times, effective(own, rate)[0]) >= WINDOW + JITTER - GRAIN


@settings(max_examples=8, deadline=None)
@given(st.integers(MOST_SLOTS + 1, 3 * MOST_SLOTS), st.integers(1, 60))
def test_a_limit_beyond_what_a_row_holds_is_kept_too(per_minute: int, rare: int) -> None:
    """A minute with a mail every second or so, then a backlog: no sliding minute holds more than its allowance."""
    own, now = limits(per_minute), NOW
    slots: tuple[Slot, ...] = ()
    times: list[float] = []
    while now < NOW + 180:
        at = rounded(next_slot(slots, own, 1.0, now))
        slots = booked(pruned(slots, own, now), Slot(at, Lane.BULK))
        times.append(at)
        now = at + (60 / rare if now < NOW + 60 else 0.0)
        assert len(slots) <= 1.1 * MOST_SLOTS
    assert shortest_span(times, per_minute) >= WINDOW - GRAIN
    late = [at for at in times if at > NOW + 60]
    assert len(late) / (late[-1] - late[0]) * 60 > 0.9 * per_minute


def test_a_slot_given_back_does_not_bring_back_older_ones() -> None:
    """A full minute, the next slot booked ahead and given back: the minute is as full as it was."""
    own = limits(12)
    slots = slots_at(*(n * CATCHING_UP * own.interval for n in range(12)))
    ahead = rounded(next_slot(slots, own, 1.0, NOW + 58))
    assert ahead == pytest.approx(NOW + WINDOW + JITTER, abs=0.002)
    slots = pruned(booked(slots, Slot(ahead, Lane.BULK)), own, NOW + 58.1)
    slots = pruned(corrected(slots, ahead, None), own, NOW + 58.2)
    assert next_slot(slots, own, 1.0, NOW + 58.2) >= NOW + WINDOW


def test_an_idle_mailbox_sends_at_once() -> None:
    """Nothing is known, or the last mail is long ago."""
    assert next_slot((), limits(), 1.0, NOW) == NOW
    assert next_slot(slots_at(-600.0), limits(), 1.0, NOW) == NOW


def test_a_few_alerts_of_one_moment_leave_together_and_the_next_one_waits() -> None:
    """Three of thirty a minute; the fourth keeps a distance."""
    slots: tuple[Slot, ...] = ()
    times = []
    for _ in range(BURST + 1):
        times.append(next_slot(slots, limits(30), 1.0, NOW))
        slots = booked(slots, Slot(times[-1], Lane.HIGH))
    assert times[:BURST] == [NOW] * BURST
    assert times[BURST] >= NOW + CATCHING_UP * limits(30).interval


def test_a_small_allowance_has_no_burst() -> None:
    """With three a minute, two mails at once would be most of it."""
    assert next_slot(slots_at(0.0), limits(3), 1.0, NOW) >= NOW + CATCHING_UP * limits(3).interval


def test_a_full_minute_waits_for_its_oldest_mail() -> None:
    """Two a minute at 0 and 20 s: the third a minute and the jitter after the first."""
    assert next_slot(slots_at(0.0, 20.0), limits(2), 1.0, NOW + 40) == pytest.approx(NOW + WINDOW + JITTER, abs=GRAIN)


def test_half_the_rate_is_half_the_mails() -> None:
    """Foreign load leaves a part; one mail a minute is always left."""
    assert effective(limits(30), 0.5) == (15, WINDOW)
    assert effective(limits(3), 0.1) == (1, WINDOW)
    assert effective(limits(MOST_SLOTS), 1.0) == (MOST_SLOTS, WINDOW)


@given(st.integers(1, 20 * MOST_SLOTS), st.floats(0.1, 1.0))
def test_a_row_never_needs_more_slots_than_it_holds(per_minute: int, rate: float) -> None:
    """The allowance of a minute, or of a part of it, at no higher speed than the minute's."""
    count, window = effective(limits(per_minute), rate)
    assert 1 <= count <= MOST_SLOTS
    assert 0 < window <= WINDOW
    assert count / window <= max(1.0, per_minute * rate) / WINDOW * (1 + 1e-9)


def test_a_mail_that_left_later_counts_from_then() -> None:
    """Its slot moves, in order; a slot that is not used is free; one that nobody knows changes nothing."""
    slots = slots_at(0.0, 1.0, 2.0)
    assert corrected(slots, NOW, NOW + 1.5) == slots_at(1.0, 1.5, 2.0)
    assert corrected(slots, NOW + 1, None) == slots_at(0.0, 2.0)
    assert corrected(slots, NOW + 0.5, None) == slots


def test_of_two_slots_of_one_moment_one_is_given_back() -> None:
    """Mails of a burst have the same time."""
    assert corrected(slots_at(0.0, 0.0, 5.0), NOW, None) == slots_at(0.0, 5.0)


def test_the_last_minute_shows_its_slots_and_those_ahead() -> None:
    """Older ones are not in it."""
    assert list(recent(slots_at(-61.0, -59.0, 0.0, 3.0), NOW)) == list(slots_at(-59.0, 0.0, 3.0))


@given(st.lists(st.integers(-200_000, 2_000), max_size=90), st.integers(1, 80))
def test_pruning_changes_no_decision(offsets: list[int], per_minute: int) -> None:
    """Whatever is forgotten, the next slot is what it would have been."""
    slots, own = slots_at(*sorted(ms / 1000 for ms in offsets)), limits(per_minute)
    kept = pruned(slots, own, NOW)
    assert next_slot(kept, own, 1.0, NOW) == next_slot(slots, own, 1.0, NOW)
    assert kept == slots[len(slots) - len(kept) :]
    assert bool(kept) == bool(slots)

"""A day's recipients: counted in buckets, never more than allowed in any sliding day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.pace import JITTER, Lane
from shared.rules.pace_day import BUCKET, DAY, RESERVED, allowance, free_at, pruned, returned, taken, used
from tests.unit.pace_values import NOW

BEGINS = NOW // BUCKET * BUCKET
"""A bucket begins here."""


def fullest_day(sent: list[tuple[float, int]]) -> int:
    """Recipients of the fullest sliding day."""
    return max((sum(many for other, many in sent if at - DAY < other <= at) for at, _ in sent), default=0)


@given(
    st.integers(1, 100),
    st.lists(st.tuples(st.floats(0, 20_000), st.integers(1, 40), st.booleans(), st.floats(0, JITTER)), max_size=60),
)
def test_no_sliding_day_has_more_recipients_than_the_limit(limit: int, mails: list[tuple[float, int, bool, float]]) -> None:
    """Each mail leaves as soon as it may, or a little late, or not at all; no 24 hours hold more than the limit."""
    days: dict[int, int] = {}
    now, sent = NOW, []
    for gap, recipients, leaves, late in mails:
        many = min(recipients, limit)
        now = free_at(days, many, limit, now + gap)
        days = taken(pruned(days, now), now, many)
        if leaves:
            sent.append((now + late, many))
        else:
            days = returned(days, now, many)
    assert fullest_day(sent) <= limit


def test_a_mail_at_the_end_of_a_bucket_may_leave_a_little_late() -> None:
    """Booked in one bucket and sent in the next, it still counts for a whole day."""
    booked = BEGINS + BUCKET - 0.01
    left = booked + JITTER
    assert free_at(taken({}, booked, 10), 1, 10, NOW + 1000) >= left + DAY


@given(st.floats(0, 10 * DAY), st.integers(1, 1000))
def test_a_recipient_counts_for_a_day_and_a_bucket_at_most(later: float, many: int) -> None:
    """Never for less than a day."""
    at = NOW + later
    days = taken({}, at, many)
    assert used(days, at) == used(days, at + DAY - 0.01) == many
    assert used(days, at + DAY + BUCKET + JITTER) == 0


def test_buckets_add_up_and_are_forgotten() -> None:
    """Two mails of one bucket are one number; what is returned is never less than nothing; old buckets go."""
    days = taken(taken({}, BEGINS, 3), BEGINS + BUCKET / 2, 4)
    assert days == {BEGINS // BUCKET: 7}
    assert returned(days, BEGINS, 2) == {BEGINS // BUCKET: 5}
    assert returned(days, BEGINS, 99) == {BEGINS // BUCKET: 0}
    assert pruned(returned(days, BEGINS, 7), BEGINS) == {}
    assert pruned(days, BEGINS + DAY) == days
    assert pruned(days, BEGINS + DAY + BUCKET + JITTER) == {}


def test_a_bucket_ahead_counts_already() -> None:
    """Slots are booked a little ahead."""
    assert used(taken({}, BEGINS + BUCKET, 5), BEGINS + BUCKET - 1) == 5


def test_the_wall_ends_when_enough_buckets_are_over() -> None:
    """Ten allowed, four and six of them used an hour apart: four more fit when the first ones are over, ten after both."""
    days = taken(taken({}, BEGINS, 4), BEGINS + 3600, 6)
    now = BEGINS + 7200
    assert free_at(days, 0, 10, now) == now
    first, both = free_at(days, 4, 10, now), free_at(days, 5, 10, now)
    assert BEGINS + DAY <= first <= BEGINS + DAY + BUCKET + JITTER
    assert both == first + 3600


def test_more_than_a_day_allows_fits_into_an_empty_day() -> None:
    """It is for others to say what becomes of such a mail."""
    assert free_at({}, 99, 10, NOW) == NOW
    days = taken({}, BEGINS, 4)
    assert free_at(days, 99, 10, NOW) == free_at(days, 10, 10, NOW) > NOW


@pytest.mark.parametrize("lane", [Lane.NORMAL, Lane.BULK])
def test_the_last_part_of_a_day_is_the_high_lanes(lane: Lane) -> None:
    """A small mailbox has no reserve."""
    assert allowance(10_000, lane) == 10_000 - 10_000 // RESERVED < allowance(10_000, Lane.HIGH) == 10_000
    assert allowance(RESERVED - 1, lane) == RESERVED - 1

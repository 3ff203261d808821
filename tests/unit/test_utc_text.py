"""Times as text: exact, sortable, and refused when they are none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.utc_text import from_utc_text, to_utc_text

TIMES = st.floats(min_value=2.0**30, max_value=4e9)


@given(TIMES)
def test_a_time_comes_back_exactly(at: float) -> None:
    """The very same float comes back, for every time from 2004 on."""
    assert from_utc_text(to_utc_text(at)) == at


@given(TIMES, TIMES)
def test_texts_sort_as_times(one: float, other: float) -> None:
    """The order of two texts is the order of their times."""
    assert (to_utc_text(one) < to_utc_text(other)) == (one < other)


def test_known_values() -> None:
    """The forms are those of Azure Tables."""
    assert to_utc_text(1_795_471_200.0) == "2026-11-23T22:00:00.0000000Z"
    assert to_utc_text(1_795_471_199.99999999) == "2026-11-23T22:00:00.0000000Z"
    assert from_utc_text("2026-11-23T22:00:00Z") == 1_795_471_200.0
    assert from_utc_text("2026-11-23T22:00:00.5Z") == 1_795_471_200.5


@pytest.mark.parametrize(
    "text", ["", "2026-11-23", "2026-11-23T22:00:00", "2026-13-23T22:00:00Z", "2026-11-23T22:00:00+01:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """A text without a zone, or of no calendar, is a ValueError."""
    with pytest.raises(ValueError, match=r"UTC|month"):
        from_utc_text(text)


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_what_no_calendar_has_is_refused(at: float) -> None:
    """Neither NaN nor infinity is a time."""
    with pytest.raises(ValueError, match="finite"):
        to_utc_text(at)

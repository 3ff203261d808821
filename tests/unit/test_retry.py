"""The back-off."""

from hypothesis import given
from hypothesis import strategies as st

from shared.rules.retry import LONGEST_DELAY, LONGEST_IN_OUTAGE, delay

chances = st.floats(0, 1, exclude_max=True)


def test_known_delays() -> None:
    """30 s doubles with every attempt, and chance spreads it over its upper half."""
    assert [delay(30, n, 0.0) for n in (1, 2, 3)] == [15, 30, 60]
    assert delay(30, 1, 0.5) == 22.5


@given(st.floats(0, 1e5), st.integers(0, 10_000), chances)
def test_a_delay_stays_between_half_its_base_and_the_cap(base: float, attempt: int, chance: float) -> None:
    """Nobody hammers, and nothing temporary is left alone for longer than the cap or its own base."""
    assert base / 2 <= delay(base, attempt, chance) <= max(LONGEST_DELAY, base)


def test_an_outage_has_a_shorter_cap() -> None:
    """When the service is back, its mails leave within minutes."""
    assert delay(30, 50, 0.0, longest=LONGEST_IN_OUTAGE) == LONGEST_IN_OUTAGE / 2
    assert delay(900, 1, 0.0, longest=LONGEST_IN_OUTAGE) == 450

"""The rests of a queue listener."""

from random import Random

import pytest

from devcloud.host.polling import Backoff


class NoJitter(Random):
    """Chance that always lies in the middle."""

    def uniform(self, a: float, b: float) -> float:
        """Return the middle."""
        return (a + b) / 2


def test_rests_grow_to_the_maximum_and_fall_back_after_a_hit() -> None:
    """Without a hit rests grow as 0.1 + 0.1·2ⁿ up to the maximum; the first rest after a hit is 0.1 s."""
    backoff = Backoff(60.0, NoJitter())
    expected = [0.2, 0.3, 0.5, 0.9, 1.7, 3.3, 6.5, 12.9, 25.7, 51.3, 60.0, 60.0]
    assert [backoff.next_rest() for _ in expected] == pytest.approx(expected)
    backoff.found()
    assert [backoff.next_rest() for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3])


def test_the_seed_decides_the_jitter_and_it_stays_within_a_fifth() -> None:
    """Two listeners with one seed rest equally long, each step within ±20 % of its middle."""
    one, other = (Backoff(60.0, Random("7")) for _ in range(2))  # noqa: S311 - repeatable on purpose
    rests = [one.next_rest() for _ in range(6)]
    assert rests == [other.next_rest() for _ in range(6)]
    for step, rest in enumerate(rests):
        assert 0.8 * 0.1 * 2**step <= rest - 0.1 <= 1.2 * 0.1 * 2**step


def test_thousands_of_misses_do_not_overflow() -> None:
    """A queue that stays empty for weeks still gives a finite rest."""
    backoff = Backoff(60.0, NoJitter())
    assert max(backoff.next_rest() for _ in range(5000)) == 60.0

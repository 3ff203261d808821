"""How long a queue listener rests between two questions (azure-sdk-for-net RandomizedExponentialBackoffStrategy)."""

from random import Random

MINIMUM_SECONDS = 0.1  # QueuePollingIntervals.Minimum of the Storage extension
JITTER = 0.2  # its RandomizationFactor
MAX_EXPONENT = 40  # far above any maximum that host.json can name; keeps the power finite


class Backoff:
    """Rests of one listener: 100 ms after a hit, then growing by doubling steps of 100 ms, each ±20 %, up to a maximum."""

    def __init__(self, maximum: float, random: Random) -> None:
        self._maximum = max(maximum, MINIMUM_SECONDS)
        self._random = random
        self._misses = 0
        self._hit = False

    def found(self) -> None:
        """Remember that the queue had something: the next rest is the shortest one."""
        self._hit = True

    def next_rest(self) -> float:
        """Return the seconds to rest after a question that brought nothing."""
        if self._hit:
            self._hit, self._misses = False, 0
            return MINIMUM_SECONDS
        step = MINIMUM_SECONDS * 2.0 ** min(self._misses, MAX_EXPONENT)
        self._misses += 1
        return min(self._maximum, MINIMUM_SECONDS + step * self._random.uniform(1 - JITTER, 1 + JITTER))

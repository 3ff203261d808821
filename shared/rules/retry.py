"""When to try again: exponential back-off with full jitter over the upper half, from a base that the reply's class gives."""

LONGEST_DELAY = 3600.0
"""Seconds. Nothing temporary is left alone for longer than this between two attempts."""

DOUBLINGS = 10
"""Exponents beyond this reach any cap; it keeps the power small for a mail that was tried a thousand times."""

AFTER_UNKNOWN = 30.0
"""Seconds before a mail with an unknown outcome is tried once more: long enough for Exchange's own duplicate detection."""


def delay(base: float, attempt: int, chance: float) -> float:
    """Seconds until the next try: `base` doubled with every `attempt` (from 1), capped, spread by `chance` in [0, 1).

    The first try is never sooner than half its base, so that a storm of equal failures spreads out but nobody hammers.
    """
    longest = min(max(base, 0.0) * 2.0 ** min(max(attempt - 1, 0), DOUBLINGS), max(LONGEST_DELAY, base))
    return longest * (0.5 + chance / 2)

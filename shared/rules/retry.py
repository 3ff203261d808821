"""When to try again: exponential back-off with full jitter over the upper half, from a base that the reply's class gives."""

LONGEST_DELAY = 3600.0
"""Seconds. Nothing temporary is left alone for longer than this between two attempts."""

LONGEST_IN_OUTAGE = 300.0
"""The same where nobody can send: one mail's try tells for all, the pace keeps the others in line, and when the service is
back its mails should not wait for an hour."""

DOUBLINGS = 10
"""Exponents beyond this reach any cap; it keeps the power small for a mail that was tried a thousand times."""

AFTER_UNKNOWN = 30.0
"""Seconds before a mail with an unknown outcome is tried once more: long enough for Exchange's own duplicate detection."""


def delay(base: float, attempt: int, chance: float, *, longest: float = LONGEST_DELAY) -> float:
    """Seconds until the next try: `base` doubled with every `attempt` (from 1), capped, spread by `chance` in [0, 1).

    The cap is `longest`, or the base where that is more. The first try is never sooner than half its base, so that a storm
    of equal failures spreads out but nobody hammers.
    """
    doubled = max(base, 0.0) * 2.0 ** min(max(attempt - 1, 0), DOUBLINGS)
    return min(doubled, max(longest, base)) * (0.5 + chance / 2)

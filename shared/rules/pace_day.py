"""Recipients of a sliding day: counted in buckets of five minutes, each of which counts until all of it is a day old.

A mail may leave a little after its slot, in the next bucket, so that a bucket counts that much longer.
"""

from collections.abc import Mapping

from shared.rules.pace import JITTER, Lane

DAY = 86_400.0

BUCKET = 300.0
"""Seconds. 288 small numbers in a row; a recipient counts up to this much longer than a day."""

RESERVED = 100
"""The last hundredth part of a day's recipients is for the high lane alone: a password reset must not stand behind the wall
that a newsletter ran into."""


def used(days: Mapping[int, int], now: float) -> int:
    """Recipients that count now."""
    return sum(count for bucket, count in days.items() if _ends(bucket) > now)


def taken(days: Mapping[int, int], at: float, recipients: int) -> dict[int, int]:
    """With so many recipients more, at a time that may lie a little ahead."""
    bucket = int(at // BUCKET)
    return {**days, bucket: days.get(bucket, 0) + recipients}


def returned(days: Mapping[int, int], at: float, recipients: int) -> dict[int, int]:
    """Without the recipients of a mail that did not leave."""
    bucket = int(at // BUCKET)
    return {**days, bucket: max(0, days.get(bucket, 0) - recipients)}


def pruned(days: Mapping[int, int], now: float) -> dict[int, int]:
    """Without the buckets that no longer count."""
    return {bucket: count for bucket, count in days.items() if count and _ends(bucket) > now}


def allowance(limit: int, lane: Lane) -> int:
    """How many recipients of the day this lane may use up."""
    return limit if lane is Lane.HIGH else limit - limit // RESERVED


def free_at(days: Mapping[int, int], recipients: int, limit: int, now: float) -> float:
    """When so many more recipients fit below `limit`: now, or when enough buckets are over.

    More than a whole day allows fit when the day is empty: what comes then is found out then.
    """
    excess = used(days, now) + recipients - limit
    at = now
    for bucket in sorted(days):
        if excess <= 0:
            return at
        if _ends(bucket) > now:
            excess -= days[bucket]
            at = _ends(bucket)
    return at


def _ends(bucket: int) -> float:
    return (bucket + 1) * BUCKET + DAY + JITTER

"""A caller's daily amount: mails accepted in a UTC day. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = 86_400
"""Seconds of the window."""


@dataclass(frozen=True, slots=True)
class Count:
    """Mails that were accepted on this day, which is written as in 2026-11-30."""

    day: str
    mails: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a caller may still have accepted: `left` of `limit`, until the amount begins anew in `resets` seconds."""

    limit: int
    left: int
    resets: int


class QuotaExceeded(Exception):
    """The request asks for more mails than are left of the caller's day; nothing was stored."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(f"the caller's {standing.limit} mails a day leave {standing.left}; nothing was stored")
        self.standing = standing


def counted(known: Count | None, limit: int, mails: int, now: float) -> Count:
    """The count with so many mails more, at `now` in epoch seconds; raises `QuotaExceeded` and counts nothing."""
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    before = known.mails if known is not None and known.day == today else 0
    if before + mails > limit:
        raise QuotaExceeded(standing(Count(today, before), limit, now))
    return Count(today, before + mails)


def standing(count: Count, limit: int, now: float) -> Standing:
    """What the count leaves."""
    moment = datetime.fromtimestamp(now, UTC)
    midnight = datetime.combine(moment.date() + timedelta(days=1), datetime.min.time(), UTC)
    return Standing(limit, max(0, limit - count.mails), int((midnight - moment).total_seconds()) + 1)

"""Epoch seconds as text and back: UTC, seven decimals, so that text sorts as time does.

Seven decimals are what Azure Tables keep of an Edm.DateTime (100 ns), and enough to give back the very same float for
every time from 2004 on (its unit in the last place is at least 238 ns there).
"""

import math
import re
from datetime import UTC, datetime

_TICKS = 10_000_000
_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7})\d*)?Z")


def to_utc_text(at: float) -> str:
    """Epoch seconds as `2026-11-23T22:00:00.1234567Z`; `ValueError` for times that no calendar has (NaN, infinity)."""
    if not math.isfinite(at):
        raise ValueError("a time must be a finite number of seconds")
    seconds, ticks = divmod(round((at % 1.0) * _TICKS), _TICKS)
    whole = datetime.fromtimestamp(at // 1.0 + seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{ticks:07d}Z"


def from_utc_text(text: str) -> float:
    """Epoch seconds of such a text (fewer decimals are fine); `ValueError` for anything else."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("not a time in UTC such as 2026-11-23T22:00:00Z")
    whole = datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp()
    return whole + int((found[2] or "0").ljust(7, "0")) / _TICKS

"""Storage's time in this process: the local clock, corrected by what storage's answers say.

Instances that share rows must agree on the time, and a machine's clock may be wrong by an hour. Every answer has a `Date`
in whole seconds; the ETag of a table write is its time to 100 ns. Each bounds the offset from both sides, as the answer was
made between the request and its arrival, so a few of them tell it to milliseconds (pacing reference, 6).
"""

import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse

log = logging.getLogger("keyless_mail")

DRIFT = 5e-5
"""Seconds per second by which a clock may run wrong: bounds that were learned grow older by that."""

NOTABLE = 30.0
"""Seconds; a local clock that is wrong by more is worth a line in the log."""

WRITES = frozenset({"PUT", "PATCH", "MERGE"})
"""Requests whose ETag is that of what they wrote; a read's is of somebody's earlier write."""

_ETAG_TIME = re.compile(r"W/\"datetime'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?)Z'\"")


class StorageClock:
    """`wall` is the local clock in epoch seconds, `monotonic` one that never jumps."""

    def __init__(self, *, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._low = self._high = wall() - monotonic()
        self._learned_at: float | None = None
        self._said = False

    def now(self) -> float:
        """Epoch seconds by storage's clock; by the local one until storage was heard."""
        return self._monotonic() + (self._low + self._high) / 2

    def monotonic(self) -> float:
        """When a request is sent or an answer comes."""
        return self._monotonic()

    def heard(self, first: float, last: float, *, sent: float) -> None:
        """An answer was made between `first` and `last` of storage's time, and the request for it left at `sent`."""
        now = self._monotonic()
        low, high = first - now, last - sent
        if self._learned_at is not None:
            aged = DRIFT * (now - self._learned_at)
            if low <= self._high + aged and self._low - aged <= high:
                low, high = max(low, self._low - aged), min(high, self._high + aged)
        self._low, self._high, self._learned_at = low, max(low, high), now
        self._say()

    def _say(self) -> None:
        wrong = self._wall() - self.now()
        if abs(wrong) > NOTABLE and not self._said:
            self._said = True
            log.warning("this instance's clock is off by %+.0f s; storage's time is used instead", wrong)


def bounds(method: str, headers: Mapping[str, str]) -> tuple[float, float] | None:
    """Between which two times an answer was made, as its headers say; None where they do not."""
    written = _ETAG_TIME.fullmatch(unquote(headers.get("ETag") or "")) if method in WRITES else None
    if written is not None:
        at = datetime.fromisoformat(f"{written[1][:26]}+00:00").timestamp()
        return at, at
    try:
        second = parsedate_to_datetime(headers.get("Date") or "").timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return second, second + 1.0


class ClockListener:
    """Listens to every answer of a storage client; its methods are the hooks of azure-core's `CustomHookPolicy`."""

    def __init__(self, clock: StorageClock) -> None:
        self._clock = clock

    def on_request(self, request: "PipelineRequest[Any]") -> None:
        """Remember when it left."""
        request.context["keyless_mail_sent"] = self._clock.monotonic()

    def on_response(self, response: "PipelineResponse[Any, Any]") -> None:
        """Learn from the answer's headers."""
        found = bounds(response.http_request.method, response.http_response.headers)
        if found is not None:
            self._clock.heard(*found, sent=response.context["keyless_mail_sent"])

"""Digests: items come in one by one, and when the schedule's next time has passed, one mail holds them all."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.accept import Accept, KeyConflict, Origin
from shared.ports import Buffer
from shared.rules import callers
from shared.rules.buffered import Window
from shared.rules.config import Digest
from shared.rules.digest_windows import window_end
from shared.rules.envelope import Envelope
from shared.rules.problems import Refused
from shared.rules.storage_errors import BrokenRow, NewerRow, NotStorable, WindowClosed
from shared.telemetry import Attr, Metric, Telemetry

log = logging.getLogger("keyless_mail")

CLOSED_IN_A_ROW = 3
"""Windows that may turn out closed while one item is added, before this is a bug: clocks differ by one window at most."""


@dataclass(frozen=True, slots=True)
class Digests:
    """The story of all digests."""

    digests: dict[str, Digest]
    buffer: Buffer
    accept: Accept
    telemetry: Telemetry
    clock: Callable[[], float]

    async def add(self, digest: Digest, key: str, item: bytes) -> float:
        """Put a JSON item into the digest's open window; gives the window's end in epoch seconds."""
        now = self.clock()
        for _ in range(CLOSED_IN_A_ROW):
            end = window_end(digest.schedule, digest.time_zone, now)
            try:
                await self.buffer.add(digest.name, end, key, item)
            except WindowClosed:
                now = end
                continue
            return end
        raise WindowClosed

    async def close_due(self) -> int:
        """Turn every window whose end has passed into one accepted mail; gives how many.

        A digest whose mail cannot be made keeps its items and is tried again by every tick; the others go on.
        """
        done = 0
        for window in await self.buffer.due(self.clock()):
            digest = self.digests.get(window.digest)
            if digest is None:
                continue  # taken out of mail.toml: the items stay until it comes back
            try:
                await self._close(digest, window)
            except (Refused, KeyConflict, BrokenRow, NewerRow, NotStorable) as failed:
                log.warning("digest %s cannot be made: %s", digest.name, failed)
                self.telemetry.count(Metric.FAULTS, {Attr.DOOR: "digest", Attr.REASON: type(failed).__name__})
                continue
            done += 1
        return done

    async def _close(self, digest: Digest, window: Window) -> None:
        with self.telemetry.span("digest close", parent="", attributes={Attr.DOOR: "digest"}):
            items = [json.loads(item) for item in await self.buffer.close(window)]
            if items:
                await self.accept(_envelope(digest, window, items), callers.digest(digest), _origin(window))
            await self.buffer.forget(window)


def _origin(window: Window) -> Origin:
    """The window's end is the key, so that a tick that died half-way makes the same mail again, sent once."""
    return Origin(door="digest", key=str(int(window.end)))


def _envelope(digest: Digest, window: Window, items: list[object]) -> Envelope:
    data = {
        "digest": digest.name,
        "items": items,
        "count": len(items),
        "until": datetime.fromtimestamp(window.end, UTC).isoformat(timespec="seconds"),
    }
    return Envelope(sender=digest.sender, to=digest.to, template=digest.template, data=data)

"""A mailbox's row as one process knows it: the version that its next write replaces, and when others were seen there."""

import math

from shared.pace_ports import PaceRows
from shared.rules.pace import Pace, PaceEntry
from shared.rules.pace_turns import last_sign
from shared.rules.storage_errors import Conflict, StorageFault

CONTESTED = 60.0
"""Seconds for which another instance that wrote the row counts as one that may want a connection."""


class KnownRow:
    """`pace` is the newest version that was read or written, which may be out of date; a write then raises `Conflict`."""

    def __init__(self, mailbox: str, *, owner: str, rows: PaceRows) -> None:
        self.pace = Pace()
        self._mailbox = mailbox
        self._owner = owner
        self._rows = rows
        self._entry: PaceEntry | None = None
        self._etag = ""
        self._others_at = -math.inf

    async def look(self, now: float) -> Pace:
        """The row: as it was last seen, or read anew after `forget`. Raises the storage's errors."""
        if self._entry is None:
            self._entry = await self._rows.read(self._mailbox)
            self.pace = self._entry.pace
            if self._entry.etag != self._etag:
                self._etag = self._entry.etag
                self._others_at = max(self._others_at, last_sign(self.pace, self._owner, now))
        return self.pace

    async def write(self, pace: Pace, now: float) -> None:
        """Replace the version that was looked at. Raises `Conflict` where it is no longer the newest one."""
        if self._entry is None:
            raise ValueError("a row is looked at before it is written")
        try:
            self._entry = await self._rows.write(self._mailbox, pace, self._entry)
        except Conflict:
            self._others_at = now
            raise
        except StorageFault:
            self._entry = None
            raise
        self.pace, self._etag = pace, self._entry.etag

    def forget(self) -> None:
        """The next look reads."""
        self._entry = None

    def is_contested(self, now: float) -> bool:
        """Whether other instances were seen lately."""
        return now - self._others_at < CONTESTED

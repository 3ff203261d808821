"""The connections that this process may have open with one mailbox, as the row last granted them."""

import asyncio
import math

from shared.rules.pace import Hold
from shared.rules.pace_turns import MARGIN


class Permits:
    """`held` turns until `expires`; mails in hand take them one after the other. Times are storage's."""

    def __init__(self) -> None:
        self.held = 0
        self.in_use = 0
        self.expires = -math.inf
        self._most = 0
        self._changed = asyncio.Condition()

    def valid(self, now: float) -> bool:
        """Whether a connection may be used now."""
        return self.held > 0 and now < self.expires - MARGIN

    async def grant(self, hold: Hold | None, *, surplus: int = 0) -> None:
        """The row says that this process has these turns; `surplus` of them may not be used any more."""
        self.held, self.expires = (hold.count, hold.expires) if hold else (0, -math.inf)
        self._most = max(0, self.held - surplus)
        async with self._changed:
            self._changed.notify(max(0, self._most - self.in_use))  # the others would only go back to wait

    def restrict(self, most: int) -> None:
        """Some turns are about to be given back: no more than `most` connections from now on."""
        self._most = min(self._most, most)

    async def enter(self, seconds: float) -> bool:
        """Take one, or False where none comes free in that time."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self.in_use < self._most)
                self.in_use += 1
        except TimeoutError:
            return False
        return True

    async def leave(self) -> None:
        """Give it to the next mail."""
        self.in_use -= 1
        async with self._changed:
            self._changed.notify()

"""A pace without limits, or one that says "later" as often as a test wants."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from shared.rules.config import Sender
from shared.rules.pace import Later


class FreePace:
    """Gives every turn at once, after the answers in `later`."""

    def __init__(self) -> None:
        self.later: list[float] = []
        self.running = 0

    async def turn(self, mailbox: str, sender: Sender) -> AbstractAsyncContextManager[None] | Later:  # noqa: ARG002 - the port's shape
        """As the port says."""
        return Later(self.later.pop(0)) if self.later else self._turn()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1

"""A pace without limits, or one that says "later" as often as a test wants."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from shared.rules.config import Sender
from shared.rules.pace import Later, Place, Request


class FreePace:
    """Gives every turn at once, after the answers in `later`; its turns are ready at once, after those in `missed`.

    `dots` has, for each final dot, whether it was refused for too many connections.
    """

    def __init__(self) -> None:
        self.later: list[float] = []
        self.missed: list[Later] = []
        self.requests: list[Request] = []
        self.dots: list[bool] = []
        self.running = 0

    def in_order(self, mailboxes: Sequence[str], sender: Sender, place: Place | None) -> Sequence[str]:  # noqa: ARG002 - the port's shape
        """As the port says."""
        return mailboxes

    async def turn(self, mailbox: str, sender: Sender, request: Request) -> "FreeTurn | Later":  # noqa: ARG002 - the port's shape
        """As the port says."""
        self.requests.append(request)
        return Later(self.later.pop(0), Place("free", 1.0)) if self.later else FreeTurn(self)


class FreeTurn:
    """A turn of that pace."""

    def __init__(self, pace: FreePace) -> None:
        self._pace = pace

    async def __aenter__(self) -> Self:
        """As the port says."""
        self._pace.running += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """As the port says."""
        self._pace.running -= 1

    async def ready(self) -> Later | None:
        """As the port says."""
        return self._pace.missed.pop(0) if self._pace.missed else None

    def dotted(self, reply_seconds: float, octets: int, *, refused: bool) -> None:  # noqa: ARG002 - the port's shape
        """As the port says."""
        self._pace.dots.append(refused)

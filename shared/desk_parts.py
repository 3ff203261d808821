"""What a desk works with: the mailbox, time, a mail that waits, and what sending one costs in seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from shared.rules.pace import Later, Limits
from shared.rules.pace_booking import Want

HOLD = 6.0
"""Seconds that a new mail waits in place; longer waits belong into the queue, where they cost nothing."""

HOLD_AGAIN = 15.0
"""Seconds that a mail waits in place that has come back for its slot: going once more would cost more than waiting."""

EARLY = 5.0
"""Seconds before its time at which a mail comes back: queues count whole seconds, and the host looks every second."""

POLL = 0.3
"""Seconds between two looks at the row while all turns are others'."""

STORAGE_PAUSE = 1.0
"""Seconds after storage failed; the mails in hand wait meanwhile."""

LOST_RACE = 0.03
"""Seconds at most until a write that lost a race is tried again."""

QUEUE = 0.3
"""Seconds that a mail with a slot waits for a connection at most: well below `LATE`, or it would miss the slot."""

NEAR = 1.0
"""Seconds before a mail may book at which it is worth a turn: others can use the connection until then."""

SOONEST = 0.01
"""Seconds at least between two looks at the row."""

SPARE = 1.25
"""Connections wanted, in those that full speed needs."""

LEAST = 0.01
"""Seconds that a mail takes at least; keeps what is computed from it finite."""

SMOOTH = 0.3
"""Weight of the newest mail in what one mail takes."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Who logs in: its address, the key of its row, and its limits."""

    address: str
    key: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class DeskTimes:
    """Time and chance, as arguments: `clock` is storage's time, `sleep` takes seconds, `chance` is in [0, 1)."""

    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]


@dataclass(slots=True)
class Cost:
    """Seconds of a connection that a mail takes, and seconds from its connection to the point at which it could leave."""

    takes: float = 0.1
    prepares: float = 0.0

    def took(self, seconds: float) -> None:
        """The newest mail kept its connection for so long, its wait for the slot not counted."""
        self.takes += SMOOTH * (max(LEAST, seconds) - self.takes)

    def prepared(self, seconds: float) -> None:
        """The newest mail was ready to leave after so long."""
        self.prepares += SMOOTH * (seconds - self.prepares)


class Waiter:
    """A mail in hand that waits for its slot since `since`."""

    def __init__(self, want: Want, since: float, answer: "asyncio.Future[float | Later]") -> None:
        self.want = want
        self.answer = answer
        self.holds = HOLD if want.place is None else HOLD_AGAIN
        self._since = since

    def stand_at(self, place: float) -> None:
        """The row knows its place."""
        self.want = replace(self.want, place=place)

    def in_vain(self, now: float, patience: float) -> bool:
        """Whether it has waited for longer than that."""
        return now - self._since > patience

    def back_in(self, wait: float) -> float:
        """Seconds until it should come back for a slot that is `wait` seconds away."""
        return max(1.0, wait - EARLY)

    def give(self, answer: float | Later) -> bool:
        """Answer it; False where it was answered or went away."""
        if self.answer.done():
            return False
        self.answer.set_result(answer)
        return True

    def fail(self, fault: Exception) -> None:
        """Answer it with an error."""
        if not self.answer.done():
            self.answer.set_exception(fault)

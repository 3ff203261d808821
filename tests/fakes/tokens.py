"""A way to tokens that does what a test says."""

import asyncio
from dataclasses import dataclass, field

from shared.rules.outcome import Reason
from shared.rules.token_errors import TokenUnavailable

DOWN = TokenUnavailable(Reason("identity-down", "made up"), 30.0)


@dataclass
class FakeFetch:
    """Gives t1, t2, … with `life` seconds each, after the `failures`; `gate` holds every fetch until it is set."""

    clock: "Clock"
    life: float = 3600.0
    way: str = "managed-identity"
    failures: list[BaseException] = field(default_factory=list)
    gate: asyncio.Event | None = None
    asked: int = 0
    given: int = 0

    async def __call__(self) -> tuple[str, float]:
        """As the port says."""
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.given += 1
        return f"t{self.given}", self.clock.now + self.life


@dataclass
class Clock:
    """Epoch seconds that the test moves."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now

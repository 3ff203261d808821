"""What the simulator counts about itself: `GET /api/stats` of design 3.1."""

from collections import Counter
from dataclasses import dataclass, field

from devcloud.exchange.replies import Reply


@dataclass
class Stats:
    """Counts since the start; the peaks are kept by the ledgers that enforce the limits."""

    accepted: int = 0
    replies: Counter[str] = field(default_factory=Counter)
    connections_opened: int = 0
    auth_failures: int = 0
    delayed: int = 0
    suppressed_duplicates: int = 0
    bounces: int = 0
    throttle_replies: int = 0

    def note(self, reply: Reply) -> None:
        """A reply is on its way."""
        self.replies[reply.key] += 1
        if reply.code == 432 or (reply.code == 421 and reply.enhanced.startswith("4.")):
            self.throttle_replies += 1

    @property
    def throttles(self) -> int:
        """Every 432, every 421 4.x, and every 250 that was delayed for the rate (design 3.1)."""
        return self.throttle_replies + self.delayed

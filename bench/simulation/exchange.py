"""Exchange's limits of one mailbox as a judge: who is connected, what was sent when, and every reply that throttles."""

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum

MINUTE, DAY = 60.0, 86_400.0


class Answer(StrEnum):
    """What the final dot was answered."""

    ACCEPTED = "250"
    DELAYED = "250 delayed"
    CONCURRENT = "432"
    QUOTA = "554"


@dataclass
class Exchange:
    """One mailbox. With `idle_counts` a connection counts from login to goodbye, otherwise only while it submits."""

    per_minute: int
    connections: int
    per_day: int
    idle_counts: bool = True
    dots: list[float] = field(default_factory=list)
    lanes: list[str] = field(default_factory=list)
    recipients: list[int] = field(default_factory=list)
    answers: dict[Answer, int] = field(default_factory=lambda: dict.fromkeys(Answer, 0))
    peak_connections: int = 0
    _present: dict[int, None] = field(default_factory=dict)

    def login(self, connection: int) -> None:
        """A connection is open."""
        if self.idle_counts:
            self._enter(connection)

    def submit(self, connection: int) -> None:
        """It says MAIL."""
        self._enter(connection)

    def done(self, connection: int) -> None:
        """Its mail is over."""
        if not self.idle_counts:
            self._present.pop(connection, None)

    def goodbye(self, connection: int) -> None:
        """It is closed."""
        self._present.pop(connection, None)

    @property
    def present(self) -> int:
        """Connections that count now."""
        return len(self._present)

    def dot(self, connection: int, lane: str, recipients: int, now: float) -> tuple[Answer, float]:
        """The answer to a final dot, and the seconds by which it is delayed."""
        if list(self._present).index(connection) >= self.connections:
            return self._say(Answer.CONCURRENT), 0.0
        if self.of_the_day(now) + recipients > self.per_day:
            return self._say(Answer.QUOTA), 0.0
        self.dots.append(now)
        self.lanes.append(lane)
        self.recipients.append(recipients)
        over = len(self.dots) - bisect_right(self.dots, now - MINUTE) > self.per_minute
        wait = self.dots[-self.per_minute - 1] + MINUTE - now if over else 0.0
        return self._say(Answer.DELAYED if over else Answer.ACCEPTED), wait

    def of_the_day(self, now: float) -> int:
        """Recipients of the 24 hours before `now`."""
        return sum(self.recipients[bisect_right(self.dots, now - DAY) : bisect_right(self.dots, now)])

    @property
    def throttles(self) -> int:
        """Replies that should never come."""
        return sum(count for answer, count in self.answers.items() if answer is not Answer.ACCEPTED)

    @property
    def peak_per_minute(self) -> int:
        """Final dots in the fullest sliding minute."""
        return max((n + 1 - bisect_right(self.dots, at - MINUTE) for n, at in enumerate(self.dots)), default=0)

    def use(self, first: int = 0, last: int | None = None) -> float:
        """Part of the allowance that was used from the first of these mails to the last."""
        dots = self.dots[first:last]
        if len(dots) < 2:
            return 0.0
        return (len(dots) - 1) / ((dots[-1] - dots[0]) * self.per_minute / MINUTE)

    def _enter(self, connection: int) -> None:
        self._present[connection] = None
        self.peak_connections = max(self.peak_connections, len(self._present))

    def _say(self, answer: Answer) -> Answer:
        self.answers[answer] += 1
        return answer

"""Counters with a memory: submissions per minute, connections at once, recipients per day, lockouts, duplicates.

All take the time as an argument and never read a clock.
"""

from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field

from devcloud.exchange.replies import Reply
from devcloud.exchange.store_replies import LOCKOUT_CODES, locked_out

MINUTE = 60.0
DAY = 86_400.0

DUPLICATE_WINDOW = 3_600.0
"""Seconds for which a delivery is remembered: the one hour that was described for the Exchange store in 2004."""


@dataclass
class RateLedger:
    """Messages per minute and mailbox: when the next one may pass, and the most that were seen in any 60 seconds."""

    slots: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    dots: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    peaks: dict[str, int] = field(default_factory=dict)

    def dot(self, mailbox: str, now: float) -> None:
        """A final dot was received."""
        seen = self.dots[mailbox]
        seen.append(now)
        _forget(seen, now - MINUTE)
        self.peaks[mailbox] = max(self.peaks.get(mailbox, 0), len(seen))

    def wait(self, mailbox: str, now: float, limit: int) -> float:
        """Seconds until the window lets the next message of this mailbox pass."""
        slots = self.slots[mailbox]
        _forget(slots, now - MINUTE)
        return max(0.0, slots[-limit] + MINUTE - now) if len(slots) >= limit else 0.0

    def take(self, mailbox: str, at: float) -> None:
        """A message passes at this time, which may lie ahead."""
        self.slots[mailbox].append(at)


@dataclass
class Presence:
    """Connections at once per mailbox, in the order in which they came; keys are the connections' numbers."""

    present: dict[str, dict[int, None]] = field(default_factory=lambda: defaultdict(dict))
    peaks: dict[str, int] = field(default_factory=dict)

    def enter(self, mailbox: str, connection: int) -> None:
        """This connection counts from now on."""
        here = self.present[mailbox]
        here[connection] = None
        self.peaks[mailbox] = max(self.peaks.get(mailbox, 0), len(here))

    def leave(self, mailbox: str, connection: int) -> None:
        """It counts no longer."""
        self.present[mailbox].pop(connection, None)

    def rank(self, mailbox: str, connection: int) -> int:
        """How many came before this connection and are still here."""
        return list(self.present[mailbox]).index(connection) if connection in self.present[mailbox] else 0


@dataclass
class Quota:
    """Recipients of the last 24 hours per mailbox."""

    used: dict[str, deque[tuple[float, int]]] = field(default_factory=lambda: defaultdict(deque))
    totals: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def fits(self, mailbox: str, recipients: int, now: float, limit: int) -> bool:
        """Whether this many more recipients stay within the limit."""
        used = self.used[mailbox]
        while used and used[0][0] <= now - DAY:
            self.totals[mailbox] -= used.popleft()[1]
        return self.totals[mailbox] + recipients <= limit

    def take(self, mailbox: str, recipients: int, now: float) -> None:
        """Book them."""
        self.used[mailbox].append((now, recipients))
        self.totals[mailbox] += recipients


@dataclass
class Lockout:
    """Mailboxes that failed in the same way too often in a row are refused for a while, whatever they send."""

    after: int
    seconds: float
    failures: dict[tuple[str, str], int] = field(default_factory=dict)
    locked: dict[str, tuple[str, float]] = field(default_factory=dict)

    def refusal(self, mailbox: str, now: float) -> Reply | None:
        """The lockout's reply while it lasts."""
        kind, until = self.locked.get(mailbox, ("", 0.0))
        if now < until:
            return locked_out(kind)
        self.locked.pop(mailbox, None)
        return None

    def note(self, mailbox: str, reply: Reply, now: float) -> None:
        """Count a refusal; a mail that was accepted ends every row of failures."""
        if reply.code == 250:
            self.failures = {key: count for key, count in self.failures.items() if key[0] != mailbox}
            return
        kind = failure_kind(reply)
        if kind is None or not self.after:
            return
        self.failures[mailbox, kind] = self.failures.get((mailbox, kind), 0) + 1
        if self.failures[mailbox, kind] >= self.after:
            del self.failures[mailbox, kind]
            self.locked[mailbox] = (kind, now + self.seconds)


@dataclass
class Deliveries:
    """Which mails a mailbox sent within the last hour, by Message-ID and Date, where duplicates are suppressed."""

    seen: OrderedDict[tuple[str, str, str], float] = field(default_factory=OrderedDict)

    def is_repeated(self, mailbox: str, message_id: str, date: str, now: float) -> bool:
        """Whether this mail was there before; remembers it either way."""
        while self.seen and next(iter(self.seen.values())) <= now - DUPLICATE_WINDOW:
            self.seen.popitem(last=False)
        key = (mailbox, message_id, date)
        if key in self.seen:
            return True
        self.seen[key] = now
        return False


def failure_kind(reply: Reply) -> str | None:
    """Which of the five kinds of continuous error a refusal is, None for any other."""
    if reply.enhanced in LOCKOUT_CODES.values() and reply.code == 550:
        return None  # the lockout itself
    if "SendAsDenied" in reply.text:
        return "send as denied"
    if reply.key == "554 5.2.2":
        return "mailbox full"
    if reply.key == "550 5.5.3":
        return "too many recipients"
    if reply.key in {"501 5.1.3", "550 5.1.10"}:
        return "invalid recipients"
    return None


def _forget(times: deque[float], until: float) -> None:
    while times and times[0] <= until:
        times.popleft()

"""What a pace run saw at Exchange and in the app's storage, and what that comes to against the run's targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.chaos_verdict import EXPLAINED, MOVING
from bench.pace_figures import Finding, between, use
from bench.pace_plan import Load


class Dot(NamedTuple):
    """A mail that Exchange took: epoch seconds of its final dot, the mailbox, the number of the host, and the mail's id."""

    at: float
    mailbox: str
    host: int
    mail_id: str


class Row(NamedTuple):
    """A mail's row: its state, whether it is held at a stop, and how often its timeline says that it was deferred."""

    state: str
    stopped: bool
    paced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All of one run. `dots` are in the order of their times.

    `stats` are the simulator's counters; `puts` counts messages that were put on `sending`, `messages` those that were still
    there at the end, hidden ones too; `happened` is what was done to hosts; `since` (epoch seconds) is when the killing
    began, from which on the use is taken; `seconds` is how long it took.
    """

    load: Load
    dots: tuple[Dot, ...]
    stats: Mapping[str, Any]
    puts: int
    accepted: frozenset[str]
    rows: Mapping[str, Row]
    messages: int
    happened: Mapping[str, int]
    since: float
    seconds: float

    @property
    def times(self) -> list[float]:
        """Of the final dots."""
        return [dot.at for dot in self.dots]

    @property
    def measured(self) -> list[float]:
        """Of the final dots over which the use is taken."""
        return between(self.times, since=self.since, part=self.load.measured)

    @property
    def use(self) -> float:
        """The part of all mailboxes' allowances that was used, from the first to the last mail that is measured."""
        return use(self.measured, self.load.setup.allowance)

    @property
    def deferrals(self) -> float:
        """Messages put on `sending` beyond the one that every mail needs, per mail: whatever the reason was."""
        mails = len(self.accepted)
        return (self.puts - mails) / mails if mails else 0.0

    @property
    def paced(self) -> float:
        """Deferrals by the pace alone, per mail, as the timelines have them."""
        return sum(row.paced for row in self.rows.values()) / len(self.rows) if self.rows else 0.0

    @property
    def lost(self) -> int:
        """Accepted mails that are nowhere.

        A mail that is not at Exchange is lost when it has no row, when the row says that it was sent, and when it still
        moves (`waiting`, `sending`) and is not held at a stop while no message is left that would move it. Whose message a
        hidden one is only its holder can read, so they are counted: as many moving mails are lost as messages are missing.
        """
        there = {dot.mail_id for dot in self.dots}
        rows = [self.rows.get(mail_id) for mail_id in self.accepted - there]
        gone = sum(row is None or row.state not in EXPLAINED | MOVING for row in rows)
        moving = sum(row is not None and row.state in MOVING and not row.stopped for row in rows)
        return gone + max(0, moving - self.messages)

    @property
    def arrived(self) -> int:
        """Different mails at Exchange."""
        return len({dot.mail_id for dot in self.dots} & self.accepted)

    def refusals(self, code: int) -> int:
        """Replies of the simulator with this basic code."""
        return sum(count for key, count in self.stats["replies"].items() if key.startswith(str(code)))


def judge(seen: Seen) -> list[Finding]:
    """Every figure of the run that has a target."""
    load, name = seen.load, seen.load.name
    throttled = f"{seen.refusals(432)} x 432, {seen.refusals(421)} x 421, {seen.stats['delayed']} delayed"
    found = [Finding(name, "throttles", seen.stats["throttles"], 0, at_most=True, numbers=throttled)]
    if load.least_use is not None:
        found.append(Finding(name, "use", seen.use, load.least_use, at_most=False, unit="%", numbers=_sent(seen)))
    if load.most_deferrals is not None:
        by_pace = f"{seen.paced:.2f} by the pace"
        found.append(Finding(name, "deferrals a mail", seen.deferrals, load.most_deferrals, at_most=True, numbers=by_pace))
    if load.shows_peak:
        found.append(_peak(seen))
    if load.kills is None:
        found.append(Finding(name, "mails at Exchange", seen.arrived, load.mails, at_most=False))
    return [*found, Finding(name, "lost", seen.lost, 0, at_most=True, numbers=_rest(seen))]


def _sent(seen: Seen) -> str:
    counted = seen.measured
    took = counted[-1] - counted[0] if counted else 0.0
    return f"{len(counted)} of {len(seen.dots)} in {took:.1f} s at {seen.load.setup.allowance} a minute"


def _peak(seen: Seen) -> Finding:
    peaks: Mapping[str, int] = seen.stats["peak_per_minute"]
    numbers = f"{len(peaks)} mailboxes, lowest peak {min(peaks.values(), default=0)}"
    limit = seen.load.setup.per_minute
    return Finding(seen.load.name, "most of a mailbox", max(peaks.values(), default=0), limit, at_most=True, numbers=numbers)


def _rest(seen: Seen) -> str:
    """What is left and what was done, where there is something to say."""
    counts = {
        **seen.happened,
        "not at Exchange": len(seen.accepted) - seen.arrived,
        "sent twice": len(seen.dots) - len({dot.mail_id for dot in seen.dots}),
        "messages left": seen.messages,
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)

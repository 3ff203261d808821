"""The runs of the pace benchmark: how many hosts, mailboxes and mails, what is killed, and what has to come out.

Rates are scaled: 600 mails a minute instead of Exchange's 30 show in three minutes what takes an hour; the window is 60 s.
"""

from dataclasses import dataclass, replace

SCALED = 600
"""Mails a minute of a mailbox in a scaled run: as much as two cores can send beside ten hosts that poll."""

TRUE = 30
"""Mails a minute of a mailbox at Exchange Online."""

CONNECTIONS = 3
"""At once, of one mailbox: what Exchange Online allows."""

REAL_LEASE = 600.0
"""Seconds; of a queue message in Azure's own host."""

_BACKLOG = 1_800  # three scaled minutes: the first minute alone would not show a window that slides
_QUICK = 200  # mails at most with `--quick`: enough to see that a run works, not what it measures
_QUICK_TRUE = 12  # the same at 30 a minute
_LONG = 600  # mails of `true-30` with `--long`: twenty minutes
_THIRD_OF_TEN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A local cloud for a run: the limits are of each mailbox, `lease_seconds` is that of a queue message.

    `attempt_lease` (seconds, None: the app's own) is small where hosts are killed; `traced` lets the hosts export traces.
    """

    hosts: int
    per_minute: int = SCALED
    connections: int = CONNECTIONS
    mailboxes: int = 1
    lease_seconds: float = REAL_LEASE
    attempt_lease: int | None = None
    traced: bool = False

    @property
    def allowance(self) -> int:
        """Mails a minute of all mailboxes together."""
        return self.per_minute * self.mailboxes


@dataclass(frozen=True, slots=True)
class Kills:
    """`at_once` hosts are killed every `every` seconds, at most `rounds` times; no more once the measured mails are sent."""

    at_once: int
    every: float
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A backlog that is sent as fast as the pace allows, and its targets (None: no target).

    `measured` is the part of the mails over which the use is taken: behind it is the tail of what dead hosts had in hand.
    """

    name: str
    setup: Setup
    mails: int = _BACKLOG
    measured: float = 1.0
    kills: Kills | None = None
    least_use: float | None = None
    most_deferrals: float | None = None
    shows_peak: bool = False


LOADS: tuple[Load, ...] = (
    Load(name="hosts-1", setup=Setup(hosts=1), least_use=0.97, most_deferrals=1.2),
    Load(name="hosts-3", setup=Setup(hosts=3), least_use=0.97, most_deferrals=1.2),
    Load(name="hosts-10", setup=Setup(hosts=10), least_use=0.95, most_deferrals=1.2),
    Load(name="true-30", setup=Setup(hosts=3, per_minute=TRUE), mails=90, least_use=0.96),
    Load(  # at half the rate: the backlog has to be there before the killing, and two cores accept ten mails a second
        name="kills-10",
        setup=Setup(hosts=10, per_minute=SCALED // 2, lease_seconds=10.0, attempt_lease=3),
        mails=_BACKLOG // 2,
        measured=0.9,
        kills=Kills(_THIRD_OF_TEN, every=4.0, rounds=150),
        least_use=0.85,
    ),
    Load(  # what dead hosts had in hand stays there for ten minutes: few mails and kills, and no figure of use
        name="kills-600",
        setup=Setup(hosts=10, attempt_lease=3),
        mails=300,
        kills=Kills(_THIRD_OF_TEN, every=4.0, rounds=4),
    ),
    Load(name="pool", setup=Setup(hosts=3, per_minute=60, mailboxes=10), least_use=0.95, shows_peak=True),
)
"""Runs with a backlog, in the order in which they are run."""

PICTURED = "hosts-3"
"""The run of which a picture is drawn where no other one is asked for."""


def lengthened(load: Load) -> Load:
    """The same with twenty minutes of mail at Exchange's true limit; other runs as they are."""
    return replace(load, mails=_LONG) if load.setup.per_minute == TRUE else load


def shortened(load: Load) -> Load:
    """The same with so few mails that it only shows whether the run works."""
    return replace(load, mails=min(load.mails, _QUICK_TRUE if load.setup.per_minute == TRUE else _QUICK))

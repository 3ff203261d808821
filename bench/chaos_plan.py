"""The disturbances of a chaos run, all from its seed and written down before it begins: what, when, how likely.

The same seed gives the same plan. What really happens also depends on the machine, and is counted while it happens.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

Json = dict[str, Any]

_KILL_EVERY = 9.0  # seconds on average; a host needs some three to start on a busy machine
_RESTART_EVERY = 60.0  # seconds of disturbance for each restart of Azurite
_MOST_RESTARTS = 2
_THROTTLED_SECONDS = (6.0, 10.0)
_DEAD_SECONDS = (0.0, 3.0)  # until a killed host is replaced, or a stopped Azurite started again
_CLOCK_OFF = (5.0, 12.0)  # seconds: longer than the lease of an attempt in these runs, far below any expiry
_CUT_POINTS = 4  # plain bytes of a connection at which it may be cut, for each side
_CUT_WITHIN = (40, 12_000)  # bytes: from the greeting over the login and the first mail to about the tenth

# Name, probability, options. Each is drawn at its own moment of the dialogue; those whose cure takes minutes are rarest.
_EXCHANGE: tuple[tuple[str, float, Json], ...] = (
    ("service-not-available", 0.02, {}),  # 421 at the greeting
    ("cut-at-starttls", 0.02, {}),
    ("cut-at-auth", 0.02, {}),
    ("recipient-refused-4xx", 0.004, {}),
    ("cut-before-354", 0.015, {}),
    ("cut-in-data", 0.01, {}),
    ("slow-reply", 0.02, {"seconds": 4.0}),  # longer than the lease of an attempt in these runs
    ("concurrent-connections", 0.02, {}),  # 432
    ("corrupt-content", 0.004, {}),  # a refusal for good
    ("cut-at-dot", 0.015, {}),  # Exchange did not keep it
    ("cut-after-dot", 0.02, {}),  # Exchange kept it
)
# A 432 says that other programs hold the mailbox's connections, and all hosts halve theirs for a while: at two of a hundred
# mails, without end, the run would show nothing but that.
_FEW = {"concurrent-connections": 8}
_CUT_AT_BYTE = 0.03  # of the connections, for each of the points

_STORAGE: tuple[tuple[float, Json], ...] = (
    (0.01, {"name": "status", "status": 500}),
    (0.01, {"name": "status", "status": 503}),
    (0.005, {"name": "status", "status": 412, "match": {"operation": "table.update"}}),
    (0.01, {"name": "drop"}),
    (0.015, {"name": "lose-answer"}),
    (0.03, {"name": "twice", "match": {"operation": "queue.put-message"}}),
    (0.03, {"name": "pretend", "match": {"operation": "queue.delete-message"}}),
)


class Act(StrEnum):
    """What one step of the plan does."""

    KILL_HOST = "kill host"
    RESTART_AZURITE = "restart Azurite"
    THROTTLE_IDENTITY = "throttle identity"


@dataclass(frozen=True, slots=True)
class Step:
    """One disturbance at one moment: `at` in seconds after the start, `lasts` until it is undone.

    `host` is the number of the host that is killed, from 1.
    """

    at: float
    act: Act
    lasts: float
    host: int = 0

    def __str__(self) -> str:
        """For the log of the run."""
        number = f" {self.host}" if self.host else ""
        return f"{self.at:6.1f} s  {self.act}{number}, for {self.lasts:.1f} s"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that disturbs a run of `seconds`. `clock_offset` is that of host `skewed`, in seconds.

    `exchange` and `storage` are scenarios as the APIs of the local cloud take them; they hold from the start to the end.
    """

    seed: int
    hosts: int
    seconds: float
    skewed: int
    clock_offset: float
    steps: tuple[Step, ...]
    exchange: tuple[Json, ...]
    storage: tuple[Json, ...]

    def offset_of(self, host: int) -> float:
        """Seconds by which the clock of host `host` is wrong."""
        return self.clock_offset if host == self.skewed else 0.0

    def as_json(self) -> Json:
        """The plan as data."""
        return {
            "seconds": round(self.seconds, 1),
            "clock_off": {"host": self.skewed, "seconds": round(self.clock_offset, 1)},
            "steps": [
                {"at": round(step.at, 1), "act": step.act.value, "host": step.host or None, "lasts": round(step.lasts, 1)}
                for step in self.steps
            ],
            "exchange": list(self.exchange),
            "storage": list(self.storage),
        }


def draw_plan(seed: int, *, hosts: int, seconds: float) -> Plan:
    """The plan of a run with `hosts` hosts that is disturbed for `seconds`: the same for the same arguments."""
    random = Random(f"plan {seed}")
    steps = [*_kills(random, hosts, seconds), *_restarts(random, seconds), *_throttling(random, hosts, seconds)]
    return Plan(
        seed=seed,
        hosts=hosts,
        seconds=seconds,
        skewed=random.randint(1, hosts),
        clock_offset=random.choice((-1.0, 1.0)) * random.uniform(*_CLOCK_OFF),
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        exchange=tuple(_exchange(random)),
        storage=tuple(_scenario(random, probability, scenario) for probability, scenario in _STORAGE),
    )


def _kills(random: Random, hosts: int, seconds: float) -> Iterator[Step]:
    for _ in range(max(2, round(seconds / _KILL_EVERY))):
        at = random.uniform(0.03, 0.97) * seconds
        yield Step(at, Act.KILL_HOST, random.uniform(*_DEAD_SECONDS), host=random.randint(1, hosts))


def _restarts(random: Random, seconds: float) -> Iterator[Step]:
    """Each in a part of its own, so that two of them do not meet."""
    count = min(_MOST_RESTARTS, max(1, round(seconds / _RESTART_EVERY)))
    for part in range(count):
        at = (part + random.uniform(0.2, 0.8)) * seconds / count
        yield Step(at, Act.RESTART_AZURITE, random.uniform(*_DEAD_SECONDS))


def _throttling(random: Random, hosts: int, seconds: float) -> Iterator[Step]:
    """Tokens last for hours: only a fresh host asks, so one is killed just before."""
    at = random.uniform(0.1, 0.7) * seconds
    yield Step(at, Act.KILL_HOST, 0.0, host=random.randint(1, hosts))
    yield Step(at, Act.THROTTLE_IDENTITY, random.uniform(*_THROTTLED_SECONDS))


def _exchange(random: Random) -> Iterator[Json]:
    for side in ("client", "server"):
        for _ in range(_CUT_POINTS):
            cut = {"name": f"cut-after-{side}-bytes", "with": {"after_bytes": random.randint(*_CUT_WITHIN)}}
            yield _scenario(random, _CUT_AT_BYTE, cut)
    for name, probability, options in _EXCHANGE:
        few = {"count": _FEW[name]} if name in _FEW else {}
        yield _scenario(random, probability, {"name": name, **({"with": options} if options else {}), **few})


def _scenario(random: Random, probability: float, scenario: Json) -> Json:
    return {**scenario, "probability": probability, "seed": random.getrandbits(31)}

"""Named misbehaviour that is armed over an API: which scenario, if any, hits this request.

The identity emulator and the storage proxy share the words of the Exchange simulator's `/api/faults`: `name`, `count`,
`probability`, `seed`, `match`.
"""

import random
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Generic, TypeVar

import msgspec


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One armed misbehaviour.

    `count` hits and it is spent (absent: for ever); each request that matches is hit with `probability`, drawn from
    a generator of its own seeded with `seed`. `match` maps a fact of the request to a pattern (`*`, `?` as in file names).
    """

    name: str
    count: int | None = None
    probability: float = 1.0
    seed: int = 0
    match: dict[str, str] = {}
    fired: int = 0
    """Told in answers, ignored in requests: what was read can be put back."""


AnyScenario = TypeVar("AnyScenario", bound=Scenario)


class ScenarioFault(ValueError):
    """A scenario that cannot be armed; the text names the field and what to write instead."""


class ScenarioBook(Generic[AnyScenario]):
    """The scenarios that are armed now, in order: the first that matches and still has hits left wins."""

    def __init__(self, *, names: frozenset[str], facts: frozenset[str]) -> None:
        self._names = names
        self._facts = facts
        self._armed: list[_Armed[AnyScenario]] = []

    def arm(self, scenarios: Sequence[AnyScenario]) -> None:
        """Replace everything that was armed. Raises `ScenarioFault` and changes nothing if one of them is wrong."""
        for scenario in scenarios:
            self._check(scenario)
        self._armed = [_Armed(scenario) for scenario in scenarios]

    def draw(self, facts: Mapping[str, str]) -> AnyScenario | None:
        """The scenario that hits a request with these facts, counted as one hit; or None."""
        return next((armed.scenario for armed in self._armed if armed.hits(facts)), None)

    def describe(self) -> list[dict[str, object]]:
        """What is armed, and how often each has hit."""
        return [{**msgspec.to_builtins(armed.scenario), "fired": armed.fired} for armed in self._armed]

    def _check(self, scenario: AnyScenario) -> None:
        if scenario.name not in self._names:
            raise ScenarioFault(f"name {scenario.name!r}: use one of {', '.join(sorted(self._names))}")
        if not 0 <= scenario.probability <= 1:
            raise ScenarioFault(f"probability {scenario.probability}: use a number from 0 to 1")
        if scenario.count is not None and scenario.count < 0:
            raise ScenarioFault(f"count {scenario.count}: use 0 or more, or leave it out for ever")
        unknown = sorted(set(scenario.match) - self._facts)
        if unknown:
            raise ScenarioFault(f"match.{unknown[0]}: use one of {', '.join(sorted(self._facts))}")


class _Armed(Generic[AnyScenario]):
    """A scenario with its own dice and its count of hits."""

    def __init__(self, scenario: AnyScenario) -> None:
        self.scenario = scenario
        self.fired = 0
        self._dice = random.Random(scenario.seed)

    def hits(self, facts: Mapping[str, str]) -> bool:
        if self.scenario.count is not None and self.fired >= self.scenario.count:
            return False
        if not all(fnmatchcase(facts.get(name, ""), pattern) for name, pattern in self.scenario.match.items()):
            return False
        if self._dice.random() >= self.scenario.probability:
            return False
        self.fired += 1
        return True

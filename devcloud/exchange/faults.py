"""Which scenario happens when: the rules that the faults API sets, and the recipients that ask for one by their address."""

import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devcloud.exchange.actions import Action, Stage
from devcloud.exchange.scenarios import REGISTRY, Moment, Scenario

TEXT_FACTS = frozenset({"mailbox", "from", "to", "appid", "helo"})
NUMBER_FACTS = frozenset({"connection", "transaction"})
FLAG_FACTS = frozenset({"secure"})
FACTS = TEXT_FACTS | NUMBER_FACTS | FLAG_FACTS

_ASKED = re.compile(r"scenario\+([^@]*)@", re.IGNORECASE)
_numbers = itertools.count(1)


@dataclass
class Rule:
    """One scenario with its conditions; `count` None: every time; `probability` None: always; the seed repeats the draws."""

    scenario: Scenario
    count: int | None = None
    probability: float | None = None
    seed: int | None = None
    match: Mapping[str, Any] = field(default_factory=dict)
    """As it was given: facts to compare, `stage`, and options."""
    options: Mapping[str, Any] = field(default_factory=dict)
    fired: int = 0
    number: int = field(default_factory=lambda: next(_numbers))
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed or 0)

    def fits(self, stage: Stage, facts: Mapping[str, Any]) -> bool:
        """Whether this is the moment; a fact that is not known yet never fits."""
        wanted = self.match.get("stage", None if self.scenario.whole_connection else self.scenario.stages[0])
        if wanted not in {None, stage}:
            return False
        facts_wanted = {name: value for name, value in self.match.items() if name in FACTS}
        return all(name in facts and _equal(value, facts[name]) for name, value in facts_wanted.items())

    def draw(self) -> bool:
        """Whether it fires this time; counts when it does."""
        if self.count is not None and self.fired >= self.count:
            return False
        if self.probability is not None and self._random.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def moment(self, stage: Stage, facts: Mapping[str, Any]) -> Moment:
        """What the scenario is told."""
        given = {name: value for name, value in self.match.items() if name in self.scenario.options}
        return Moment(stage, facts, {**self.scenario.options, **given, **self.options})


@dataclass
class FaultPlan:
    """All rules in order: one that only bends or slows the server lets the next ones have their turn."""

    rules: Sequence[Rule] = ()

    def actions(self, stage: Stage, facts: Mapping[str, Any], drawn: set[int]) -> Iterator[Action]:
        """What is to happen at this moment; read it lazily, because reading on counts the next rule as fired.

        `drawn` remembers for one connection which rules for whole connections had their chance.
        """
        for rule in self.rules:
            if not rule.fits(stage, facts) or rule.number in drawn:
                continue
            if rule.scenario.whole_connection:
                drawn.add(rule.number)
            if rule.draw():
                yield rule.scenario.act(rule.moment(stage, facts))
        for scenario in _asked_for(facts.get("to", ())):
            if scenario.address_stage == stage:
                yield scenario.act(Moment(stage, facts, scenario.options))


def unknown_scenario(address: str) -> str | None:
    """The name in a `scenario+NAME@…` address that asks for nothing that an address can ask for."""
    found = _ASKED.match(address)
    if found is None:
        return None
    scenario = REGISTRY.get(found.group(1).lower())
    return None if scenario is not None and scenario.address_stage else found.group(1)


def _asked_for(recipients: Sequence[str]) -> Iterator[Scenario]:
    for address in recipients:
        found = _ASKED.match(address)
        if found is not None and found.group(1).lower() in REGISTRY:
            yield REGISTRY[found.group(1).lower()]


def _equal(wanted: object, fact: object) -> bool:
    if isinstance(fact, tuple):
        return any(_equal(wanted, one) for one in fact)
    if isinstance(fact, str) and isinstance(wanted, str):
        return fact.lower() == wanted.lower()
    return bool(fact == wanted)

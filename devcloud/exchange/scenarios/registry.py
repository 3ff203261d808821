"""Every way in which the simulator can misbehave has a name; this is where the names are kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from devcloud.exchange.actions import STAGES, Action, Stage

Value = str | int | float | bool

BY_ADDRESS_STAGES: frozenset[Stage] = frozenset({"rcpt", "data", "dot", "accepted"})
"""A recipient's address can only choose what happens once the recipient is known."""


@dataclass(frozen=True)
class Moment:
    """What a scenario knows when it is asked: the stage, the facts of the connection, its options."""

    stage: Stage
    facts: Mapping[str, Any]
    options: Mapping[str, Any]

    @property
    def mailbox(self) -> str:
        """The mailbox that is logged in, if one is."""
        return str(self.facts.get("mailbox", ""))


Act = Callable[[Moment], Action]


@dataclass(frozen=True)
class Scenario:
    """One named misbehaviour: where it can happen (by default at the first of `stages`), its options and their defaults."""

    name: str
    act: Act
    stages: tuple[Stage, ...]
    whole_connection: bool
    options: Mapping[str, Value]

    @property
    def summary(self) -> str:
        """The first line of its description."""
        return (self.act.__doc__ or "").strip().splitlines()[0]

    @property
    def address_stage(self) -> Stage | None:
        """Where a recipient `scenario+NAME@…` brings it about, None if it cannot: its own stage, or else the final dot."""
        if self.whole_connection:
            return None
        if self.stages[0] in BY_ADDRESS_STAGES:
            return self.stages[0]
        return "dot" if "dot" in self.stages else None

    def row(self) -> str:
        """Its line in the table of SCENARIOS.md."""
        where = "connection" if self.whole_connection else self.stages[0]
        others = "any" if set(self.stages) == set(STAGES) else ", ".join(self.stages[1:])
        also = "" if self.whole_connection or not others else f" (or {others})"
        options = ", ".join(f"`{name}`={value!r}" for name, value in self.options.items())
        return f"| `{self.name}` | {where}{also} | {self.address_stage or ''} | {self.summary} | {options} |"


REGISTRY: dict[str, Scenario] = {}
"""All scenarios by name, filled when the modules beside this one are imported."""


def scenario(*stages: Stage, whole_connection: bool = False, **options: Value) -> Callable[[Act], Act]:
    """Register a function under its own name, with dashes; `whole_connection`: asked once, at the first stage that fits."""

    def register(act: Act) -> Act:
        name = act.__name__.replace("_", "-")
        REGISTRY[name] = Scenario(name, act, stages or STAGES, whole_connection, options)
        return act

    return register


def anywhere(first: Stage) -> tuple[Stage, ...]:
    """All stages, with this one as the default."""
    return (first, *(stage for stage in STAGES if stage != first))


def table() -> str:
    """The table of SCENARIOS.md."""
    head = "| name | stage | by address | what the server does | options |\n| --- | --- | --- | --- | --- |\n"
    return head + "\n".join(entry.row() for entry in REGISTRY.values()) + "\n"

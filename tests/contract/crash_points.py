"""The places at which a process can die, counted as it passes them, and the deaths that a case asks for.

A point is one write to storage or one step of the SMTP dialogue. It has two sides: before the other party acted, and after
it acted and before its answer was read. Nobody lists the points: a way without deaths records them, and each is a case.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from devcloud.exchange import Exchange
from devcloud.exchange.actions import Action, Cut, CutAfter, Stage
from devcloud.exchange.faults import FaultPlan
from devcloud.exchange.ledgers import Presence
from devcloud.exchange.replies import Reply
from devcloud.exchange.stats import Stats


class Side(StrEnum):
    """Whether the other party has acted when the process dies."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Point:
    """What was under way, and in which call of the host."""

    name: str
    during: str


@dataclass(frozen=True, slots=True)
class Death:
    """Die at the point with this number."""

    number: int
    side: Side


@dataclass
class Reaper:
    """Counts the points of one mail's way, over all processes that work on it, and kills where a case asks for it."""

    deaths: frozenset[Death]
    kill: Callable[[], None]
    points: list[Point] = field(default_factory=list)
    during: str = ""

    def enter(self, name: str) -> int | None:
        """A point begins; its number, or None where the process died and the other party must not act."""
        number = len(self.points)
        self.points.append(Point(name, self.during))
        return None if self._due(Death(number, Side.BEFORE)) else number

    def leave(self, number: int) -> bool:
        """The other party has acted; False where the process died and no answer is due."""
        return not self._due(Death(number, Side.AFTER))

    def next_is(self, ahead: int) -> Side | None:
        """The side on which the process is to die at the point that is so many ahead; None if it lives, or dies before."""
        now = len(self.points)
        coming = sorted((death for death in self.deaths if death.number >= now), key=lambda death: death.number)
        return coming[0].side if coming and coming[0].number == now + ahead else None

    def _due(self, death: Death) -> bool:
        if death in self.deaths:
            self.kill()
            return True
        return False


CONTENT_SEEN = {Side.BEFORE: 1, Side.AFTER: 400}
"""Octets of the content that the server has when the process dies in it: its very beginning, or its middle."""

NOT_AWAITED: frozenset[Stage] = frozenset({"accepted", "rset", "noop", "quit"})
"""Stages that are no step of their own: the mail stored and not yet answered belongs to the dot; the others send nothing."""


@dataclass
class Dialogue:
    """The points of an SMTP dialogue: a command is entered when the server has it and left when its reply is said."""

    reaper: Reaper
    waiting: int | None = None
    dying: bool = False

    def heard(self, stage: Stage) -> list[Action]:
        """The server has a command and has not acted on it."""
        if stage in NOT_AWAITED:
            return []
        side = self.reaper.next_is(1) if stage == "data" else None
        self.waiting = self.reaper.enter(f"smtp {stage}")
        if self.waiting is None:
            return [Cut()]
        if side is None:
            return []
        self.dying = True
        return [CutAfter("client", CONTENT_SEEN[side], relative=True)]

    def said(self, code: int) -> None:
        """The server has acted and says so."""
        waiting, self.waiting = self.waiting, None
        if waiting is not None and not self.reaper.leave(waiting):
            return
        if code == 354 and not self.dying:
            self.reaper.enter("smtp content")
        if code == 334:
            challenge = self.reaper.enter("smtp challenge")
            if challenge is not None:
                self.reaper.leave(challenge)

    def over(self) -> None:
        """A transaction ended without an answer: the server has a part of the content and waits for more."""
        if self.dying:
            self.dying = False
            self.reaper.enter("smtp content")
            self.reaper.kill()


@dataclass
class DeadlyPlan(FaultPlan):
    """The scenarios of a simulator, and before each the question whether the client still lives."""

    dialogue: Dialogue = field(kw_only=True)

    def actions(self, stage: Stage, facts: Mapping[str, Any], drawn: set[int]) -> Iterator[Action]:
        """As the plan says, unless the client died."""
        yield from self.dialogue.heard(stage)
        yield from super().actions(stage, facts, drawn)


@dataclass
class DeadlyStats(Stats):
    """Sees every reply on its way."""

    dialogue: Dialogue = field(kw_only=True)

    def note(self, reply: Reply) -> None:
        """Count it, and tell the dialogue."""
        super().note(reply)
        self.dialogue.said(reply.code)


@dataclass
class DeadlyPresence(Presence):
    """Sees the end of every transaction."""

    dialogue: Dialogue = field(kw_only=True)

    def leave(self, mailbox: str, connection: int) -> None:
        """Note it, and tell the dialogue."""
        super().leave(mailbox, connection)
        self.dialogue.over()


def watch(exchange: Exchange, reaper: Reaper) -> None:
    """Let the reaper stand beside a simulator whose scenarios are set."""
    dialogue = Dialogue(reaper)
    service = exchange.service
    service.faults = DeadlyPlan(service.faults.rules, dialogue=dialogue)
    service.stats = DeadlyStats(dialogue=dialogue)
    service.submitting = DeadlyPresence(dialogue=dialogue)

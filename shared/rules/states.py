"""The states of a mail and the moves between them: one table, from which the documentation is drawn (design 3.6)."""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a mail stands. "Sent" means accepted by Exchange, not delivered."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    REJECTED = "rejected"
    PARKED = "parked"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Cause(StrEnum):
    """Who moves a mail: the program itself, evidence found afterwards, or a person."""

    PROGRAM = "program"
    EVIDENCE = "evidence"
    HAND = "by hand"


INITIAL = frozenset({State.WAITING, State.PARKED, State.REJECTED})
"""How a row may begin: accepted, or written only to say why it was not."""

FINAL = frozenset({State.SENT, State.REJECTED, State.CANCELLED, State.EXPIRED})
"""States that end a mail; its payload goes a day later."""

MOVES: Mapping[tuple[State, State], Cause] = {
    (State.WAITING, State.SENDING): Cause.PROGRAM,
    (State.WAITING, State.CANCELLED): Cause.PROGRAM,
    (State.WAITING, State.EXPIRED): Cause.PROGRAM,
    (State.WAITING, State.PARKED): Cause.PROGRAM,
    (State.SENDING, State.SENT): Cause.PROGRAM,
    (State.SENDING, State.WAITING): Cause.PROGRAM,
    (State.SENDING, State.REJECTED): Cause.PROGRAM,
    (State.SENDING, State.PARKED): Cause.PROGRAM,
    (State.SENDING, State.UNKNOWN): Cause.PROGRAM,
    (State.UNKNOWN, State.WAITING): Cause.PROGRAM,
    (State.UNKNOWN, State.SENT): Cause.EVIDENCE,
    (State.UNKNOWN, State.CANCELLED): Cause.HAND,
    (State.PARKED, State.WAITING): Cause.HAND,
    (State.PARKED, State.CANCELLED): Cause.HAND,
    (State.REJECTED, State.WAITING): Cause.HAND,
    (State.EXPIRED, State.WAITING): Cause.HAND,
}

WAITS_FOR_A_PERSON = frozenset({State.PARKED, State.UNKNOWN})
"""States out of which the program moves no mail by itself (an unknown one only at once, by its sender's rule)."""

UNDER_WAY = frozenset({State.WAITING, State.SENDING})
"""States that the program moves on by itself."""


class IllegalMove(ValueError):
    """A move that the table does not hold; nothing was changed."""

    def __init__(self, source: State, target: State) -> None:
        super().__init__(f"a mail cannot go from {source} to {target}")
        self.source = source
        self.target = target


def check_move(source: State, target: State) -> None:
    """Raise `IllegalMove` unless the table allows the step from `source` to `target`."""
    if (source, target) not in MOVES:
        raise IllegalMove(source, target)


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state}" for state in sorted(INITIAL)]
    lines += [
        f"    {source} --> {target}" + ("" if cause is Cause.PROGRAM else f" : {cause}")
        for (source, target), cause in MOVES.items()
    ]
    lines += [f"    {state} --> [*]" for state in sorted(FINAL)]
    return "\n".join(lines)

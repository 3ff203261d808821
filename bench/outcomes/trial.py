"""One program's mail in one incident: what came of it, and of trying again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.outcomes.incidents import Incident
from bench.outcomes.verdict import Says, Told, Verdict, judge


@dataclass(frozen=True, slots=True)
class Outcome:
    """The Message-IDs of the copies that the server has, and what the caller was told."""

    taken: Sequence[str]
    told: Told

    @property
    def copies(self) -> int:
        """How many the server has."""
        return len(self.taken)

    @property
    def verdict(self) -> Verdict:
        """What was told, beside what is true."""
        return judge(self.copies, self.told)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "copies": self.copies,
            "message_ids": len(set(self.taken)),
            "told": self.told.words,
            "says": self.told.says.value,
            "marked_possible_duplicate": self.told.marked,
            "verdict": self.verdict.value,
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """What the program did by itself, and where a caller ends who tries once more unless told that the mail is sent."""

    program: str
    incident: Incident
    first: Outcome
    then: Outcome

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "program": self.program,
            "incident": self.incident.name,
            **self.first.as_json(),
            "tried_again": self.then.as_json(),
        }


def ambiguous(trials: Sequence[Trial]) -> list[str]:
    """Programs that told a caller the very same words where the server has the mail and where it has not.

    Those words are no lie where they say so: that nobody can know.
    """

    def words(program: str, *, copies: bool) -> set[str]:
        told = [one.first for one in trials if one.program == program and one.first.told.says is not Says.UNKNOWN]
        return {one.told.words for one in told if bool(one.copies) is copies}

    names = dict.fromkeys(one.program for one in trials)
    return [name for name in names if words(name, copies=True) & words(name, copies=False)]

"""What is wrong with an input: every fault at once, each with its place, its cause and its cure.

A message names the field and never repeats a value: values are other people's mail, and the texts end up in logs.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_PROBLEMS = 50
"""Faults that are listed one by one. A hostile body can hold a hundred thousand; nobody reads more than a screenful."""

_SHOWABLE = re.compile(r"[ -?A-~]{1,64}")
"""Names that may be repeated: short, printable ASCII, and without an @, because somebody may use addresses as names."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: the JSON pointer (RFC 6901) of its place, '' for the whole input, and what is wrong and how to cure it."""

    pointer: str
    message: str


class Refused(Exception):
    """An input that cannot be accepted; nothing was changed.

    `code` is stable and meant for programs, `problems` (at least one) for people.
    """

    def __init__(self, problems: Iterable[Problem], *, code: str = "invalid") -> None:
        self.problems = tuple(problems) or (Problem("", "the input was refused"),)
        self.code = code
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.message}" for p in self.problems))

    def __reduce__(self) -> tuple[type[BaseException], tuple[object, ...], dict[str, object]]:
        """Pickle and copy by value, although the constructor takes a keyword."""
        return (Refused, (self.problems,), {"code": self.code})


class Faults:
    """Collects problems while an input is read; at the end `raise_any` refuses it with all of them."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._unlisted = 0

    def add(self, pointer: str, message: str) -> None:
        """Note one fault; beyond `MOST_PROBLEMS` they are only counted."""
        if self.full:
            self._unlisted += 1
            return
        self._problems.append(Problem(pointer, message))

    @property
    def count(self) -> int:
        """How many faults were found, listed or not."""
        return len(self._problems) + self._unlisted

    @property
    def full(self) -> bool:
        """Whether further faults are only counted, so that nobody works on a good text for them."""
        return len(self._problems) >= MOST_PROBLEMS

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was found so far, and at the end how much is not listed."""
        if not self._unlisted:
            return tuple(self._problems)
        rest = Problem("", f"{self._unlisted} more problems are not listed; put these right first")
        return (*self._problems, rest)

    def raise_any(self, *, code: str = "invalid") -> None:
        """Raise `Refused` with everything that was found; return where nothing was."""
        if self._problems:
            raise Refused(self.problems, code=code)


def child(pointer: str, name: str | int) -> str:
    """The pointer of a member (RFC 6901 section 3); where the name cannot be shown, that of its parent."""
    if isinstance(name, int):
        return f"{pointer}/{name}"
    if not showable(name):
        return pointer
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def place(pointer: str) -> str:
    """A pointer as people write it: `attachments[0].name`; 'the input' for the whole."""
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    written = "".join(f"[{name}]" if name.isdecimal() else f".{name}" for name in names)
    return written.removeprefix(".") or "the input"


def showable(name: str) -> bool:
    """Whether a name from outside may be repeated in a message or a pointer."""
    return _SHOWABLE.fullmatch(name) is not None


def shown(name: str) -> str:
    """The name in quotes, or a description where it cannot be repeated."""
    return f"'{name}'" if showable(name) else "a name that cannot be shown here"

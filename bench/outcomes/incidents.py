"""What happens to the mails: nothing, or one of the simulator's scenarios, for the mailbox of one program only."""

from dataclasses import dataclass, field
from typing import Any

_LINE = "Volume /var/lib/data on db-01 is at 93 % and grows by 2 GB an hour.\n"

SMALL, LARGE = 21, 13_000
"""Lines of a mail: about 2 kB, which leaves in one write with its final dot, and about 900 kB, which does not."""

CUT_AFTER = 1_000
"""Octets of a large mail's content after which the connection is cut."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that goes wrong.

    `short` heads its column; `times`: how often, None for always. `before_login`: it cannot be tied to a mailbox, so nobody
    else may be connecting. `outlasts`: our project waits longer for it than this benchmark runs.
    """

    name: str
    title: str
    short: str
    scenario: str = ""
    times: int | None = 1
    lines: int = SMALL
    options: dict[str, Any] = field(default_factory=dict)
    before_login: bool = False
    outlasts: bool = False

    @property
    def text(self) -> str:
        """The mail's text."""
        return _LINE * self.lines

    def rule(self, mailbox: str) -> dict[str, Any]:
        """The entry for the simulator's `PUT /api/faults` (devcloud/exchange/SCENARIOS.md)."""
        match = {} if self.before_login else {"mailbox": mailbox}
        return {"name": self.scenario, "count": self.times, "match": match, "with": self.options}


INCIDENTS = (
    Incident("none", "nothing happens", "none"),
    Incident("dot", "closed after the final dot", "dot", "cut-after-dot"),
    Incident("dot-always", "closed after the final dot, every time", "dot, always", "cut-after-dot", times=None),
    Incident(
        "data", "cut in DATA, a large mail", "cut, large", "cut-in-data", lines=LARGE, options={"after_bytes": CUT_AFTER}
    ),
    Incident("data-small", "cut in DATA, a small mail", "cut, small", "cut-in-data"),
    Incident("432", "432 to DATA", "432", "concurrent-connections"),
    Incident("421", "421 at the greeting", "421", "service-not-available", before_login=True),
    Incident("535", "535 to AUTH, once", "535", "authentication-unsuccessful"),
    Incident(
        "535-always", "535 to AUTH, every time", "535, always", "authentication-unsuccessful", times=None, outlasts=True
    ),
)

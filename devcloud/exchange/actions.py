"""What a scenario can make the server do: plain values, carried out by the connection."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from devcloud.exchange.replies import Reply, Response

Stage = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot", "accepted", "rset", "noop", "quit"]
"""Points of the dialogue at which scenarios are asked, each before the server's own decision.

`dot`: the content is complete; `accepted`: the mail is stored and only its 250 is still to be said.
"""

STAGES: tuple[Stage, ...] = (
    "connect",
    "ehlo",
    "starttls",
    "auth",
    "mail",
    "rcpt",
    "data",
    "dot",
    "accepted",
    "rset",
    "noop",
    "quit",
)


Fact = str | int | tuple[str, ...]
"""Something known about a connection that a fault rule can be tied to."""


@dataclass(frozen=True)
class Answer:
    """Say this in place of the server's own answer; nothing else happens."""

    response: Response


@dataclass(frozen=True)
class Challenge:
    """Say 334 with this text, read one line, then refuse."""

    text: str
    refusal: Reply


@dataclass(frozen=True)
class Pause:
    """Wait, then go on as if nothing were."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """Drop the connection without a word, by end of file or by reset."""

    reset: bool = False


@dataclass(frozen=True)
class CutAfter:
    """Drop the connection at a byte, counted from its start, or from here when `relative`."""

    side: Literal["client", "server"]
    count: int
    relative: bool = False


@dataclass(frozen=True)
class Hang:
    """Never answer."""


@dataclass(frozen=True)
class Bend:
    """Change the connection's quirks."""

    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Dribble:
    """From now on send every byte by itself."""


@dataclass(frozen=True)
class Bounce:
    """Let the mail be accepted, and put a non-delivery report for its sender into the store."""

    code: str


Action = Answer | Challenge | Pause | Cut | CutAfter | Hang | Bend | Dribble | Bounce

"""What the doctor needs from outside: a walk to the server, and what an administrator exported."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from shared.rules.findings import Seen, Stopped
from shared.rules.grants import Grants
from shared.rules.token import Token


class Visit(Protocol):
    """A connection to the server, as far as it came. `steps` went well; `stopped` is set where it ended."""

    @property
    def server(self) -> tuple[str, int]:
        """Its host and port."""

    @property
    def steps(self) -> Sequence[Seen]:
        """What went well, in its order."""

    @property
    def stopped(self) -> Stopped | None:
        """Why it went no further."""

    async def login(self, token: Token) -> Stopped | None:
        """AUTH XOAUTH2 as the mailbox of the visit; None where the server lets it in."""

    async def propose(self, from_address: str) -> Stopped | None:
        """MAIL FROM and RSET: nothing is sent."""

    async def leave(self) -> None:
        """Close the connection."""


class Walk(Protocol):
    """The way to the submission servers."""

    def login_margin(self, mailbox: str) -> float:
        """Seconds of life, more than which a token needs for a login as `mailbox`."""

    async def visit(self, mailbox: str) -> Visit:
        """DNS, TCP, EHLO, STARTTLS and EHLO again at this mailbox's server. Never raises for what networks do."""


NewestGrants = Callable[[], Awaitable[Grants | None]]
"""The newest export that was imported, None where there is none."""

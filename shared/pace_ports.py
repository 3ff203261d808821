"""What the pace needs and gives: a turn for a mail, the rows behind it, and the connections that turns stand for."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from shared.rules.config import Sender
from shared.rules.pace import Later, PaceEntry, Place, Request
from shared.rules.pace import Pace as PaceRow
from shared.rules.storage_errors import NewerRow


class Turn(Protocol):
    """One mail's connection and slot; `async with` it until the mail is done. A slot that was not used is given back."""

    async def __aenter__(self) -> Self:
        """The connection is this mail's."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """It is the next mail's."""

    async def ready(self) -> Later | None:
        """Wait for the slot, just before DATA; `Later` where the mail has to come back for another one."""

    def dotted(self, reply_seconds: float, octets: int, *, refused: bool) -> None:
        """The final dot went out and its reply took so long; `refused` means that Exchange said 432."""


class Pace(Protocol):
    """Each mailbox's pace, shared by all instances."""

    def in_order(self, mailboxes: Sequence[str], sender: Sender, place: Place | None) -> Sequence[str]:
        """A pool's mailboxes, best first."""

    async def turn(self, mailbox: str, sender: Sender, request: Request) -> Turn | Later:
        """A turn for one mail, or when it should come back and where it stands in line."""


class PaceRows(Protocol):
    """The rows of the mailboxes' paces."""

    async def read(self, mailbox: str) -> PaceEntry:
        """The mailbox's row; an empty one where it has none. Raises `NewerRow`."""

    async def write(self, mailbox: str, pace: PaceRow, known: PaceEntry) -> PaceEntry:
        """Write the row that was read as `known`; raises `Conflict` where somebody was quicker."""


class AllPaces(Protocol):
    """The rows of all mailboxes' paces, for reading."""

    async def all(self) -> Mapping[str, PaceRow | NewerRow]:
        """Each configured mailbox's row by its key, if it has one; of a row that only a newer version can read, that."""


class Connections(Protocol):
    """Connections that rest between two mails."""

    async def rest(self, mailbox: str, keep: int) -> None:
        """Close this mailbox's resting connections but `keep`; when it returns the server has been told."""

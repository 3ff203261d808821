"""What the stories need from outside systems. The adapters in `edges/` have these shapes; the wiring hands them in.

Every storage port may also raise `StorageUnavailable` and `StorageForbidden`.
"""

from collections.abc import Sequence
from typing import Protocol

from shared.rules.buffered import Added, Already, Window
from shared.rules.mail import Blob
from shared.rules.mail_row import Entry, MailRow
from shared.rules.open_mail import OpenMail
from shared.rules.outcome import AuthRefused, NotSent, Outcome
from shared.rules.received import Received
from shared.rules.rendering import TemplateSources
from shared.rules.stops import Stop, StopEntry
from shared.rules.token import EXPIRY_MARGIN, Token


class Ledger(Protocol):
    """One row per mail, and its payload."""

    async def insert(self, row: MailRow, payload: bytes) -> Entry:
        """Write row and payload; raises `AlreadyThere` with the row that has this id."""

    async def read(self, mail_id: str) -> Entry | None:
        """The row alone."""

    async def open(self, mail_id: str) -> Entry | None:
        """Row and payload; raises `PayloadGone`, `PayloadChanged`, `BrokenRow` or `NewerRow`."""

    async def update(self, entry: Entry, row: MailRow) -> Entry:
        """Write `row` if nobody wrote since `entry` was read; raises `Conflict` otherwise."""

    async def drop_payload(self, entry: Entry) -> None:
        """Remove a final mail's payload and keep the row; fine if it is gone. Raises `Conflict` if the row changed."""

    async def drop(self, entry: Entry) -> None:
        """Remove row, payload and every entry that leads to them, if the row is still that one; raises `Conflict`."""


class OpenMails(Protocol):
    """The index: what leads to the mails that are not final, and to those of which something is to be removed."""

    async def due(self, now: float) -> Sequence[OpenMail]:
        """Mails at which somebody should have looked by `now`, the longest overdue first."""

    async def held(self) -> Sequence[OpenMail]:
        """Mails that wait for a person."""

    async def redrivable(self, after: str = "") -> Sequence[OpenMail]:
        """Mails that a person may put back: rejected and expired ones, then those that wait for one, the oldest first.

        Only those behind the entry whose key is `after`; none where there are no more.
        """

    async def settle(self, mail: OpenMail) -> None:
        """The entry is no longer true: it leaves the index, unless it was written anew since it was read."""

    async def hold(self, mail: OpenMail) -> None:
        """The mail waits for a person."""

    async def look_again(self, mail: OpenMail, at: float) -> None:
        """Nobody needs to look before `at`."""

    async def refile(self, mail: OpenMail, row: MailRow) -> None:
        """The entry goes from where it was found to where a mail in the state of `row` belongs."""

    async def stop(self, row: MailRow, key: str) -> None:
        """Note that the mail waits at the place with this key, beside the entry that it has; doing it again is fine."""

    async def stopped(self, key: str) -> Sequence[OpenMail]:
        """Mails that were noted at this place, the oldest first."""

    async def spent(self, now: float) -> Sequence[OpenMail]:
        """Final mails whose payload has rested long enough by `now`, the oldest first."""

    async def outdated(self, now: float) -> Sequence[OpenMail]:
        """Final mails whose row has rested long enough by `now`, the oldest first."""

    async def emptied(self, mail: OpenMail, drop_at: float) -> None:
        """The payload of a mail from `spent` is gone; its row is due in `outdated` at `drop_at`."""

    async def addressed(self, ref: str) -> Sequence[OpenMail]:
        """Mails with the recipient that has this reference, the newest first."""


class References(Protocol):
    """Keyed hashes of addresses: the answer to "did this person get it?" without an address in storage (design 3.7)."""

    async def of(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """One reference for each address, the same for ever in one storage account."""


class Stops(Protocol):
    """Stops and pauses, one record for each place."""

    async def all(self) -> Sequence[StopEntry]:
        """Every record."""

    async def write(self, stop: Stop, known: StopEntry | None) -> StopEntry:
        """Write a record that was read as `known`, or a new one (None); raises `Conflict`."""

    async def remove(self, known: StopEntry) -> None:
        """Remove a record; raises `Conflict` if it changed."""


class Queues(Protocol):
    """Storage queues, for writing."""

    async def put(self, queue: str, text: str, *, delay: float = 0.0) -> None:
        """Put `text`, invisible for `delay` seconds (seven days at most; a mail due later passes by and waits again)."""

    async def peek_visible(self, queue: str) -> bool:
        """Whether a message could be taken now."""

    async def take(self, queue: str, *, hidden: float) -> Sequence[Received]:
        """Up to 32 messages, hidden from others for `hidden` seconds."""

    async def delete(self, queue: str, message: Received) -> None:
        """Remove a message that was taken; fine if it is gone or somebody else has it by now."""


class Buffer(Protocol):
    """Digest windows and their items."""

    async def add(self, digest: str, window_end: float, key: str, item: bytes) -> Added | Already:
        """Add an item once per key; raises `WindowClosed`."""

    async def due(self, now: float) -> Sequence[Window]:
        """Windows whose end has passed and that were not forgotten."""

    async def close(self, window: Window) -> Sequence[bytes]:
        """No more items; those that are in, in the order of their arrival. Closing again gives the same."""

    async def forget(self, window: Window) -> None:
        """The window's mail is accepted: its items may go."""


class Templates(Protocol):
    """The templates of the package."""

    def names(self) -> tuple[str, ...]:
        """What there is."""

    def sources(self, name: str) -> TemplateSources:
        """The parts of one of them."""

    def hash(self, name: str) -> str:
        """Their SHA-256."""


class Attachments(Protocol):
    """The container in which callers leave attachments."""

    async def pin(self, prefix: str, name: str) -> Blob | None:
        """The blob as it is now; None if it cannot be used."""

    async def fetch(self, pinned: Blob) -> bytes | None:
        """Exactly what was pinned; None if it is gone or changed."""


class Tokens(Protocol):
    """The token of the app's identity."""

    async def get(self, margin: float = EXPIRY_MARGIN) -> Token:
        """A token with more than `margin` seconds of life left where there is one; raises `TokenUnavailable`."""

    async def drop(self, token: Token) -> None:
        """Exchange refused this token: never give it out again."""


class Offer(Protocol):
    """The server's answers to MAIL and RCPT."""

    @property
    def outcome(self) -> NotSent | None:
        """Set where the transaction cannot go on."""


class Session(Protocol):
    """An authenticated SMTP session with one mailbox, in one transaction at a time."""

    async def offer(self, sender: str, recipients: Sequence[tuple[int, str]], size: int) -> Offer:
        """MAIL and RCPT; recipients come with their number in the mail."""

    async def transmit(self, content: bytes) -> Outcome:
        """DATA, the content and the final dot."""

    @property
    def reply_seconds(self) -> float | None:
        """How long the reply to the final dot took; None where the dot was not written."""

    async def abandon(self) -> None:
        """RSET: nothing was sent and nothing will be."""

    async def release(self) -> None:
        """Give the connection back."""


class Gateway(Protocol):
    """Exchange Online's submission endpoints."""

    def login_margin(self, mailbox: str) -> float:
        """Seconds of life, more than which a token needs for a login as `mailbox`."""

    async def open(self, mailbox: str, token: Token) -> Session | NotSent | AuthRefused:
        """A session for `mailbox`, new or reused, or why there is none."""

    async def rest(self, mailbox: str, keep: int) -> None:
        """Close all but `keep` of its resting connections."""

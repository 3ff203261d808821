"""What one connection knows: how far the dialogue is, who is logged in, the envelope, and what was said."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from devcloud.exchange.actions import Fact
from devcloud.exchange.replies import Reply

MAX_LINES = 5_000
"""Of one part of a dialogue: a mail to a thousand recipients takes two thousand, and a client may say NOOP for ever."""


@dataclass(frozen=True)
class Line:
    """One line of the dialogue; secrets and message content never are in it."""

    speaker: str
    text: str
    at: float


class Transcript:
    """The dialogue, in the parts in which it is wanted: up to the first MAIL, and then one part a transaction."""

    def __init__(self) -> None:
        self._prologue: list[Line] = []
        self._part = self._prologue

    def note(self, speaker: str, text: str, at: float) -> None:
        """Write down one line, as long as there is room."""
        if len(self._part) < MAX_LINES:
            self._part.append(Line(speaker, text, at))

    def next_part(self) -> None:
        """A transaction begins with the line to come."""
        self._part = []

    def current(self) -> tuple[list[Line], ...]:
        """Prologue and the running transaction: live lists, so that the answer to come is seen as well."""
        return (self._prologue,) if self._part is self._prologue else (self._prologue, self._part)


@dataclass
class Envelope:
    """One mail transaction (RFC 5321 3.3), from MAIL to the answer to its content."""

    sender: str
    parameters: Mapping[str, str]
    recipients: list[str] = field(default_factory=list)
    chunks: bytearray | None = None
    """Content so far, when it comes with BDAT."""
    too_large: bool = False


@dataclass(frozen=True)
class Quirks:
    """How scenarios bend this connection."""

    hidden: frozenset[str] = frozenset()
    """EHLO keywords and AUTH mechanisms that are neither offered nor known."""
    certificate: str | None = None
    """Name of another certificate for STARTTLS."""
    injected: bytes = b""
    """Plain text glued to the answer to STARTTLS."""
    tarpit: float = 0.0
    """Seconds before every answer."""


@dataclass
class Session:
    """The state of one connection."""

    number: int
    peer: str
    ident: str
    secure: bool = False
    helo: str = ""
    mailbox: str | None = None
    appid: str | None = None
    may_submit: bool = True
    """False when the login was good and the mailbox cannot be opened (430 after DATA)."""
    auth_error: Reply | None = None
    envelope: Envelope | None = None
    transactions: int = 0
    errors: int = 0
    quirks: Quirks = Quirks()
    drawn: set[int] = field(default_factory=set)
    """Fault rules that were asked once for the whole connection."""

    def forget_hello(self) -> None:
        """After STARTTLS nothing that was said in plain text counts (RFC 3207 4.2)."""
        self.helo = ""
        self.mailbox = self.appid = self.auth_error = self.envelope = None

    def facts(self, **more: Fact) -> dict[str, Fact]:
        """What a fault rule can match on; what is not known yet is absent."""
        known: dict[str, Fact] = {"connection": self.number, "transaction": self.transactions, "secure": self.secure}
        optional = {"mailbox": self.mailbox, "appid": self.appid, "helo": self.helo or None}
        if self.envelope is not None:
            optional["from"] = self.envelope.sender
            known["to"] = tuple(self.envelope.recipients)
        known.update({name: value for name, value in optional.items() if value is not None})
        known.update(more)
        return known

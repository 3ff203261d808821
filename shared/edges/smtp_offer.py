"""What the server made of MAIL and RCPT, and how long each part of a dialogue may take."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.rules.outcome import NotSent, RecipientResult


@dataclass(frozen=True, slots=True)
class Offer:
    """The server's answer to the envelope.

    `accepted` holds the numbers of the recipients that the content would go to. `refused` holds the others: `REFUSED` for
    good, or `PENDING` for a later attempt. `outcome` is set where nothing was accepted or the transaction cannot go on.
    """

    accepted: tuple[int, ...] = ()
    refused: Mapping[int, RecipientResult] = field(default_factory=dict)
    outcome: NotSent | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. RFC 5321 4.5.3.2 asks for minutes; the host ends everything after ten, so `longest` has to fit in."""

    connect: float = 15.0
    """TCP, and then the greeting."""
    command: float = 30.0
    """One command's reply. Exchange delays answers to errors by about five seconds (Exchange reference 4.5)."""
    probe: float = 10.0
    """The first command on a reused connection: one that died without a word must not cost half a minute."""
    opening: float = 30.0
    """Everything up to the second EHLO; and once more the same for the login."""
    offering: float = 45.0
    """All recipients of a mail."""
    content: float = 90.0
    """Writing the content; 150 MB in this time need 13 Mbit/s."""
    final_dot: float = 270.0
    """The reply to the final dot. Exchange delays it where a mailbox submits too fast (reference 5)."""

    @property
    def longest(self) -> float:
        """One mail whose every step takes all of its time, on a reused connection that has to be replaced."""
        new_connection = self.probe + 2 * self.opening
        return new_connection + self.command + self.offering + self.command + self.content + self.final_dot


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a connection is reused: advice of the Exchange reference, section 5, as no limits are published."""

    idle: float = 30.0
    """Seconds without a mail: an idle connection may count toward the mailbox's three."""
    mails: int = 100
    age: float = 240.0
    """Seconds since the login; front ends were seen closing after five minutes."""

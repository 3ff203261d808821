"""How one attempt to send ended: the single value that crosses from the SMTP edge to the story.

The edge classifies, the story acts, and a door never sees an SMTP code (design rules 2 and 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Phase(StrEnum):
    """How far the SMTP dialogue had come, in the order of the wire."""

    CONNECT = "connect"
    STARTTLS = "starttls"
    EHLO = "ehlo"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"
    FINAL_DOT = "final-dot"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in plain words and without an address: a stable code, one sentence, and the operator's cure ('' if none)."""

    code: str
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said: reply code (RFC 5321 4.2) and enhanced status code (RFC 3463), never its text.

    The text may echo addresses, so it stays in the edge. `exchange_id` is the Message-ID that Exchange kept or gave
    (`250 2.0.0 OK <id>`), `host` the mailbox server that took the mail.
    """

    code: int
    enhanced: str | None = None
    exchange_id: str | None = None
    host: str | None = None


class Fate(StrEnum):
    """Where one recipient of a mail stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """One recipient after an attempt: its fate and the codes that decided it."""

    fate: Fate
    code: int | None = None
    enhanced: str | None = None


Recipients = Mapping[int, RecipientResult]
"""Results by the recipient's number in the envelope (to, then cc, then bcc, counted from 0)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Exchange accepted the mail for at least one recipient."""

    reply: Reply
    recipients: Recipients = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """Nothing was sent; try again. `after` is in seconds from now."""

    after: float
    reason: Reason
    reply: Reply | None = None
    recipients: Recipients = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A permanent refusal of this mail; nothing was sent."""

    reason: Reason
    reply: Reply | None = None
    recipients: Recipients = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parked:
    """Nothing was sent and no repetition will help: a person has to look."""

    reason: Reason
    reply: Reply | None = None
    recipients: Recipients = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The final dot was under way when the connection was lost: nobody can know whether Exchange took the mail."""

    phase: Phase
    reason: Reason
    recipients: Recipients = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuthRefused:
    """535 at AUTH. The token may be stale: drop it and try once more with a fresh one on a new connection.

    A second refusal is a fault of the configuration, no longer of the token (Exchange reference 6.1, class T).
    """

    reason: Reason
    reply: Reply


Outcome = Sent | Retry | Rejected | Parked | Unknown
NotSent = Retry | Rejected | Parked
"""The outcomes that are possible before the content is on its way."""

NOTHING_TO_DO, PUT_BACK = "nothing", "put-back"
"""What came of an order where it was not an attempt's outcome, in the telemetry's words."""

ATTEMPT_DIED = Reason(
    "attempt-died", "the process that was sending this mail died; nobody can know whether Exchange took it"
)
PAYLOAD_GONE = Reason("payload-gone", "the mail's content is not in storage any more; it cannot be sent")
PAYLOAD_CHANGED = Reason("payload-changed", "the stored content is not what was accepted; it was not sent")
UNKNOWN_SENDER = Reason(
    "unknown-sender", "mail.toml no longer has this mail's sender", "put the sender back into mail.toml, or cancel the mail"
)

"""What the server says: one value per reply, with the texts that were seen at, or documented for, smtp.office365.com.

Where no text is known, the wording is ours and the comment beside it says "our wording".
Sources: Microsoft's pages on OAuth for SMTP, on SMTP submission, on non-delivery reports and on devices that send mail;
public transcripts of 2025 for banner, EHLO, MAIL, RCPT, DATA and suffixes.
"""

from dataclasses import dataclass, field
from typing import Literal

Layer = Literal["none", "front-end", "store", "accepted"]


NO_CONTROLS = dict.fromkeys([*range(32), 127], "?")
"""Replies repeat what clients sent: a line end in it must not begin another reply."""


@dataclass(frozen=True)
class Reply:
    """One reply, possibly of several lines; `layer` says which suffix the last line gets.

    Replies of the protocol layer end with `[HOST.FOREST.PROD.OUTLOOK.COM time session]`, those of the submission layer
    (after DATA) with `[Hostname=…]`, its one acceptance too; other positive replies have none.
    """

    code: int
    text: str
    layer: Layer = "none"
    more: tuple[str, ...] = field(default=())

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 3463) with which the text begins, or nothing."""
        word = self.text.partition(" ")[0]
        digits = word.split(".")
        return word if len(digits) == 3 and all(part.isdigit() for part in digits) else ""

    @property
    def key(self) -> str:
        """Basic and enhanced code, as the statistics name a reply: `250 2.0.0`."""
        return f"{self.code} {self.enhanced}".rstrip()

    @property
    def closes(self) -> bool:
        """Whether the server closes the connection after it (RFC 5321 section 3.8)."""
        return self.code in {221, 421}

    def lines(self, suffix: str) -> list[str]:
        """The lines as sent, without their ends."""
        texts = [text.translate(NO_CONTROLS) for text in (self.text, *self.more)]
        if suffix:
            texts[-1] = f"{texts[-1]} {suffix}"
        last = len(texts) - 1
        return [f"{self.code}{' ' if number == last else '-'}{text}" for number, text in enumerate(texts)]


@dataclass(frozen=True)
class Raw:
    """Bytes that are sent as they are, for a server that does not keep to the protocol."""

    data: bytes
    closes: bool = False


Response = Reply | Raw


def front(code: int, text: str) -> Reply:
    """A refusal by the protocol layer."""
    return Reply(code, text, "front-end")


def store(code: int, text: str, *more: str) -> Reply:
    """A refusal by the submission layer, after the final dot."""
    return Reply(code, text, "store", more)


STARTTLS_READY = Reply(220, "2.0.0 SMTP server ready")
AUTH_CONTINUE = Reply(334, "")
AUTH_USERNAME = Reply(334, "VXNlcm5hbWU6")
AUTH_PASSWORD = Reply(334, "UGFzc3dvcmQ6")
AUTHENTICATED = Reply(235, "2.7.0 Authentication successful")
SENDER_OK = Reply(250, "2.1.0 Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5 Recipient OK")
START_INPUT = Reply(354, "Start mail input; end with <CRLF>.<CRLF>")
RESETTING = Reply(250, "2.0.0 Resetting")
NOTHING_DONE = Reply(250, "2.0.0 OK")
CLOSING = Reply(221, "2.0.0 Service closing transmission channel")

# 6.1: connect, EHLO, STARTTLS, AUTH
TOO_MANY_SERVER_CONNECTIONS = front(
    421,
    "4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing transmission channel",
)
SERVICE_NOT_AVAILABLE = front(421, "4.3.2 Service not available")
SERVICE_NOT_ACTIVE = front(421, "4.3.2 Service not active")
TEMPORARY_AUTH_FAILURE = front(454, "4.7.0 Temporary authentication failure")
INVALID_DOMAIN = front(501, "5.5.4 Invalid domain name")
TLS_TOO_OLD = front(
    421,
    "4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2. "
    "Visit https://aka.ms/smtp_auth_tls.",
)
# Known only as a code with its meaning: our wording.
TLS_NOT_ALLOWED = front(421, "5.7.67 TLS 1.0 and 1.1 are not supported by this organization.")
STARTTLS_REQUIRED = front(451, "5.7.3 STARTTLS is required to send mail")
UNRECOGNIZED_AUTH = front(504, "5.7.4 Unrecognized authentication type")
UNAUTHENTICATED = front(535, "5.7.3 Authentication unsuccessful")
BASIC_AUTH_RETIRED = front(550, "5.7.30 Basic authentication is not supported for Client Submission.")


def auth_refused(reason: str) -> Reply:
    """The family `535 5.7.139 Authentication unsuccessful, <reason>`."""
    return front(535, f"5.7.139 Authentication unsuccessful, {reason}")


def smtp_auth_disabled(what: Literal["Tenant", "Mailbox"]) -> Reply:
    """SMTP AUTH is switched off; seen for the tenant, inferred for the mailbox."""
    return auth_refused(
        f"SmtpClientAuthentication is disabled for the {what}. Visit https://aka.ms/smtp_auth_disabled for more information."
    )


BASIC_AUTH_DISABLED = auth_refused("basic authentication is disabled.")


def proxy_error(number: int) -> Reply:
    """The front end could not reach the mailbox server: PRX2, PRX4 or PRX5."""
    return front(451, f"4.7.0 Temporary server error. Please try again later. PRX{number}")


def unrecognized_command(verb: str) -> Reply:
    """An unknown verb, as a client sees it after the tarpit."""
    return front(500, f"5.3.3 Unrecognized command '{verb}'")


# 6.2: MAIL and RCPT
LINE_TOO_LONG = front(500, "5.5.2 Line too long")  # our choice; no observation
INVALID_ARGUMENTS = front(501, "5.5.4 Invalid arguments")  # our wording
INVALID_SENDER = front(501, "5.1.7 Invalid address")
INVALID_RECIPIENT = front(501, "5.1.3 Invalid address")
SEND_HELLO_FIRST = front(503, "5.5.2 Send hello first")
NEED_MAIL = front(503, "5.5.2 Need mail command")
NEED_RCPT = front(503, "5.5.2 Need rcpt command")
BAD_SEQUENCE = front(503, "5.5.1 Bad sequence of commands")  # our wording
TOO_LARGE = front(552, "5.3.4 Message size exceeds fixed maximum message size")
TOO_MANY_AT_RCPT = front(452, "4.5.3 Too many recipients")
TOO_MANY_ERRORS = front(421, "4.7.0 Too many errors on this connection, closing transmission channel")  # our wording
IDLE_TOO_LONG = front(421, "4.4.1 Connection timed out")
SEND_AS_DENIED_AT_MAIL = front(550, "5.7.60 SMTP; Client does not have permissions to send as this sender")
NOT_AUTHENTICATED_OLD = front(530, "5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM")


def not_authenticated(auth_error: Reply | None) -> Reply:
    """MAIL without AUTH; an AUTH that failed before in this session is repeated inside the text."""
    said = "5.7.57 Client not authenticated to send mail."
    return front(530, said if auth_error is None else f"{said} Error: {auth_error.code} {auth_error.text}")


def chunk_received(octets: int) -> Reply:
    """Answer to a BDAT that is not the last; our wording (RFC 3030 leaves it free)."""
    return Reply(250, f"2.6.0 Chunk of {octets} octets received")

"""A session with the submission server that writes down every reply word for word, with its time.

The standard library's client, driven command by command: what is being asked is the server, so nothing retries and nothing
interprets. TLS is verified always; the token is said in the second step of AUTH only, and is struck out of every record.
"""

import select
import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, TypedDict

from shared.rules.xoauth2 import initial_response

EHLO_NAME = "keyless-mail.local"
"""Exchange wants a valid domain name (501 5.5.4 otherwise); the machine's own name is nobody's business."""

PATIENCE = 600.0
"""Seconds for one reply: RFC 5321 section 4.5.3.2.6 asks for ten minutes after the final dot, where a delay would show."""

HIDDEN = "(token)"
"""What stands in the record where the token was."""


class Refused(Exception):
    """The server did not let us get as far as the probe asks; the reply stands in the record."""


class NotLetIn(Refused):
    """The server was there and trusted, and refused the login: for some probes that is the answer."""


class Step(TypedDict):
    """One thing that was said, or noticed, and what came back; `code` 0 where the connection ended instead."""

    at: str
    connection: int
    said: str
    code: int
    text: str
    seconds: float


def now() -> str:
    """The time in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Record:
    """The steps of one probe, without the secrets that were said in it."""

    secrets: Sequence[str] = ()
    steps: list[Step] = field(default_factory=list)
    connections: int = 0

    def note(self, connection: int, said: str, code: int, text: str, seconds: float = 0.0) -> None:
        """Write one step down."""
        for secret in self.secrets:
            said, text = said.replace(secret, HIDDEN), text.replace(secret, HIDDEN)
        self.steps.append(Step(at=now(), connection=connection, said=said, code=code, text=text, seconds=round(seconds, 3)))


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, and by which authority its certificate is checked; None is the machine's own list."""

    host: str
    port: int
    ca_file: str | None = None


class _Client(smtplib.SMTP):
    """The library's client, which remembers the greeting; its constructor throws it away."""

    greeting: tuple[int, bytes] = (0, b"")

    def connect(self, *where: Any, **further: Any) -> tuple[int, bytes]:  # noqa: ANN401 - the library's own signature
        """Open the connection and read the greeting."""
        self.greeting = super().connect(*where, **further)
        return self.greeting


class Session:
    """One connection. Every method gives the reply's code and text, or 0 and the fault's kind where the connection ended."""

    def __init__(self, server: Server, record: Record) -> None:
        record.connections += 1
        self._number = record.connections
        self._record = record
        self._server = server
        self._client: smtplib.SMTP = smtplib.SMTP(local_hostname=EHLO_NAME)

    def __enter__(self) -> Self:
        """Use as a context manager closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def open(self) -> None:
        """Up to the second EHLO, inside verified TLS; raises `Refused`."""
        server = self._server
        context = ssl.create_default_context(cafile=server.ca_file)
        self._wanted(220, f"connect {server.host}:{server.port}", self._connect)
        client = self._client
        self._wanted(250, "EHLO", client.ehlo)
        self._wanted(220, "STARTTLS", lambda: client.starttls(context=context))
        self._wanted(250, "EHLO (inside TLS)", client.ehlo)
        if isinstance(client.sock, ssl.SSLSocket):
            self.remark(f"TLS: {client.sock.version()}")

    def login(self, mailbox: str, token: str) -> tuple[int, str]:
        """AUTH XOAUTH2 in two steps; the code is 235 where the server lets us in."""
        answer = self.say("AUTH XOAUTH2", f"AUTH XOAUTH2 as {mailbox}")
        if answer[0] != 334:
            return answer
        return self.say(initial_response(mailbox, token).decode("ascii"), HIDDEN)

    def say(self, command: str, shown: str | None = None) -> tuple[int, str]:
        """One command, and how the record shows it."""
        return self._ask(shown or command, lambda: self._client.docmd(command))

    def give(self, message: bytes, shown: str) -> tuple[int, str]:
        """DATA, then the message (with CRLF line ends, no line of which begins with a dot), then the final dot."""
        answer = self.say("DATA")
        if answer[0] != 354:
            return answer

        def transfer() -> tuple[int, bytes]:
            self._client.send(message + b"\r\n.\r\n")
            return self._client.getreply()

        return self._ask(shown, transfer)

    def listen(self, seconds: float) -> tuple[int, str] | None:
        """Say nothing and wait for the server to speak or to leave; None where it does neither in so many seconds."""
        if self._client.sock is None:
            return 0, "not connected"
        started = time.monotonic()
        readable, _, _ = select.select([self._client.sock], [], [], seconds)
        if not readable:
            return None
        waited = time.monotonic() - started
        return self._ask(f"(nothing said for {waited:.0f} s)", self._client.getreply)

    def remark(self, text: str) -> None:
        """Write down something that is no command."""
        self._record.note(self._number, "(remark)", 0, text)

    def close(self) -> None:
        """QUIT, and let go."""
        with suppress(OSError, smtplib.SMTPException):
            self._client.quit()
        self._client.close()

    def _connect(self) -> tuple[int, bytes]:
        # Only the constructor tells the client the name that STARTTLS then checks the certificate against.
        client = _Client(self._server.host, self._server.port, local_hostname=EHLO_NAME, timeout=PATIENCE)
        self._client = client
        return client.greeting

    def _wanted(self, code: int, said: str, ask: Callable[[], tuple[int, bytes]]) -> None:
        answer = self._ask(said, ask)
        if answer[0] != code:
            raise Refused(f"no {code} to {said}")

    def _ask(self, said: str, ask: Callable[[], tuple[int, bytes]]) -> tuple[int, str]:
        started = time.monotonic()
        try:
            code, text = ask()
        except (OSError, smtplib.SMTPException) as error:  # ssl.SSLError is an OSError
            code, text = 0, type(error).__name__.encode()
        shown = _text(text)
        self._record.note(self._number, said, code, shown, time.monotonic() - started)
        return code, shown


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")

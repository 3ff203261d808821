"""What the peers' programs have in common: they read one mail a line, send it, and say what the library told them.

In: `{"host", "port", "ca_file", "mailbox", "token", "to", "subject", "text"}`. Out: first `{"version"}`, then for each mail
`{"error": class or null, "code": reply code or null, "text", "value"}`. The end of the input ends the process.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage

SECONDS = 15.0
"""The libraries' own timeout: the simulator answers in milliseconds or has gone."""


@dataclass(frozen=True, slots=True)
class Task:
    """One mail to send, and where and as whom."""

    host: str
    port: int
    ca_file: str
    mailbox: str
    token: str
    to: str
    subject: str
    text: str

    def message(self) -> EmailMessage:
        """The mail for libraries that take a ready one."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.mailbox, self.to, self.subject
        message.set_content(self.text)
        return message

    def xoauth2(self, _challenge: bytes | None = None) -> str:
        """What XOAUTH2 says, before Base64."""
        return f"user={self.mailbox}\x01auth=Bearer {self.token}\x01\x01"


def serve(version: str, send: Callable[[Task], object]) -> None:
    """Send what comes in with `send`, and tell what it returned or raised, until the input ends."""
    _say({"version": version})
    for task in _tasks():
        _say(_outcome(send, task))


def _tasks() -> Iterator[Task]:
    for line in sys.stdin:
        yield Task(**json.loads(line))


def _outcome(send: Callable[[Task], object], task: Task) -> dict[str, object]:
    try:
        value = send(task)
    except Exception as error:  # noqa: BLE001 - whatever the library raises is what is measured
        code = getattr(error, "smtp_code", None) or getattr(error, "code", None)
        return {"error": type(error).__name__, "code": code, "text": str(error), "value": None}
    return {"error": None, "code": None, "text": "", "value": value if isinstance(value, bool) else repr(value)}


def _say(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()

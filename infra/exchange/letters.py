"""The mails that the probes send: plain, to the mailbox itself, and easy to find and delete by their subject."""

import re
import secrets
from email.utils import formatdate

SUBJECT = "keyless-mail probe"
"""All subjects begin with it."""

_LINE = b"x" * 76 + b"\r\n"
_MESSAGE_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")


def letter(mailbox: str, about: str, *, octets: int = 0) -> tuple[bytes, str]:
    """A mail from the mailbox to itself, filled up to `octets`, and its Message-ID.

    Lines end in CRLF and none begins with a dot, so that it may follow DATA as it is.
    """
    own = f"<{secrets.token_hex(16)}@{mailbox.rpartition('@')[2]}>"
    head = (
        f"From: <{mailbox}>\r\nTo: <{mailbox}>\r\nSubject: {SUBJECT}: {about}\r\nDate: {formatdate()}\r\n"
        f"Message-ID: {own}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        "A probe of docs/real-tenant.md. It may be deleted.\r\n"
    ).encode("ascii")
    missing = max(0, octets - len(head))
    return head + _LINE * -(-missing // len(_LINE)), own


def message_id_in(reply: str) -> str | None:
    """The Message-ID that the reply to the final dot names (`2.0.0 OK <id> [Hostname=…]`), None where it names none."""
    found = _MESSAGE_ID.search(reply)
    return found[0] if found else None

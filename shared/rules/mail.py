"""The accepted mail as it rests in storage: rendered, checked, and with everything that its transmission needs.

The stored form is JSON with a version. A newer program reads older versions; an older one refuses newer ones.
"""

from typing import Annotated

import msgspec

from shared.rules.config import Priority
from shared.rules.problems import Problem, Refused
from shared.rules.storage_errors import NewerPayload

MAIL_VERSION = 1
"""Raised when the stored form changes its meaning."""

BROKEN_PAYLOAD = "broken-payload"
"""Code of the refusal of bytes that are no mail: nobody but this program writes them, so a person has to look."""


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    """A blob pinned when the mail was accepted: its full name, its ETag, and the SHA-256 (hex) and size of its bytes."""

    name: str
    etag: str
    sha256: str
    size: int


class MailAttachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file of the mail: `content`, or the pinned `blob` that holds it."""

    name: str
    content_type: str
    content: bytes | None = None
    blob: Blob | None = None
    content_id: str | None = None


class Mail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mail, ready to be built and sent. Addresses are normalised; `sender` is the sender's name in mail.toml."""

    sender: str
    subject: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    text: str | None = None
    html: str | None = None
    attachments: tuple[MailAttachment, ...] = ()
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    tags: tuple[str, ...] = ()
    priority: Priority = "normal"

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody who gets the mail, once, in the order to, cc, bcc; a recipient's number is its place here.

        Local parts that differ in case are different recipients (RFC 5321 2.4): better one copy too many than one too few.
        """
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.bcc)))


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    v: Annotated[int, msgspec.Meta(ge=1)]
    mail: Mail


class _Version(msgspec.Struct, frozen=True):
    v: int


def encode(mail: Mail) -> bytes:
    """The mail as the bytes that are stored and hashed; equal mails give equal bytes."""
    return msgspec.json.encode(_Stored(v=MAIL_VERSION, mail=mail), order="deterministic")


def decode(payload: bytes) -> Mail:
    """The mail in stored bytes; raises `NewerPayload`, or `Refused` with code `BROKEN_PAYLOAD`."""
    try:
        version = msgspec.json.decode(payload, type=_Version).v
        if version > MAIL_VERSION:
            raise NewerPayload(version)
        return msgspec.json.decode(payload, type=_Stored).mail
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        message = "the stored mail cannot be read; cancel it and send a new one"
        raise Refused([Problem("", message)], code=BROKEN_PAYLOAD) from None

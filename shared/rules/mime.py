"""From a stored mail to the bytes for the wire: the same bytes for every attempt, since nothing in them is left to chance.

Rules: protocols reference 4.1 (header injection), 4.2 (smuggling), 4.4 (lines), 4.5 (headers of automatic mail). What was
checked when the mail was accepted is checked here again: between the two lies storage.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from shared.rules import field_rules as rules
from shared.rules import mime_headers as headers
from shared.rules.html_text import text_of
from shared.rules.mail import Mail, MailAttachment
from shared.rules.mime_parts import CRLF, Part, file_part, multipart, text_part
from shared.rules.problems import Problem, Refused

LONGEST_LINE = 998
"""Octets before CRLF (RFC 5322 2.1.1, RFC 5321 4.5.3.1.6)."""

Fields = list[tuple[str, str]]


class UnsafeMessage(Refused):
    """The mail cannot be put into bytes that mean what it says; nothing was sent."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__([Problem(pointer, message)], code="unsafe-message")


def build(
    mail: Mail,
    *,
    from_name: str,
    from_address: str,
    message_id: str,
    date: float,
    blobs: Mapping[str, bytes] | None = None,
) -> bytes:
    """The mail in canonical form: ASCII, CRLF, no line beyond 998 octets, no Bcc.

    `message_id` is with its angle brackets, `date` in epoch seconds, `blobs` the contents of the attachments that rest in
    blobs, by the blob's name. Raises `UnsafeMessage`, whose text holds no value of the mail.
    """
    sender = _checked("/sender", lambda: headers.mailbox(rules.single_line(from_name), from_address))
    fields: Fields = [("From", sender), *_address_fields(mail)]
    fields += [
        ("Subject", _checked("/subject", lambda: headers.unstructured("Subject", rules.subject(mail.subject)))),
        ("Date", headers.date(date)),
        ("Message-ID", _checked("/message_id", lambda: headers.message_id(message_id))),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        *_own_fields(mail.headers),
        ("MIME-Version", "1.0"),
    ]
    body = _body(mail, blobs or {}, message_id)
    content = "".join(f"{name}: {value}\r\n" for name, value in fields).encode("ascii") + body.written()
    verify(content, [name for name, _ in (*fields, *body.headers)])
    return content


def verify(content: bytes, names: Sequence[str]) -> None:
    """Raise `UnsafeMessage` unless the bytes are canonical and their header block holds exactly these fields, in order."""
    if not content.isascii() or b"\0" in content:
        raise UnsafeMessage("", "the message holds octets beyond 7bit or NUL")
    if content.count(b"\r") != content.count(CRLF) or content.count(b"\n") != content.count(CRLF):
        raise UnsafeMessage("", "the message holds a CR or LF of its own")
    if not content.endswith(CRLF) or any(len(line) > LONGEST_LINE for line in content.split(CRLF)):
        raise UnsafeMessage("", f"the message holds a line of more than {LONGEST_LINE} octets, or an open end")
    block = content.partition(CRLF + CRLF)[0].decode("ascii").split("\r\n")
    if [line.partition(":")[0] for line in block if not line.startswith((" ", "\t"))] != list(names):
        raise UnsafeMessage("", "the message's header block holds other fields than those that were set")
    if any(not line.strip() for line in block):
        raise UnsafeMessage("", "the message's header block holds a blank line")


def _checked(pointer: str, make: Callable[[], str]) -> str:
    """What `make` gives; its `ValueError`, which says what is wrong, becomes the refusal."""
    try:
        return make()
    except ValueError as error:
        raise UnsafeMessage(pointer, f"{pointer[1:]} {error}") from None


def _address_fields(mail: Mail) -> Fields:
    """To, Cc and Reply-To. Blind copies stand in the SMTP envelope only."""
    lists = (("To", "to", mail.to), ("Cc", "cc", mail.cc), ("Reply-To", "reply_to", mail.reply_to))
    return [
        (name, _checked(f"/{field}", partial(headers.address_list, name, addresses)))
        for name, field, addresses in lists
        if addresses
    ]


def _own_fields(own: Mapping[str, str]) -> Fields:
    def field(name: str, value: str) -> tuple[str, str]:
        rules.header_name(name)
        return name, headers.unstructured(name, rules.header_value(value))

    try:
        return [field(name, value) for name, value in own.items()]
    except ValueError as error:
        raise UnsafeMessage("/headers", f"a header {error}") from None


def _body(mail: Mail, blobs: Mapping[str, bytes], message_id: str) -> Part:
    """multipart/mixed(alternative(text, related(html, inline images)), files), without the layers that hold one part."""
    boundaries = _Boundaries(mail, message_id)
    inline = [a for a in mail.attachments if a.content_id and mail.html is not None]
    files = [a for a in mail.attachments if a not in inline]
    shown = _shown(mail, [_file(a, blobs, disposition="inline") for a in inline], boundaries)
    if not files:
        return shown
    parts = [shown, *(_file(a, blobs, disposition="attachment") for a in files)]
    return multipart("mixed", parts, boundary=boundaries.next())


def _shown(mail: Mail, images: Sequence[Part], boundaries: "_Boundaries") -> Part:
    text = _text("/text", mail.text if mail.text is not None else text_of(mail.html or ""))
    plain = text_part("plain", text)
    if mail.html is None:
        return plain
    rich = text_part("html", _text("/html", mail.html))
    if images:
        rich = multipart("related", [rich, *images], boundary=boundaries.next())
    return multipart("alternative", [plain, rich], boundary=boundaries.next())


def _text(pointer: str, text: str) -> str:
    return _checked(pointer, lambda: rules.body_text(text))


def _file(attachment: MailAttachment, blobs: Mapping[str, bytes], *, disposition: str) -> Part:
    content = blobs.get(attachment.blob.name) if attachment.blob else attachment.content
    if content is None:
        raise UnsafeMessage("/attachments", "an attachment has no content; put its blob back, or send a new mail")
    try:
        rules.attachment_name(attachment.name)
        rules.content_type(attachment.content_type)
        content_id = rules.content_id(attachment.content_id) if attachment.content_id else None
    except ValueError as error:
        raise UnsafeMessage("/attachments", f"a field of an attachment {error}") from None
    fields = headers.file_headers(attachment.name, attachment.content_type, disposition=disposition, content_id=content_id)
    return file_part(fields, content)


class _Boundaries:
    """Boundaries that nobody can put into a text: they depend on it. Files are in Base64, which has no underscore."""

    def __init__(self, mail: Mail, message_id: str) -> None:
        seed = "\0".join((message_id, mail.text or "", mail.html or ""))
        self._seed = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._count = 0

    def next(self) -> str:
        self._count += 1
        return f"=_{self._count}_{self._seed}"

"""A mail taken apart so that a person can look at it. Garbage is shown as what it is, and never raises.

Parsing is the standard library's, with its modern policy. That policy parses header values when they are read, and on
hostile values it raises what it happens to meet, so every header, name and body is read by itself with the raw text as
the answer of last resort.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TypeVar, cast

MAX_TEXT_CHARS = 1_000_000
"""Shown of a plain text; longer ones make the browser crawl, and the raw source is a click away."""

MAX_PARTS = 1_000
"""Parts looked at of one mail; real mails have dozens."""

FALLBACK_TYPE = "application/octet-stream"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not a body: `index` is its place among the mail's attachments, `content_id` has no brackets."""

    index: int
    name: str
    content_type: str
    content_id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MailView:
    """What there is to see: decoded headers in order, both bodies where there are such, the rest, and complaints."""

    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    defects: tuple[str, ...]


def look_at(raw: bytes) -> MailView:
    """Take a mail apart; where the modern policy trips over a header while parsing, the old one reads it as text."""
    parsers: list[Callable[[], EmailMessage]] = [
        lambda: message_from_bytes(raw, policy=policy.default),
        # Only the older `Message`, but that has every method that is used here.
        lambda: cast("EmailMessage", message_from_bytes(raw, policy=policy.compat32)),
    ]
    for parse in parsers:
        message = _tried(parse, None)
        if message is not None:
            return _view(message)
    return MailView((), raw[:MAX_TEXT_CHARS].decode("latin-1"), None, (), ("the mail cannot be parsed at all",))


def decoded_header(raw_value: str, name: str = "Subject") -> str:
    """One header value with its encoded-words (RFC 2047) decoded, on one line."""
    plain = " ".join(raw_value.split())
    return _tried(lambda: " ".join(str(policy.default.header_fetch_parse(name, plain)).split()), plain)


def _view(message: EmailMessage) -> MailView:
    texts: list[str] = []
    html: str | None = None
    others: list[EmailMessage] = []
    defects = [_defect(defect) for defect in message.defects]
    for part in _leaves(message):
        defects += [_defect(defect) for defect in part.defects if part is not message]
        kind = _kind(part)
        if kind == "text/plain" and _is_body(part):
            texts.append(_text_of(part))
        elif kind == "text/html" and html is None and _is_body(part):
            html = _text_of(part)
        else:
            others.append(part)
    text = "\n".join(texts)[:MAX_TEXT_CHARS] if texts else None
    attachments = tuple(_attachment(index, part) for index, part in enumerate(others))
    return MailView(_headers(message), text, html, attachments, tuple(dict.fromkeys(defects)))


def _leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    """Every part that holds content, in order; an attached mail is one part, its own parts are its business."""
    waiting = [message]
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        if part.is_multipart() and _kind(part).startswith("multipart/"):
            waiting.extend(reversed(_parts(part)))
        else:
            yield part


def _parts(part: EmailMessage) -> list[EmailMessage]:
    return cast("list[EmailMessage]", part.get_payload())  # `is_multipart()` says that it is a list


def _kind(part: EmailMessage) -> str:
    return _tried(part.get_content_type, FALLBACK_TYPE)


def _is_body(part: EmailMessage) -> bool:
    disposition = _tried(part.get_content_disposition, None)
    return disposition != "attachment" and not _tried(part.get_filename, None)


def _text_of(part: EmailMessage) -> str:
    content = _content(part)
    charset = _tried(part.get_content_charset, None) or "utf-8"
    # Python also calls `rot13` or `idna` an encoding, and those raise in ways of their own.
    return _tried(lambda: content.decode(charset, "replace"), content.decode("latin-1"))


def _content(part: EmailMessage) -> bytes:
    if part.is_multipart():
        return b"\r\n".join(_tried(inner.as_bytes, b"") for inner in _parts(part))
    payload = _tried(lambda: part.get_payload(decode=True), None)
    return payload if isinstance(payload, bytes) else b""


def _attachment(index: int, part: EmailMessage) -> Attachment:
    kind = _kind(part)
    name = _tried(part.get_filename, None) or f"part-{index + 1}.{kind.rpartition('/')[2]}"
    content_id = _tried(lambda: str(part.get("Content-ID", "")), "").strip().removeprefix("<").removesuffix(">")
    return Attachment(index, " ".join(str(name).split()), kind, content_id, _content(part))


def _headers(message: EmailMessage) -> tuple[tuple[str, str], ...]:
    return tuple((name, decoded_header(str(value), name)) for name, value in message.raw_items())


def _defect(defect: object) -> str:
    return " ".join(f"{type(defect).__name__}: {defect.__doc__ or ''}".split())


def _tried(read: Callable[[], T], otherwise: T) -> T:
    """What `read` gives, or `otherwise` where the standard library trips over the mail."""
    try:
        return read()
    except Exception:  # noqa: BLE001 - hostile mails make `email` raise IndexError, AttributeError, and more
        return otherwise

"""Header fields as they go on the wire: ASCII, encoded words where needed (RFC 2047), never a line of more than 998 octets.

ASCII values stay on one line: folding by the standard library turns a long URL into encoded words, which no mail program
takes for a URL (protocols reference 0.1). Everything else is folded at 76.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

LINE = 76
"""Octets of a line that is folded (RFC 2047 section 2)."""

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@\x00-\x20\x7f-\U0010ffff]+@[A-Za-z0-9.-]+")
"""An address that needs no quoting anywhere; nothing else may stand in a header or an SMTP command."""

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
"""Words of a display name that need no quotes (RFC 5322 3.2.3)."""

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")


def unstructured(name: str, text: str) -> str:
    """The value of a Subject or an X- header. What looks like an encoded word is encoded and so shown as it is."""
    if text.isascii() and "=?" not in text:
        return text
    from email.header import Header

    return Header(text, "utf-8", maxlinelen=LINE, header_name=name).encode(linesep="\r\n")


def mailbox(display_name: str, address: str) -> str:
    """One mailbox with its display name, which may be ''; raises `ValueError` for an address that is not bare."""
    bare = bare_address(address)
    if not display_name:
        return bare
    if not display_name.isascii() or "=?" in display_name:
        words = unstructured("From", display_name)
        return f"{words}\r\n <{bare}>" if "\r\n" in words else f"{words} <{bare}>"
    if _ATOMS.fullmatch(display_name):
        return f"{display_name} <{bare}>"
    quoted = display_name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{bare}>'


def address_list(name: str, addresses: Sequence[str]) -> str:
    """Bare addresses, folded between them; raises `ValueError` for one that is not bare."""
    lines: list[str] = []
    room = LINE - len(name) - 2
    for address in addresses:
        bare = bare_address(address)
        if lines and len(lines[-1]) + len(bare) + 3 <= room:
            lines[-1] += f", {bare}"
        else:
            room = room if not lines else LINE - 1
            lines.append(bare)
    return ",\r\n ".join(lines)


def bare_address(address: str) -> str:
    """The address itself; raises `ValueError`, without it in the text, where it holds more or other than one address."""
    if not _ADDRESS.fullmatch(address):
        raise ValueError("is not one bare address in ASCII")
    return address


def date(seconds: float) -> str:
    """The Date of a mail (RFC 5322 3.3) in UTC; `seconds` since the epoch."""
    from email.utils import format_datetime

    return format_datetime(datetime.fromtimestamp(int(seconds), UTC))


def message_id(text: str) -> str:
    """A Message-ID as it stands between its angle brackets; raises `ValueError` for anything else."""
    if not _MESSAGE_ID.fullmatch(text):
        raise ValueError("is not a Message-ID in angle brackets")
    return text


def file_headers(name: str, content_type: str, *, disposition: str, content_id: str | None) -> list[tuple[str, str]]:
    """Content-Type, Content-Disposition and Content-ID of a file; names beyond ASCII as RFC 2231 says."""
    from email.message import EmailMessage
    from email.policy import SMTP

    carrier = EmailMessage(policy=SMTP)
    carrier["Content-Type"] = content_type
    carrier.add_header("Content-Disposition", disposition, filename=name)
    folded = [SMTP.fold(header, value).partition(": ") for header, value in carrier.items()]
    headers = [(header, value.removesuffix("\r\n")) for header, _, value in folded]
    return [*headers, ("Content-ID", f"<{content_id}>")] if content_id else headers

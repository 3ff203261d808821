"""Header fields as they go on the wire: ASCII, encoded words where needed (RFC 2047), never a line of more than 998 octets.

ASCII values stay on one line: folding by the standard library turns a long URL into encoded words, which no mail program
takes for a URL (protocols reference 0.1). Everything else is folded at 76.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

LINE = 76
"""Octets of a line that is folded (RFC 2047 section 2)."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9 ._()&+,'@#=;!-]{1,60}")
"""File names that stand in quotes as they are. Quotes and brackets are read in different ways, so they are encoded."""

_PIECE = 50
"""Characters of a piece of a longer name: with its parameter's name it stays below 76."""

_UNITS = re.compile(r"%[0-9A-F]{2}|[^%]")
"""What may not be divided between two pieces."""

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
    escaped = display_name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{bare}>'


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
    """Content-Type, Content-Disposition and Content-ID of a file; long names and names beyond ASCII as RFC 2231 says."""
    plain = _PLAIN_NAME.fullmatch(name)
    written = f'{disposition};\r\n filename="{name}"' if plain else _extended(disposition, name)
    headers = [("Content-Type", content_type), ("Content-Disposition", written)]
    return [*headers, ("Content-ID", f"<{content_id}>")] if content_id else headers


def _extended(disposition: str, name: str) -> str:
    """`filename*0*=utf-8''…` in pieces, each on a line of its own."""
    from urllib.parse import quote

    encoded = quote(name, safe="", errors="strict")
    pieces: list[str] = [""]
    for unit in _UNITS.findall(encoded):
        if len(pieces[-1]) + len(unit) > _PIECE:
            pieces.append("")
        pieces[-1] += unit
    parameters = [f"filename*{n}*={piece}" for n, piece in enumerate([f"utf-8''{pieces[0]}", *pieces[1:]])]
    if len(parameters) == 1:
        parameters = [parameters[0].replace("filename*0*=", "filename*=", 1)]
    return ";\r\n ".join([disposition, *parameters])

"""Bytes of the SMTP dialogue as values: commands that cannot carry a second command, and content ready for DATA.

Sources: RFC 5321 4.1.1 (commands), 4.5.2 (transparency), 4.5.3.1 (sizes); RFC 1870 (SIZE).
"""

import re
from collections.abc import Iterator

END_OF_DATA = b".\r\n"
"""The final dot. The content before it always ends with CRLF (RFC 5321 4.1.1.4)."""

LONGEST_LOCAL_PART = 64  # octets, RFC 5321 4.5.3.1.1
LONGEST_PATH = 254  # octets of an address: a path has 256 with its angle brackets, RFC 5321 4.5.3.1.3

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class UnsendableAddress(ValueError):
    """An address that cannot stand in an SMTP command as it is; the text does not repeat it."""

    def __init__(self) -> None:
        super().__init__(
            "an address that no SMTP command can carry: ASCII, no spaces, quotes or brackets, at most 254 octets"
        )


def mail_from(sender: str, size: int | None) -> bytes:
    """`MAIL FROM` with the declared size where the server offers SIZE. Raises `UnsendableAddress`."""
    command = b"MAIL FROM:<" + _path(sender) + b">"
    return command if size is None else command + b" SIZE=%d" % size


def rcpt_to(recipient: str) -> bytes:
    """`RCPT TO`. Raises `UnsendableAddress`."""
    return b"RCPT TO:<" + _path(recipient) + b">"


def is_canonical(content: bytes) -> bool:
    """Whether every line end is CRLF. A bare CR or LF is how a second mail is smuggled past a lenient next hop."""
    pairs = content.count(b"\r\n")
    return content.count(b"\r") == pairs and content.count(b"\n") == pairs


def dot_stuffed(content: bytes) -> bytes:
    """Canonical content with every leading dot doubled and a CRLF at its end, without the final dot itself."""
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    if content.startswith(b"."):
        content = b"." + content
    return content.replace(b"\r\n.", b"\r\n..")


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    """The content in order, cut into pieces of at most `size` octets."""
    return (content[start : start + size] for start in range(0, len(content), size))


def _path(address: str) -> bytes:
    match = _ADDRESS.fullmatch(address)
    if match is None or len(address) > LONGEST_PATH or len(match[1]) > LONGEST_LOCAL_PART:
        raise UnsendableAddress
    return address.encode("ascii")

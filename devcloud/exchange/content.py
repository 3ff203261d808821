"""The message itself: where DATA ends, what the header block says, who it is from. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.errors import MessageError

END = b"\r\n.\r\n"
"""The only end of DATA: a lone LF or CR beside the dot does not count (RFC 5321 4.1.1.4), so no mail can smuggle another."""

Headers = Sequence[tuple[str, str]]

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)\Z", re.DOTALL)


class DotReader:
    """Collects the content of DATA piece by piece, whatever the pieces are, and takes the stuffed dots out again.

    Beyond `limit` octets on the wire the content is dropped, but still read to its end, so that the refusal comes where
    the client expects an answer.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray(b"\r\n")  # the dot may stand on the very first line
        self.too_large = False

    def feed(self, data: bytes) -> bytes | None:
        """Take the next bytes; once the end has come, return what follows it, until then None."""
        start = max(0, len(self._data) - len(END) + 1)
        self._data += data
        end = self._data.find(END, start)
        if end >= 0:
            rest = bytes(self._data[end + len(END) :])
            del self._data[end + 2 :]
            self.too_large = self.too_large or len(self._data) - 2 > self._limit
            return rest
        if self.too_large or len(self._data) - 2 > self._limit + len(END):
            self.too_large = True
            del self._data[: -len(END)]
        return None

    def content(self) -> bytes:
        """The message, its last line end included."""
        return bytes(self._data).replace(b"\r\n.", b"\r\n")[2:]


def parse_headers(raw: bytes) -> list[tuple[str, str]]:
    """Names and unfolded values of the header block, in order; ends at the first line that is no header field."""
    fields: list[tuple[bytes, bytes]] = []
    for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            name, value = fields[-1]
            fields[-1] = (name, value + line)
            continue
        found = _FIELD.match(line)
        if found is None:
            break
        fields.append((found.group(1), found.group(2)))
    return [(name.decode("ascii"), value.strip().decode("utf-8", "replace")) for name, value in fields]


def values(headers: Headers, name: str) -> list[str]:
    """All values of one header field; names compare without case."""
    return [value for key, value in headers if key.lower() == name.lower()]


def first(headers: Headers, name: str) -> str:
    """The first value of a header field, or nothing."""
    return next(iter(values(headers, name)), "")


@dataclass(frozen=True)
class Author:
    """Who the message says it is from: the bare addresses of From, and whether a Sender field stands beside them."""

    addresses: tuple[str, ...]
    has_sender: bool


def author(headers: Headers) -> Author:
    """Read From and Sender; no addresses when From is missing, double or unreadable (RFC 5322 3.6.2)."""
    fields = values(headers, "From")
    has_sender = bool(values(headers, "Sender"))
    if len(fields) != 1:
        return Author((), has_sender)
    try:
        header = policy.default.header_factory("From", fields[0])
        addresses = tuple(address.addr_spec for address in header.addresses)
    except (MessageError, ValueError, IndexError, AttributeError, TypeError):
        return Author((), has_sender)  # the standard parser trips over some malformed fields
    return Author(addresses if all("@" in address for address in addresses) else (), has_sender)


def with_message_id(raw: bytes, message_id: str) -> bytes:
    """The message with this Message-ID in place of its own, or in front where it had none."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    line = b"Message-ID: " + message_id.encode("ascii")
    pattern = re.compile(rb"^message-id[ \t]*:[^\r]*(?:\r\n[ \t][^\r]*)*", re.IGNORECASE | re.MULTILINE)
    changed, count = pattern.subn(lambda _: line, head, count=1)
    return (changed if count else line + b"\r\n" + head) + separator + body

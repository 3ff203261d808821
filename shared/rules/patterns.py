"""Forms that settings must have: names, addresses on the web, durations, timer expressions. No I/O, no name resolution."""

import re
from urllib.parse import SplitResult, urlsplit

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""Client and tenant ids (RFC 9562 section 4)."""

ACCOUNT_NAME = re.compile(r"[a-z0-9]{3,24}")
"""Storage accounts: Microsoft Learn, "Storage account overview", section on names."""

QUEUE_NAME = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*")
"""Storage queues: Microsoft Learn, "Naming queues and metadata"."""

SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
"""App settings that every plan can carry: on Linux they are environment variables."""

TABLE_NAME = re.compile(r"[a-z]([a-z0-9-]{0,48}[a-z0-9])?")
"""Our own rule for the names of senders, producers, webhooks and digests: they become parts of paths, rows and functions."""

LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
"""One part of a host name."""

HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*")
"""RFC 1123 section 2.1; an IPv4 address has this form too."""

MAX_PORT = 65_535

_DURATION = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

# NCRONTAB, as the host reads it: second, minute, hour, day, month, day of the week (Sunday = 0).
_TIMER_RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_TIMER_NAMES = {
    4: ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    5: ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_TIMER_PART = re.compile(r"(?:\*|([A-Za-z0-9]+)(?:-([A-Za-z0-9]+))?)(?:/([0-9]{1,2}))?")


def duration(text: str) -> float | None:
    """Seconds of `45s`, `90m`, `24h` or `7d`; None for anything else."""
    match = _DURATION.fullmatch(text)
    return None if match is None else float(int(match[1]) * _SECONDS[match[2]])


def https_address(text: str) -> str | None:
    """An https address, without its final slash; None for another scheme, a user, a query."""
    parts = _split(text)
    if parts is None or parts.scheme != "https" or parts.query or parts.fragment:
        return None
    return f"https://{parts.netloc}{parts.path.rstrip('/')}"


def https_origin(text: str) -> str | None:
    """The same, where a path makes no sense either."""
    address = https_address(text)
    return address if address is not None and address.count("/") == len("//") else None


def is_port(text: str) -> bool:
    """Whether the text is a TCP port."""
    return re.fullmatch(r"[1-9][0-9]{0,4}", text) is not None and int(text) <= MAX_PORT


def is_web_address(text: str) -> bool:
    """Whether the text is an http(s) address with a host and without a user."""
    parts = _split(text)
    return parts is not None and parts.scheme in ("http", "https")


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    return host in {"localhost", "::1"} or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) is not None


def is_timer(text: str) -> bool:
    """Whether the host can read this timer expression (five or six fields; Microsoft Learn, "Timer trigger")."""
    fields = text.split()
    if len(fields) not in (5, 6):
        return False
    first = 6 - len(fields)
    return all(_is_timer_field(field, number + first) for number, field in enumerate(fields))


def _split(text: str) -> SplitResult | None:
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    sound = HOST_NAME.fullmatch(host) is not None or re.fullmatch(r"[0-9a-f:.]+", host) is not None
    return parts if sound and "@" not in parts.netloc and port != 0 else None


def _is_timer_field(field: str, number: int) -> bool:
    return all(_is_timer_part(part, number) for part in field.split(","))


def _is_timer_part(part: str, number: int) -> bool:
    match = _TIMER_PART.fullmatch(part)
    if match is None or (match[3] is not None and not 0 < int(match[3]) <= _TIMER_RANGES[number][1]):
        return False
    values = [_timer_value(text, number) for text in (match[1], match[2]) if text is not None]
    return all(value is not None for value in values) and values == sorted(v for v in values if v is not None)


def _timer_value(text: str, number: int) -> int | None:
    names = _TIMER_NAMES.get(number, ())
    low, high = _TIMER_RANGES[number]
    if text.lower() in names:
        return names.index(text.lower()) + low
    return int(text) if text.isdigit() and len(text) <= 2 and low <= int(text) <= high else None

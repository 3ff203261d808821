"""Values of mail.toml that need more than a type: addresses, recipients' domains, durations. Refused by `ValueError`.

The texts say cause and cure and never repeat the value (it may be somebody's address).
"""

import re

from shared.rules.addresses import LONGEST_ADDRESS, check_address
from shared.rules.event_conditions import check_path
from shared.rules.patterns import GUID, HOST_NAME, LABEL, duration

ANYBODY = "*"
"""In `allow_recipients`: no limit to whom the sender may write."""

LONGEST_NAME = 128
"""Characters of a display name; with the longest address it still fits in one header line of 998."""

LONGEST_LIFE = 30 * 86_400.0
"""Seconds for which a mail may wait: beyond a month it is no news any more, and its payload should not rest longer."""

# Plain ASCII addresses, which nearly all are: a dot-atom and a host name with an alphabetic top level. They need no library,
# and importing it costs every cold start 30 ms. Whatever else is given takes the long way.
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN = re.compile(rf"(?=[^@]{{1,64}}@){_ATEXT}(?:\.{_ATEXT})*@(?!.*--)(?:{LABEL}\.)+[A-Za-z]{{2,63}}")
_RESERVED_TOPS = frozenset({"arpa", "invalid", "local", "localhost", "onion"})

HOUR, DAY = 3600.0, 86_400.0

SHORTEST_CONTENT = HOUR
"""Seconds. A refused mail can be put back only while its content is there: a person needs time to see it."""

LONGEST_CONTENT = 90 * DAY
"""Seconds. The content is other people's words and addresses; who needs it longer has it in Sent Items."""

SHORTEST_ROW = 7 * DAY
"""Seconds. A key is remembered while its row lives, and event sources, queues and people repeat for days."""

LONGEST_ROW = 3650 * DAY
"""Seconds. Ten years cover the usual duties to keep records; "for ever" would be a decision that nobody took."""

_FROM = re.compile(r'(?P<name>"[^"\\]*"|[^"<>@,;:\\]*)\s*<(?P<address>[^<>]*)>')


def address(text: str) -> str:
    """One bare mail address, its domain in ASCII lower case; raises `ValueError`."""
    if len(text) <= LONGEST_ADDRESS and _PLAIN.fullmatch(text):
        local, _, domain = text.rpartition("@")
        if domain.rpartition(".")[2].lower() not in _RESERVED_TOPS:
            return f"{local}@{domain.lower()}"
    return check_address(text)


def from_field(value: object) -> tuple[str, str]:
    """Display name ('' for none) and address of `Name <user@domain>` or of a bare address; raises `ValueError`."""
    if not isinstance(value, str):
        raise ValueError("has to be text; write a name and an address in angle brackets")  # noqa: TRY004 - `Read` wants ValueError
    match = _FROM.fullmatch(value.strip())
    if match is None:
        return "", address(value.strip())
    name = match["name"].strip().strip('"').strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"has a display name with control characters or of more than {LONGEST_NAME}; shorten it")
    return name, address(match["address"].strip())


def recipient_rule(text: str) -> str:
    """`*`, a domain or an address, in the form in which recipients are compared; raises `ValueError`."""
    if text == ANYBODY:
        return text
    if "@" in text:
        return address(text)
    try:
        return address(f"postmaster@{text}").partition("@")[2]
    except ValueError:
        raise ValueError('is neither a domain nor an address nor "*"; write one such as contoso.test') from None


def domain(text: str) -> str:
    """A domain in the form in which addresses' domains are compared; raises `ValueError`."""
    if "@" in text or text == ANYBODY:
        raise ValueError("is not a domain; write one such as contoso.test")
    return recipient_rule(text)


def host(text: str) -> str:
    """A host name in lower case, without scheme, port and path; raises `ValueError`."""
    if not HOST_NAME.fullmatch(text):
        raise ValueError("is not a host name; write one such as github.com, without https://")
    return text.lower()


def app_id(text: str) -> str:
    """A client or object id in lower case, as tokens name it; raises `ValueError`."""
    if not GUID.fullmatch(text):
        raise ValueError("is not an id; write the GUID that the portal shows")
    return text.lower()


def event_field(text: str) -> str:
    """The path of an event's field; raises `ValueError`."""
    check_path(text)
    return text


def life(value: object) -> float:
    """Seconds of a duration such as `24h`, at most `LONGEST_LIFE`; raises `ValueError`."""
    seconds = _seconds(value)
    if seconds > LONGEST_LIFE:
        raise ValueError('is longer than 30 days; write "30d" or less')
    return seconds


def content_rest(value: object) -> float:
    """Seconds for which a final mail keeps its content, `SHORTEST_CONTENT` to `LONGEST_CONTENT`; raises `ValueError`."""
    seconds = _seconds(value)
    if seconds < SHORTEST_CONTENT:
        raise ValueError('is shorter than an hour, in which nobody could put a refused mail back; write "1h" or more')
    if seconds > LONGEST_CONTENT:
        raise ValueError('is longer than 90 days, and mail is not to be hoarded here; write "90d" or less')
    return seconds


def row_rest(value: object) -> float:
    """Seconds for which the row of a final mail is kept, `SHORTEST_ROW` to `LONGEST_ROW`; raises `ValueError`."""
    seconds = _seconds(value)
    if seconds < SHORTEST_ROW:
        raise ValueError('is shorter than 7 days, in which events are repeated and would be sent again; write "7d" or more')
    if seconds > LONGEST_ROW:
        raise ValueError('is longer than ten years; write "3650d" or less')
    return seconds


def _seconds(value: object) -> float:
    seconds = duration(value) if isinstance(value, str) else None
    if seconds is None:
        raise ValueError('is not a duration; write a whole number and s, m, h or d, such as "90m", "24h" or "7d"')
    return seconds

"""The line for Exchange Online PowerShell that shows what became of a mail behind the SMTP server.

`Get-MessageTraceV2` (Microsoft Learn, module ExchangePowerShell) finds a message by its whole Message-ID, with its angle
brackets; one query spans ten days at most and reaches back ninety.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

AROUND = timedelta(hours=1)
"""Before the first and behind the last attempt: clocks differ, and a trace has the time at which Exchange took the mail."""

LONGEST = timedelta(days=10)
"""Of one query."""

REACH = timedelta(days=90)
"""How far back a trace goes."""

_QUOTES = "'\u2018\u2019\u201a\u201b"
"""PowerShell ends a text in single quotes at any of these, and reads a doubled one as the character itself."""

_ATTEMPT = "transmitting"
"""The timeline's reason where an attempt began to send."""


def command(mail: Mapping[str, Any]) -> str | None:
    """The line; None for a mail of which nothing was ever on its way to Exchange.

    The id that Exchange answered goes before ours: it may have put its own in the place of ours. Times are UTC whatever the
    region and the clock of the machine on which the line is run.
    """
    attempts = [datetime.fromisoformat(one["at"]) for one in mail["timeline"] if one["reason"] == _ATTEMPT]
    message_id = (mail["reply"] or {}).get("exchange_id")
    wanted = message_id if message_id and _is_sound(message_id) else mail["message_id"]
    if not attempts or not _is_sound(wanted):
        return None
    start, end = attempts[0] - AROUND, attempts[-1] + AROUND
    start = max(start, end - LONGEST)
    return f"Get-MessageTraceV2 -MessageId {quoted(wanted)} -StartDate {_utc(start)} -EndDate {_utc(end)}"


def too_old(mail: Mapping[str, Any], now: datetime) -> bool:
    """Whether the last attempt is out of the trace's reach."""
    attempts = [datetime.fromisoformat(one["at"]) for one in mail["timeline"] if one["reason"] == _ATTEMPT]
    return bool(attempts) and attempts[-1] < now - REACH


def quoted(text: str) -> str:
    """A text for PowerShell in which nothing is read as code."""
    return "'" + "".join(c * 2 if c in _QUOTES else c for c in text) + "'"


def _is_sound(message_id: str) -> bool:
    """Whether it may stand on a command line: Message-IDs are printable ASCII (RFC 5322 3.6.4)."""
    return bool(message_id) and message_id.isascii() and message_id.isprintable()


def _utc(at: datetime) -> str:
    """A cast reads this form the same in every region, as a local time; the call makes it UTC again."""
    return f"([datetime]'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}').ToUniversalTime()"

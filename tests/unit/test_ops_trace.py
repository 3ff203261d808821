"""The line for Exchange's message trace."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.message_trace import LONGEST, command, quoted, too_old

OURS = "<0123@contoso.test>"


def a_mail(*attempts: str, exchange_id: str | None = None) -> dict[str, Any]:
    """A mail with attempts at these times."""
    timeline = [{"at": "2026-11-23T00:00:00.000+00:00", "state": "waiting", "reason": "accepted"}]
    timeline += [{"at": at, "state": "sending", "reason": "transmitting"} for at in attempts]
    reply = {"code": 250, "enhanced": "2.0.0", "exchange_id": exchange_id} if exchange_id is not None else None
    return {"timeline": timeline, "reply": reply, "message_id": OURS}


def line_of(mail: dict[str, Any]) -> str:
    """The line, which is there."""
    line = command(mail)
    assert line is not None
    return line


def span(line: str) -> tuple[datetime, datetime]:
    """The times between which it asks."""
    start, end = (datetime.fromisoformat(found) for found in re.findall(r"\[datetime\]'([^']+)'", line))
    return start, end


def test_the_line_asks_for_the_id_that_exchange_answered_around_the_attempt() -> None:
    """In UTC, whatever the machine's region: the cast is read the same everywhere."""
    assert command(a_mail("2026-11-23T10:00:00.500+00:00", exchange_id="<theirs@prod.test>")) == (
        "Get-MessageTraceV2 -MessageId '<theirs@prod.test>'"
        " -StartDate ([datetime]'2026-11-23T09:00:00Z').ToUniversalTime()"
        " -EndDate ([datetime]'2026-11-23T11:00:00Z').ToUniversalTime()"
    )


@pytest.mark.parametrize("answered", [None, "", "<a\x1b[2J@b>", "<a\u202eb@c>", "<a b\n@c>", "<\u2019; rm@c>"])
def test_without_a_sound_id_of_exchange_ours_is_asked_for(answered: str | None) -> None:
    """A Message-ID is printable ASCII; nothing else comes onto a command line."""
    assert f"-MessageId '{OURS}'" in line_of(a_mail("2026-11-23T10:00:00.500+00:00", exchange_id=answered))


def test_an_id_cannot_leave_its_quotes() -> None:
    """PowerShell ends a text at five kinds of single quotes; a doubled one is a character of the text."""
    line = line_of(a_mail("2026-11-23T10:00:00+00:00", exchange_id="<x'; Remove-Mailbox $(bob) `n \"@y>"))
    assert "-MessageId '<x''; Remove-Mailbox $(bob) `n \"@y>' -StartDate" in line
    assert quoted("'\u2018\u2019\u201a\u201b") == "'" + "''\u2018\u2018\u2019\u2019\u201a\u201a\u201b\u201b" + "'"


def test_all_attempts_are_covered_but_ten_days_at_most() -> None:
    """More is refused by the cmdlet; the newest attempts count."""
    two = span(line_of(a_mail("2026-11-23T10:00:00+00:00", "2026-11-25T10:00:00+00:00")))
    assert two == (datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 25, 11, tzinfo=UTC))
    start, end = span(line_of(a_mail("2026-11-01T10:00:00+00:00", "2026-11-25T10:00:00+00:00")))
    assert (end, end - start) == (datetime(2026, 11, 25, 11, tzinfo=UTC), LONGEST)


def test_a_mail_that_never_left_has_no_line() -> None:
    """Exchange knows nothing of it."""
    assert command(a_mail()) is None
    assert command({**a_mail("2026-11-23T10:00:00+00:00"), "message_id": ""}) is None


def test_a_trace_reaches_back_ninety_days() -> None:
    """Older mails are told so."""
    mail = a_mail("2026-11-23T10:00:00+00:00")
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert not too_old(mail, at + timedelta(days=90))
    assert too_old(mail, at + timedelta(days=90, seconds=1))
    assert not too_old(a_mail(), at)

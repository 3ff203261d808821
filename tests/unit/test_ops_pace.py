"""`python -m ops pace`: the table, the sentences, and when it finds a fault."""

import json
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.__main__ import program
from ops.pace_words import Times, is_faulty, sentences
from tests.fakes.answering_app import KEY, answering_app

AT = "2026-11-23T12:00:00.000+00:00"
CALM = {"messages_per_minute": 0, "connections": 0, "next_try_at": None, "felt": False}
WALL = {
    "at": "2026-11-23T14:20:00.000+00:00",
    "reached": False,
    "recipients": 10_000,
    "kept": 0,
    "mails": 312,
    "next_at": "2026-11-24T08:02:00.000+00:00",
}


def an_answer(*, licences: int | None = None, reached: bool = False, **changes: object) -> dict[str, Any]:
    """A mailbox with nothing to worry about, changed as the test wants."""
    box = {
        "mailbox": "alerts@contoso.test",
        "key": "0123",
        "last_minute": {"sent": 30, "allowed": 30, "limit": 30},
        "connections": {"held": 2, "allowed": 3, "limit": 3},
        "backlog": {"high": 0, "normal": 0, "bulk": 1_312, "mails": 1_312},
        "drains_at": "2026-11-23T12:44:00.000+00:00",
        "recipients": {"used": 1_234, "external": 7, "limit": 10_000},
        "wall": None,
        "foreign": CALM,
        **changes,
    }
    limit = None if licences is None else 22_059
    tenant = {"external": 7, "licences": licences, "limit": limit, "trial_limit": 5_000, "reached": reached}
    return {"at": AT, "mailboxes": [box], "unreadable": [], "tenant": tenant}


def lines(body: dict[str, Any], hours: int = 0) -> list[str]:
    """The sentences in a terminal so many hours east of Greenwich."""
    return list(sentences(body, Times(body["at"], timezone(timedelta(hours=hours)))))


def test_the_wall_is_told_with_its_time_and_the_mails_behind_it() -> None:
    """In the terminal's own time."""
    (line, _) = lines(an_answer(wall=WALL))
    told = "alerts@contoso.test: 10,000 recipients reached at 14:20; 312 mails move to tomorrow, the first at 08:02"
    assert line == told
    assert "reached at 19:20; 312 mails move to tomorrow, the first at 13:02" in lines(an_answer(wall=WALL), 5)[0]


def test_what_is_not_today_has_its_date() -> None:
    """Eleven hours east the wall comes tomorrow, and the mails go on the day after."""
    (line, _) = lines(an_answer(wall=WALL), 11)
    assert "reached at 2026-11-24 01:20; 312 mails move to tomorrow, the first at 19:02" in line
    far = {**WALL, "next_at": "2026-11-30T08:02:00.000+00:00"}
    assert "312 mails move to 2026-11-30, the first at 08:02" in lines(an_answer(wall=far))[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"recipients": 9_900, "kept": 100}, "9,900 recipients reached at 14:20"),
        ({"recipients": 9_900, "kept": 100}, "at 08:02 (the last 100 are kept for priority high)"),
        ({"reached": True, "mails": 0}, "10,000 recipients are used up; room from 2026-11-24 08:02"),
        ({"mails": 1}, "1 mail moves to tomorrow"),
        ({"next_at": "2026-11-23T21:05:00.000+00:00"}, "312 mails wait behind it, the first until 21:05"),
        ({"at": "soon", "next_at": "later"}, "reached at soon; 312 mails wait behind it, the first until later"),
    ],
)
def test_walls_in_words(changes: dict[str, object], told: str) -> None:
    """What stands, what is kept for the high lane, one mail, the same day, and what is no time."""
    assert told in lines(an_answer(wall={**WALL, **changes}))[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"messages_per_minute": 6}, "others take 6 messages a minute"),
        (
            {"connections": 1, "next_try_at": "2026-11-23T12:00:40.000+00:00"},
            "1 connection; one connection more is tried at 12:00",
        ),
        (
            {"connections": 2, "next_try_at": "2026-11-23T02:00:00.000+00:00"},
            "2 connections; one connection more is tried with",
        ),
        ({"connections": 2, "messages_per_minute": 1}, "1 message a minute and 2 connections"),
    ],
)
def test_foreign_load_in_words(changes: dict[str, object], told: str) -> None:
    """What others take, and when more is tried."""
    assert told in lines(an_answer(foreign={**CALM, **changes}))[0]


def test_the_tenants_line_says_the_limit_or_the_key_that_is_missing() -> None:
    """Always the last one."""
    told = "7 external recipients in the last 24 hours, of 22,059 with 100 licences (a trial tenant: 5,000)"
    assert told in lines(an_answer(licences=100))[-1]
    assert "set licences in [cloud] of mail.toml" in lines(an_answer())[-1]


@pytest.mark.parametrize(
    ("body", "faulty"),
    [
        (an_answer(), False),
        (an_answer(wall=WALL), True),
        (an_answer(wall={**WALL, "mails": 0, "reached": True}), True),
        (an_answer(foreign={**CALM, "connections": 1, "felt": False}), False),
        (an_answer(foreign={**CALM, "connections": 1, "felt": True}), True),
        (an_answer(licences=100), False),
        (an_answer(licences=100, reached=True), True),
        ({**an_answer(), "unreadable": [{"mailbox": "x", "reason": "y"}]}, True),
    ],
)
def test_a_fault_is_what_somebody_should_act_on(body: dict[str, Any], faulty: object) -> None:
    """A backlog that drains before the wall is none, nor is foreign load of the past."""
    assert is_faulty(body) is faulty


@pytest.mark.parametrize(("body", "code"), [(an_answer(), 0), (an_answer(wall=WALL), 1)])
def test_the_command_prints_table_and_sentences_or_json(body: dict[str, Any], code: int) -> None:
    """With the same exit code."""
    with answering_app(200, json.dumps(body).encode()) as (url, got):
        environment = {"MAIL_OPS_URL": url, "MAIL_OPS_KEY": KEY, "COLUMNS": "180"}
        shown = CliRunner().invoke(program, ["pace"], env=environment)
        printed = CliRunner().invoke(program, ["pace", "--json"], env=environment)
    assert (shown.exit_code, printed.exit_code) == (code, code)
    assert all(cell in shown.output for cell in ("30 of 30", "2 of 3", "1,312", "1,234 of 10,000"))
    assert "tenant: 7 external recipients" in shown.output
    assert json.loads(printed.output) == body
    assert got[0].startswith("GET /api/operator/pace ")


def test_an_unreadable_row_is_told() -> None:
    """By its mailbox."""
    body = {**an_answer(), "unreadable": [{"mailbox": "reports@contoso.test", "reason": "the row has version 2"}]}
    assert "reports@contoso.test: the row has version 2; ask the app's newest version" in lines(body)


def test_times_of_one_zone_are_those_of_the_terminal() -> None:
    """Without a zone the machine's own is taken."""
    assert Times(AT, UTC).clock(AT) == "12:00"
    assert Times(AT).clock(None) == "-"

"""The command line as a whole, asking an app that answers with hostile data."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.__main__ import program
from ops.client import Refused
from ops.options import complain
from tests.fakes.answering_app import KEY, answering_app
from tests.unit.hostile import FRAME, HOSTILE, SEEN, a_mail, a_pace, a_stop

WHY = ("--why", "x", "--who", "ann")


def an_answer(value: str) -> dict[str, Any]:
    """Whatever is asked: a mail, a list of everything, or an order's result."""
    lists = {
        "messages": [a_mail(value)],
        "stops": [a_stop(value)],
        "unreadable": [{**a_mail(value), "mailbox": value}],
        "left": [a_mail(value)],
    }
    part = {"ok": False, "reason": value}
    health = {"status": value, "parts": {value: part}, "faults": [{"name": value, "cause": value, "cure": value}]}
    orders = {"warnings": [], "more": True, "after": None}
    return {**a_mail(value), **a_stop(value), **a_pace(value), **lists, **health, **orders}


COMMANDS = [
    ("show", "f" * 32),
    ("list",),
    ("find", "--to", "a@b.test"),
    ("health",),
    ("pace",),
    ("redrive", "f" * 32, *WHY),
    ("redrive", "--all", *WHY),
    ("cancel", "f" * 32, *WHY),
    ("pause", "--all", *WHY),
    ("resume", "--all", *WHY),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_shows_an_answer_inert(command: tuple[str, ...]) -> None:
    """Tables, lines and JSON alike: nothing but what can be seen comes out, and no traceback."""
    with answering_app(200, json.dumps(an_answer(" ".join(HOSTILE.values()))).encode()) as (url, got):
        environment = {"MAIL_OPS_URL": url, "MAIL_OPS_KEY": KEY, "COLUMNS": "180"}
        for options in ((), ("--json",)):
            done = CliRunner().invoke(program, [*command, *options], env=environment)
            assert isinstance(done.exception, SystemExit | None), done.exception
            assert set(done.output) <= SEEN | FRAME
    assert len(got) == 2


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_takes_a_token_instead_of_the_key(command: tuple[str, ...]) -> None:
    """By option, or by MAIL_OPS_TOKEN."""
    ways: list[tuple[tuple[str, ...], dict[str, str]]] = [(("--token", "a.b.c"), {}), ((), {"MAIL_OPS_TOKEN": "a.b.c"})]
    with answering_app(200, json.dumps(an_answer("x")).encode(), proof="authorization") as (url, got):
        for options, named in ways:
            CliRunner().invoke(program, [*command, *options], env={"MAIL_OPS_URL": url, **named})
    assert [line.count("Bearer a.b.c") for line in got] == [1, 1]


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_complaint_is_inert(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the app says when it says no."""
    complain(Refused({"detail": value, "fix": value}))
    assert set(capsys.readouterr().err) <= SEEN | FRAME

"""`python -m ops doctor`: what is asked, what is shown, and the exit code."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops.__main__ import program
from shared.openapi_examples import ANSWERS
from tests.fakes.answering_app import KEY, answering_app

FAULT: dict[str, Any] = ANSWERS["post", "/operator/doctor"]["a fault"]
SOUND: dict[str, Any] = {
    **FAULT,
    "verdict": "not-proven",
    "told": "authenticated, right to send not proven",
    "findings": [
        {**FAULT["findings"][0], "standing": "ok", "seen": "let in", "code": None, "cause": None, "fix": None},
    ],
}


def run(body: object, *arguments: str) -> tuple[Result, list[str]]:
    """The command against an app that answers this; and what the app got."""
    with answering_app(200, json.dumps(body).encode()) as (url, got):
        environment = {"MAIL_OPS_URL": url, "MAIL_OPS_KEY": KEY, "COLUMNS": "200"}
        return CliRunner().invoke(program, ["doctor", *arguments], env=environment), got


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ((), {"send": False}),
        (("--sender", "alerts"), {"send": False, "sender": "alerts"}),
        (("--send",), {"send": True}),
    ],
)
def test_the_question_goes_to_the_app(arguments: tuple[str, ...], asked: dict[str, object]) -> None:
    """With who asks, as a mail may be sent in their name."""
    _, got = run(SOUND, "--who", "Sam", *arguments)
    assert got[0].startswith("POST /api/operator/doctor ")
    assert json.loads(got[0].partition(f"{KEY} ")[2]) == {"who": "Sam", **asked}


def test_a_fault_is_shown_with_its_command_on_one_line() -> None:
    """So that it can be copied; exit code 1."""
    done, _ = run(FAULT)
    assert done.exit_code == 1
    assert "FAULT auth alerts@contoso.test: SMTP AUTH is switched off for the organisation\n" in done.output
    assert "  → Set-CASMailbox -Identity alerts@contoso.test -SmtpClientAuthenticationDisabled $false\n" in done.output
    assert "535 5.7.139" in done.output


def test_a_sound_app_is_shown_as_what_is_known() -> None:
    """Exit code 0, and no more promised than was proven."""
    done, _ = run(SOUND)
    assert done.exit_code == 0
    assert "right to send not proven" in done.output
    assert "→" not in done.output


@pytest.mark.parametrize(("body", "code"), [(FAULT, 1), (SOUND, 0)])
def test_programs_get_json(body: dict[str, Any], code: int) -> None:
    """The app's own, with the same exit code, and nothing else on standard output."""
    done, _ = run(body, "--json")
    assert json.loads(done.stdout) == body
    assert done.exit_code == code


def test_what_comes_from_the_app_is_inert() -> None:
    """No markup and no escape code takes effect."""
    finding = {**FAULT["findings"][0], "cause": "[red]x\x1b[2J", "fix": "\u202eevil"}
    done, _ = run({**FAULT, "findings": [finding]})
    assert "[red]x\\x1b[2J" in done.output
    assert "\\u202eevil" in done.output


def test_a_command_that_cures_several_stands_there_once() -> None:
    """Each fault is still named."""
    one = FAULT["findings"][0]
    done, _ = run({**FAULT, "findings": [one, {**one, "subject": "reports@contoso.test"}]})
    assert done.output.count("FAULT auth") == 2
    assert done.output.count("→") == 1

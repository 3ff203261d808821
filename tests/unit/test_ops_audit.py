"""`python -m ops audit` and `audits`: the file that is sent, what is shown, and the exit code."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops.__main__ import program
from shared.openapi_audit import AUDIT, EXPORT
from tests.fakes.answering_app import KEY, answering_app

MINIMAL: dict[str, Any] = {**AUDIT, "verdict": "minimal", "findings": [], "added": [], "removed": [], "decoy": None}


def run(body: object, *arguments: str) -> tuple[Result, list[str]]:
    """The command against an app that answers this; and what the app got."""
    with answering_app(200, json.dumps(body).encode()) as (url, got):
        environment = {"MAIL_OPS_URL": url, "MAIL_OPS_KEY": KEY, "COLUMNS": "200"}
        return CliRunner().invoke(program, list(arguments), env=environment), got


def test_the_export_is_sent_as_it_stands_in_the_file(tmp_path: Path) -> None:
    """Also with the byte order mark that PowerShell may write; who and why go with it."""
    path = tmp_path / "grants.json"
    path.write_text(json.dumps(EXPORT), "utf-8-sig")
    _, got = run(MINIMAL, "audit", "--grants", str(path), "--who", "Sam")
    assert got[0].startswith("POST /api/operator/audit ")
    assert json.loads(got[0].partition(f"{KEY} ")[2]) == {"who": "Sam", "why": "by hand", "grants": EXPORT}


@pytest.mark.parametrize("content", [None, b"no json", b"\xff\xfe{\x00}\x00"])
def test_a_file_that_cannot_be_an_export_is_not_sent(tmp_path: Path, content: bytes | None) -> None:
    """Exit code 2: the app was not asked."""
    path = tmp_path / "grants.json"
    if content is not None:
        path.write_bytes(content)
    done, got = run(MINIMAL, "audit", "--grants", str(path))
    assert (done.exit_code, got) == (2, [])
    assert "--grants" in done.output


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"verdict": "unknown"}, 0),
        ({"verdict": "excess"}, 1),
        ({"added": ["graph: Mail.Read"]}, 1),
        ({"removed": ["graph: Mail.Read"]}, 1),
        ({"decoy": "accepted"}, 1),
        ({"decoy": "refused"}, 0),
        ({"decoy": "inconclusive"}, 0),
    ],
)
def test_the_exit_code_says_whether_somebody_should_act(changes: dict[str, object], code: int) -> None:
    """Excess, drift or an accepted decoy; the same with JSON, and in the list for the newest one."""
    body = {**MINIMAL, **changes}
    assert run(body, "audit")[0].exit_code == code
    printed = run(body, "audit", "--json")[0]
    assert (printed.exit_code, json.loads(printed.output)) == (code, body)
    assert run({"audits": [body, AUDIT]}, "audits")[0].exit_code == code


def test_each_finding_is_shown_with_its_command_on_a_line_of_its_own() -> None:
    """So that it can be copied whole; what changed and the verdict follow."""
    done, _ = run(AUDIT, "audit")
    (finding,) = AUDIT["findings"]
    assert f"  → {finding['command']}\n" in done.output
    assert "granted since the last audit: rbac: Application SMTP.SendAsApp for every mailbox" in done.output
    assert "excess: the identity may do more than sending needs" in done.output


def test_what_comes_from_an_export_is_shown_inert() -> None:
    """No markup and no escape code of a name takes effect."""
    done, _ = run({**MINIMAL, "added": ["mailboxes: [red]\x1b[2J\u202e"]}, "audit")
    assert "mailboxes: [red]\\x1b[2J\\u202e" in done.output


def test_the_list_shows_when_what_and_who() -> None:
    """The newest first; before the first audit it says so."""
    done, got = run({"audits": [AUDIT]}, "audits")
    assert got[0].startswith("GET /api/operator/audit ")
    assert all(word in done.output for word in ("excess", "rbac-unscoped", "refused", "Sam"))
    assert "no audit yet" in run({"audits": []}, "audits")[0].output

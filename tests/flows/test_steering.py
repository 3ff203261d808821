"""People at work: a caller cancels over HTTP, an operator uses `python -m ops` as a process of its own."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.flows.client import Client, reasons
from tests.flows.processes import Cloud

OPS_SECONDS = 60.0
"""For one command on a busy machine."""


def ops(cloud: Cloud, *arguments: str, key: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the operator's command line against the cloud's first host."""
    settings = {
        "MAIL_OPS_URL": cloud.line["functions"][0],
        "MAIL_OPS_KEY": key or cloud.line["master_key"],
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "ops", *arguments]
    environment = {**os.environ, **settings}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=OPS_SECONDS)  # noqa: S603 - our own


def delete(client: Client, mail: str) -> httpx.Response:
    """`DELETE /api/messages/{id}` as the caller."""
    address = f"{client.cloud.line['functions'][0]}/api/messages/{mail}"
    return httpx.delete(address, headers=client.key, timeout=30.0, trust_env=False)


def test_a_mail_for_next_month_is_cancelled_by_its_caller(client: Client) -> None:
    """200 and the mail's status; a second time as well."""
    at, end = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (30, 31))
    mail = client.submit(to=["cancelled@contoso.test"], send_at=at, expires_at=end)
    for _ in range(2):
        answer = delete(client, mail)
        assert answer.status_code == 200
        assert answer.json()["state"] == "cancelled"
    assert client.mails(to="cancelled@contoso.test") == []


def test_a_sent_mail_cannot_be_cancelled(client: Client) -> None:
    """409, and the reason in words."""
    mail = client.settled(client.submit())["id"]
    answer = delete(client, mail)
    assert answer.status_code == 409
    assert "the mail is sent" in answer.json()["detail"]


def test_nobody_cancels_a_mail_that_is_not_there(client: Client) -> None:
    """404, as for somebody else's."""
    assert delete(client, "f" * 32).status_code == 404


def test_an_operator_sees_why_and_puts_a_rejected_mail_back(client: Client, cloud: Cloud, fresh_sender: str) -> None:
    """`show` says where it came from, why it was refused and what to do; `redrive` sends it again under its id."""
    mail = client.submit(sender=fresh_sender, to=["scenario+corrupt-content@contoso.test"])
    assert client.settled(mail)["state"] == "rejected"
    shown = ops(cloud, "show", mail)
    assert shown.returncode == 0
    assert "Exchange cannot read the mail's content" in shown.stdout
    assert "function-key (http)" in shown.stdout
    assert ops(cloud, "redrive", mail, "--why", "try again", "--who", "ann").returncode == 0
    assert "put back by ann: try again" in reasons(client.reason(mail, "put back by ann: try again"))


def test_json_for_programs(client: Client, cloud: Cloud) -> None:
    """`--json` prints the same facts for programs."""
    mail = client.settled(client.submit())["id"]
    shown = json.loads(ops(cloud, "show", mail, "--json").stdout)
    assert (shown["id"], shown["state"], shown["provenance"]["door"]) == (mail, "sent", "http")
    assert ops(cloud, "health", "--json").returncode == 0
    assert isinstance(json.loads(ops(cloud, "list", "--json").stdout)["messages"], list)


@pytest.mark.parametrize(
    "command", [["show", "f" * 32], ["redrive", "f" * 32, "--why", "x"], ["cancel", "f" * 32, "--why", "x"]]
)
def test_a_mail_that_is_not_there_is_a_fault(cloud: Cloud, command: list[str]) -> None:
    """Exit code 1 and a sentence."""
    done = ops(cloud, *command)
    assert done.returncode == 1
    assert "no mail with this id" in done.stderr


def test_an_app_that_cannot_be_asked_is_exit_code_2(cloud: Cloud) -> None:
    """A wrong key is named, and is not taken for a fault of the app."""
    done = ops(cloud, "list", key="wrong")
    assert done.returncode == 2
    assert "master key" in done.stderr

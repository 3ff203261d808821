"""People at work: a caller cancels over HTTP, an operator uses `python -m ops` as a process of its own."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.flows.client import Client, reasons
from tests.flows.operating import answered, ops
from tests.flows.processes import Cloud


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
    shown = answered(ops(cloud, "show", mail, "--json"))
    assert shown["message_trace"].startswith(f"Get-MessageTraceV2 -MessageId '{shown['reply']['exchange_id']}' -StartDate (")
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


def test_an_operator_finds_the_mails_to_one_person(client: Client, cloud: Cloud, fresh_sender: str) -> None:
    """With what became of this person, whatever became of the others; no address stands in a URL."""
    mail = client.submit(sender=fresh_sender, to=["scenario+recipient-refused-5xx@contoso.test", "found@contoso.test"])
    client.settled(mail)
    (found,) = answered(ops(cloud, "find", "--to", "Found@contoso.test", "--json"))["messages"]
    assert (found["id"], found["addressed"]) == (mail, [{"n": 1, "state": "accepted", "code": 250, "enhanced": "2.0.0"}])
    shown = ops(cloud, "find", "--to", "found@contoso.test")
    assert mail in shown.stdout
    assert "accepted (number 1)" in shown.stdout
    assert ops(cloud, "find", "--to", "nobody-got-this@contoso.test").returncode == 1
    assert "found@contoso.test" not in client.log()


def test_many_mails_are_put_back_only_with_yes(client: Client, cloud: Cloud, fresh_sender: str) -> None:
    """Without it they are shown, and how to do it; what they have in common says which ones."""
    mails = [client.submit(sender=fresh_sender, to=["scenario+corrupt-content@contoso.test"]) for _ in range(2)]
    assert {client.settled(mail)["state"] for mail in mails} == {"rejected"}
    which = ("redrive", "--sender", fresh_sender, "--state", "rejected", "--why", "mended", "--who", "ann")
    assert {one["id"] for one in answered(ops(cloud, "list", *which[1:5], "--json"))["messages"]} == set(mails)
    dry = ops(cloud, *which)
    assert (dry.returncode, all(mail in dry.stdout for mail in mails), "--yes" in dry.stdout) == (0, True, True)
    assert not any("mended" in reason for mail in mails for reason in reasons(client.settled(mail)))
    done = answered(ops(cloud, *which, "--yes", "--json"))
    assert {one["id"] for one in done["messages"]} == set(mails)
    for mail in mails:
        client.reason(mail, "put back by ann: mended")


@pytest.mark.parametrize(
    "command",
    [
        ["redrive", "--why", "x"],
        ["redrive", "f" * 32, "--all", "--why", "x"],
        ["redrive", "--all", "--sender", "alerts", "--why", "x"],
        ["pause", "--why", "x"],
        ["pause", "--all", "--sender", "alerts", "--why", "x"],
        ["resume", "--caller", "a", "--mailbox", "b", "--why", "x"],
        ["pause", "--all"],
    ],
)
def test_a_command_that_does_not_say_what_is_not_carried_out(cloud: Cloud, command: list[str]) -> None:
    """Exit code 2, and what is missing."""
    done = ops(cloud, *command)
    assert done.returncode == 2
    assert "give" in done.stderr or "Missing option '--why'" in done.stderr


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["pause", "--sender", "nobody", "--why", "x"], "there is: alerts, reports"),
        (["pause", "--template", "nothing", "--why", "x"], "there is: alert, digest, event"),
        (["resume", "--caller", "producer:nobody", "--why", "x"], "producer:default"),
        (["pause", "--all", "--why", "x" * 41], "at most 40"),
        (["list", "--state", "lost"], "has to be one of"),
        (["redrive", "--state", "sent", "--why", "x"], "cannot be put back"),
        (["find", "--to", "nobody"], "not a mail address"),
    ],
)
def test_what_is_not_possible_is_a_fault_with_its_cure(cloud: Cloud, command: list[str], told: str) -> None:
    """Exit code 1, and nothing is changed."""
    done = ops(cloud, *command)
    assert done.returncode == 1
    assert told in done.stderr

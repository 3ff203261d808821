"""The doctor in a running app: what a person breaks in the local cloud is named there, with the command that cures it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from devcloud.directory import SYSTEM_ASSIGNED
from tests.flows.client import Client
from tests.flows.flow_config import mail_toml
from tests.flows.operating import Done, answered, ops
from tests.flows.processes import Cloud, HostProcess

ALERTS = "alerts@contoso.test"


@pytest.fixture
def tenant(cloud: Cloud) -> Iterator[httpx.Client]:
    """The make-believe tenant, whose state a test may change; afterwards it is as it was."""
    with httpx.Client(base_url=f"{cloud.inbox}/api/", trust_env=False) as inbox:
        before = inbox.get("faults").json()["access"]
        yield inbox
        inbox.put("faults", json={"access": before, "scenarios": []}).raise_for_status()
        inbox.put("storage/faults", json={"scenarios": []}).raise_for_status()


def faults(done: Done) -> dict[str, Any]:
    """The faults of an examination that found some, by code."""
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["findings"]
    return {one["code"]: one for one in found if one["standing"] == "fault"}


def test_a_mail_proves_it(client: Client, cloud: Cloud) -> None:
    """Every step is walked inside the app, and the mail of --send arrives in the sender's own mailbox."""
    report = answered(ops(cloud, "doctor", "--send", "--sender", "alerts", "--who", "Sam", "--json"))
    assert report["verdict"] == "proven"
    assert {one["standing"] for one in report["findings"] if one["step"] != "settings"} == {"ok"}
    mail = client.arrived(to=ALERTS)
    assert mail["mailbox"] == ALERTS
    assert client.opened(mail)["Subject"] == "keyless-mail doctor"


def test_a_switch_that_is_off_is_named_for_people(cloud: Cloud, tenant: httpx.Client) -> None:
    """The table, the cause, and the command on a line of its own."""
    tenant.put("faults", json={"access": {"smtp_auth": {"tenant": False}}}).raise_for_status()
    done = ops(cloud, "doctor", "--sender", "alerts")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert f"FAULT auth {ALERTS}: SMTP AUTH is switched off for the organisation" in lines
    assert f"  → Set-CASMailbox -Identity {ALERTS} -SmtpClientAuthenticationDisabled $false" in lines


def test_what_exchange_decides_after_data_is_named_by_the_mail(
    cloud: Cloud, tenant: httpx.Client, fresh_sender: str
) -> None:
    """The same words stand in the ledger, and the mail is not tried again."""
    tenant.put("faults", json={"access": {"rbac_scope": ["x@contoso.test"], "out_of_scope": "data"}}).raise_for_status()
    found = faults(ops(cloud, "doctor", "--send", "--sender", fresh_sender, "--json"))
    assert set(found) == {"submission-out-of-scope"}
    fault = found["submission-out-of-scope"]
    assert f"grant-rbac.ps1 -Identity {SYSTEM_ASSIGNED.client_id} -Mailbox {fresh_sender}@contoso.test" in fault["fix"]
    shown = json.loads(ops(cloud, "show", fault["seen"].removeprefix("mail "), "--json").stdout)
    assert shown["state"] == "cancelled"
    assert shown["reason"]["text"] == fault["cause"]
    assert "<client id>" in shown["reason"]["fix"]


@pytest.mark.parametrize(
    ("scenario", "code", "cure"),
    [
        ("send-as-denied", "send-as-denied", "Add-RecipientPermission {box} -Trustee {box}"),
        ("mailbox-full", "mailbox-full", "Set-Mailbox -Identity {box}"),
        ("lockout-send-as-denied", "locked-out-send-as", "wait"),
        ("mailbox-logon-failure", "submission-out-of-scope", "grant-rbac.ps1"),
    ],
)
def test_a_refusal_after_data_is_named_by_the_mail(
    client: Client, tenant: httpx.Client, fresh_sender: str, scenario: str, code: str, cure: str
) -> None:
    """Without --send all is well up to there; with it the ledger's reason is told, and what it stopped stays told."""
    box = f"{fresh_sender}@contoso.test"
    tenant.put("faults", json={"scenarios": [{"name": scenario, "match": {"mailbox": box}}]}).raise_for_status()

    def found(*, send: bool) -> list[dict[str, Any]]:
        asked = {"who": "Sam", "sender": fresh_sender, "send": send}
        master = {"x-functions-key": client.cloud.line["master_key"]}
        report = client.post("operator/doctor", asked, key=False, headers=master).raise_for_status().json()
        return [one for one in report["findings"] if one["standing"] == "fault"]

    assert found(send=False) == []
    (fault,) = found(send=True)
    assert (fault["step"], fault["code"]) == ("send", code)
    assert cure.format(box=box) in fault["fix"]


def test_a_missing_role_of_the_storage_account_is_named(cloud: Cloud, tenant: httpx.Client, fresh_sender: str) -> None:
    """For the one thing that the app may not do."""
    missing = {"name": "status", "status": 403, "code": "AuthorizationPermissionMismatch"}
    missing |= {"match": {"operation": "queue.put-message", "resource": "doctor"}}
    tenant.put("storage/faults", json={"scenarios": [missing]}).raise_for_status()
    found = faults(ops(cloud, "doctor", "--sender", fresh_sender, "--json"))
    assert set(found) == {"storage-role-missing"}
    assert found["storage-role-missing"]["subject"] == "queue doctor: put, take, remove"
    assert "--role 'Storage Queue Data Contributor'" in found["storage-role-missing"]["fix"]


def test_faulty_settings_are_the_first_step(cloud: Cloud, mail_environment: dict[str, str], tmp_path: Path) -> None:
    """The app cannot work at all, and still says why by the operator's route."""
    config = tmp_path / "mail.toml"
    config.write_text(mail_toml().replace('on_unknown = "resend"', 'on_unknown = "maybe"'))
    host = HostProcess("faulty", cloud, {**mail_environment, "MAIL_CONFIG": str(config)}, tmp_path)
    try:
        done = ops(cloud, "doctor", "--json", host=host.wait_ready()[0])
    finally:
        host.stop()
    assert done.returncode == 1, done.stderr
    (found, *_) = json.loads(done.stdout)["findings"]
    assert (found["step"], found["standing"]) == ("settings", "fault")
    assert found["subject"].endswith("on_unknown")

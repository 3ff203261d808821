"""`python -m devcloud up`, as a process."""

import base64
import json
import os
import select
import signal
import smtplib
import ssl
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueServiceClient

ROOT = Path(__file__).parents[3]
KEYS = ["functions", "function_key", "master_key", "storage", "smtp", "identity", "inbox", "settings", "pids"]
SETTINGS = {
    "AzureWebJobsStorage",
    "DEMO_WEBHOOK_SECRET",
    "DEVCLOUD_FUNCTION_KEY",
    "DEVCLOUD_MASTER_KEY",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "MAIL_AUTHORITY",
    "MAIL_CA_FILE",
    "MAIL_CONFIG",
    "MAIL_SMTP_HOST",
    "MAIL_SMTP_PORT",
    "MAIL_TENANT_ID",
    "MAIL_TICK",
    "MAIL_TOKEN_SCOPE",
    "MailStorage",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_SERVICE_NAME",
    "PATH",
}
BOUND = 60  # seconds until a process that should be gone is called a failure


@contextmanager
def up(folder: Path, *arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A running local cloud with its data below `folder`, and the line that it printed."""
    command = [sys.executable, "-m", "devcloud", "up", *arguments]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAIL_")}
    settings = {**inherited, "TMPDIR": str(folder), **environment}
    with subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(BOUND)


def run_to_the_end(arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """An `up` that is expected to end by itself."""
    command = [sys.executable, "-m", "devcloud", "up", *arguments]
    return subprocess.run(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=BOUND, check=False
    )


def all_gone(pids: Mapping[str, int], end: signal.Signals, process: subprocess.Popen[str]) -> bool:
    """Send a signal to `up`; whether it and all children then end."""
    waiting = {os.pidfd_open(pid) for pid in pids.values()}
    try:
        process.send_signal(end)
        process.wait(BOUND)
        return all(select.select([descriptor], [], [], BOUND)[0] for descriptor in waiting)
    finally:
        for descriptor in waiting:
            os.close(descriptor)


def test_the_line_says_everything_and_it_is_true(tmp_path: Path) -> None:
    """Without hosts: the line has exactly its keys, each address answers, and SIGTERM leaves neither process nor file."""
    with up(tmp_path, "--no-host", "--messages-per-minute", "7", "--connections", "2") as (process, line):
        assert list(line) == KEYS
        assert (line["functions"], set(line["pids"])) == ([], {"azurite", "cloud"})
        settings = line["settings"]
        assert set(settings) >= SETTINGS
        assert line["storage"] == settings["MailStorage"]
        assert settings["MAIL_AUTHORITY"].endswith(settings["MAIL_TENANT_ID"])
        check_storage(line["storage"], "outbox")
        check_mail(line["smtp"], token_of(line["identity"]))
        check_inbox(line["inbox"])
        check_sender(Path(settings["MAIL_CONFIG"]))
        assert Path(line["smtp"]["ca_file"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
        assert all_gone(line["pids"], signal.SIGTERM, process)
        assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def check_storage(connection: str, *queues: str) -> None:
    """The connection string opens the mail's storage, in which the producers have their queues and nothing else is."""
    with QueueServiceClient.from_connection_string(connection) as client:
        assert [queue.name for queue in client.list_queues()] == list(queues)
        client.get_queue_client(queues[0]).send_message("x")


def token_of(identity: Mapping[str, str]) -> str:
    """The endpoint gives a token to who knows the header."""
    question = {"api-version": "2019-08-01", "resource": "https://outlook.office365.com"}
    headers = {"X-IDENTITY-HEADER": identity["header"]}
    answer = httpx.get(identity["endpoint"], params=question, headers=headers, trust_env=False)
    token: str = answer.json()["access_token"]
    return token


def check_mail(smtp: Mapping[str, Any], token: str) -> None:
    """With that token, and TLS that trusts the run's authority, the simulator takes a mail."""
    login = base64.b64encode(f"user=alerts@contoso.test\x01auth=Bearer {token}\x01\x01".encode()).decode()
    with smtplib.SMTP(smtp["host"], smtp["port"], local_hostname="client.contoso.test", timeout=BOUND) as client:
        client.starttls(context=ssl.create_default_context(cafile=smtp["ca_file"]))
        client.ehlo()
        assert client.docmd("AUTH", f"XOAUTH2 {login}")[0] == 235
        assert (
            client.sendmail("alerts@contoso.test", ["bob@contoso.test"], "From: alerts@contoso.test\r\n\r\nHello\r\n") == {}
        )


def check_inbox(inbox: str) -> None:
    """The inbox's API, the simulator's limits, and the two APIs of the emulators answer at one address."""
    with httpx.Client(base_url=inbox, trust_env=False) as client:
        assert [mail["mailbox"] for mail in client.get("/api/messages").json()["messages"]] == ["alerts@contoso.test"]
        limits = client.get("/api/faults").json()["limits"]
        assert (limits["messages_per_minute"], limits["connections"]) == (7, 2)
        assert client.get("/api/identity/stats").json()["issued"] == 1
        told = client.get("/api/grants").json()["exchange"]["mailboxes"]
        assert [mailbox["address"] for mailbox in told] == ["alerts@contoso.test", "reports@contoso.test"]
        assert client.get("/api/storage/operations").json()["resources"]["outbox"] == {"queue.put-message": 1}
        armed = {"scenarios": [{"name": "status", "status": 503, "count": 1}]}
        assert client.put("/api/storage/faults", json=armed).json()["scenarios"][0]["fired"] == 0
        assert client.put("/api/identity/faults", json={"rolls": []}).status_code == 422
        assert client.put("/api/identity/faults", json=armed).status_code == 200


def check_sender(config: Path) -> None:
    """The written `mail.toml` has the limits of the run."""
    sender = tomllib.loads(config.read_text())["senders"]["alerts"]
    assert (sender["messages_per_minute"], sender["connections"]) == (7, 2)


def test_a_killed_run_leaves_no_child_and_the_next_one_its_place(tmp_path: Path) -> None:
    """SIGKILL takes the children along; the folder that nobody could remove goes when the next run starts."""
    with up(tmp_path, "--no-host") as (process, line):
        assert all_gone(line["pids"], signal.SIGKILL, process)
    [left] = tmp_path.iterdir()
    with up(tmp_path, "--no-host") as (process, line):
        assert not left.exists()
        assert len(list(tmp_path.iterdir())) == 1
        assert all_gone(line["pids"], signal.SIGINT, process)
    assert list(tmp_path.iterdir()) == []


def test_what_the_caller_set_wins(tmp_path: Path) -> None:
    """`MAIL_…`, `MailStorage…` and the secrets that the caller's own `mail.toml` names pass through; nothing else does."""
    config = tmp_path / "own.toml"
    config.write_text('[producers.shop]\nqueue = "orders"\n[webhooks.shop]\nsecrets = ["SHOP_SECRET"]\n')
    given = {
        "MAIL_CONFIG": str(config),
        "MAIL_TICK": "0 0 1 1 *",
        "MailStorage__accountName": "contoso",
        "SHOP_SECRET": "whsec_x",
        "OTHER_SECRET": "y",
        "HTTPS_PROXY": "http://127.0.0.1:1",
    }
    with up(tmp_path, "--no-host", **given) as (_process, line):
        settings = line["settings"]
        passed = {name for name, value in given.items() if settings.get(name) == value}
        assert passed == set(given) - {"OTHER_SECRET", "HTTPS_PROXY"}
        assert not {"OTHER_SECRET", "HTTPS_PROXY", "MailStorage"} & set(settings)
        check_storage(line["storage"], "orders")


def test_a_failed_start_is_one_sentence(tmp_path: Path) -> None:
    """When Azurite cannot start, the command says so in one line, exits with 1 and leaves nothing behind."""
    node = tmp_path / "bin" / "node"
    node.parent.mkdir()
    node.write_text('#!/bin/sh\n[ "$1" = -p ] && echo "v20.0.0 $0" && exit\necho out of luck >&2\nexit 3\n')
    node.chmod(node.stat().st_mode | stat.S_IXUSR)
    folder = tmp_path / "data"
    folder.mkdir()
    environment = {**os.environ, "PATH": str(node.parent), "TMPDIR": str(folder)}
    ended = run_to_the_end(["--no-host"], environment)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "devcloud: azurite ended with code 3 before it was ready: out of luck\n"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--instances", "0"], ["--lease-seconds", "-1"], ["--seed", "x"], ["--hosts", "2"]])
def test_a_wrong_command_line_is_refused(arguments: list[str]) -> None:
    """An option that does not exist, or a value out of range, ends with the usage and code 2 before anything starts."""
    ended = run_to_the_end(arguments, os.environ)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert arguments[0] in ended.stderr

"""The probes for a real tenant, run as an operator runs them, against the simulator: what they find is what it does."""

import base64
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.exchange.recording import ABOUT
from tests.flows.client import Client, Json
from tests.flows.processes import Cloud

MAILBOX = "probe@contoso.test"
OUTSIDE = "outside@contoso.test"

PROBE_SECONDS = 60.0
"""For one run on a busy machine; the quick probes take two seconds."""

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def run(cloud: Cloud, tmp_path: Path) -> Run:
    """Run the program as a process with the app's identity, against the cloud's server; the record is `record.json`."""

    def start(*arguments: str) -> Done:
        settings, smtp = cloud.settings, cloud.line["smtp"]
        names = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")
        server = ["--host", smtp["host"], "--port", str(smtp["port"]), "--ca-file", smtp["ca_file"]]
        command = [
            *(sys.executable, "-m", "infra.exchange.real_tenant", *arguments, *server),
            *("--scope", settings["MAIL_TOKEN_SCOPE"], "--mailbox", MAILBOX, "--record", str(tmp_path / "record.json")),
        ]
        environment = {**os.environ, **{name: settings[name] for name in names}}
        return subprocess.run(  # noqa: S603 - our own command, no shell
            command, env=environment, capture_output=True, text=True, check=False, timeout=PROBE_SECONDS
        )

    return start


def findings(done: Done) -> dict[str, Json]:
    """What a run with `--json` found, by probe."""
    return {finding["probe"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_the_quick_probes_find_what_the_simulator_does(run: Run, client: Client) -> None:
    """A login, a kept Message-ID, no wall at 31 mails, idle sessions that do not count, and the three refusals."""
    before = len(client.mails(to=MAILBOX))
    done = run("login", "send", "connections", "size", "recipients", "unknown", "rate", "--json")
    assert done.returncode == 0, done.stderr
    found = {name: finding["finding"] for name, finding in findings(done).items()}
    assert found["login"] == "accepted: 235 to AUTH"
    assert found["send"] == "accepted; Message-ID kept"
    assert "idle ones do not count" in found["connections"]
    assert "552 5.3.4" in found["size"]
    assert "after DATA: 550 5.5.3" in found["recipients"]
    assert found["unknown"].startswith("RCPT of an unknown recipient: 250")
    assert found["rate"].startswith("35 of 35 accepted, last code 250")
    mails = client.mails(to=MAILBOX)[before:]
    assert len(mails) == 1 + 1 + 35
    assert {(mail["from"], *mail["to"]) for mail in mails} == {(MAILBOX, MAILBOX)}


def test_the_record_holds_every_reply_and_no_token(run: Run, tmp_path: Path) -> None:
    """Word for word, with its time; neither the token nor the line in which it was said; for the owner's eyes only."""
    done = run("login")
    assert done.returncode == 0, done.stderr
    path = tmp_path / "record.json"
    text = path.read_text()
    document: dict[str, Any] = json.loads(text)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert document["about"] == ABOUT
    assert document["token_says"]["audience"] == "https://outlook.office365.com"
    steps = document["findings"][0]["steps"]
    assert [step["code"] for step in steps] == [220, 250, 220, 250, 0, 334, 235, 250]
    assert "Microsoft ESMTP MAIL Service ready" in steps[0]["text"]
    assert all(step["at"].endswith("Z") for step in steps)
    for secret in ("eyJ", base64.b64encode(b"user=").decode()[:6], "Bearer"):
        assert secret not in text + done.stdout + done.stderr


def test_a_refused_login_is_an_answer(run: Run, exchange: Client) -> None:
    """What Exchange says to the app's own token is what probe `login` asks."""
    exchange.faults({"name": "authentication-unsuccessful", "match": {"mailbox": MAILBOX}})
    done = run("login", "send", "--json")
    found = findings(done)
    assert found["login"]["answered"]
    assert found["login"]["finding"].startswith("refused: 535 to AUTH: 5.7.3 Authentication unsuccessful")
    assert not found["send"]["answered"]
    assert done.returncode == 1


def test_a_mailbox_outside_is_refused_or_an_alarm(run: Run, exchange: Client, tmp_path: Path) -> None:
    """At AUTH where the server refuses there; and where it takes the mail, the finding cannot be overlooked."""
    exchange.faults({"name": "authentication-unsuccessful", "match": {"mailbox": OUTSIDE}})
    refused = findings(run("scope", "--outside", OUTSIDE, "--json"))["scope"]
    assert refused["finding"].startswith("refused before any mail: 535 to AUTH")
    exchange.faults()
    (tmp_path / "record.json").unlink()
    taken = findings(run("scope", "--outside", OUTSIDE, "--json"))["scope"]
    assert taken["finding"] == f"ALARM: accepted, the app can send as {OUTSIDE}"


def test_a_server_that_cannot_be_trusted_gets_no_token(run: Run, exchange: Client) -> None:
    """A certificate by an unknown authority ends the probe before AUTH, and it has no answer."""
    exchange.faults({"name": "certificate-untrusted"})
    done = run("login", "--json")
    login = findings(done)["login"]
    assert (done.returncode, login["answered"]) == (1, False)
    assert "SSLCertVerificationError" in login["finding"]
    assert [step["said"] for step in login["steps"]][-1] == "STARTTLS"


def test_a_dry_run_asks_nobody(run: Run, client: Client, tmp_path: Path) -> None:
    """It says what each probe would send and to whom, and neither fetches a token nor connects nor writes a file."""
    opened, issued = client.stats()["connections_opened"], client.identity_stats()["issued"]
    done = run("rate", "idle", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"at most 35 mails, all to {MAILBOX} itself" in done.stdout
    assert client.stats()["connections_opened"] == opened
    assert client.identity_stats()["issued"] == issued
    assert not (tmp_path / "record.json").exists()

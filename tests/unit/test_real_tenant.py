"""The command line of the probes: what it refuses before it asks anybody, what it says, and what it writes down."""

from pathlib import Path

import pytest

from infra.exchange.letters import letter, message_id_in
from infra.exchange.plan import PLANS
from infra.exchange.probes import EVERY
from infra.exchange.real_tenant import read, way_of
from infra.exchange.recording import Finding, Recording
from infra.exchange.wire import HIDDEN, Record

MAILBOX = ("--mailbox", "alerts@contoso.test")
EXCHANGE_SCOPE = "https://outlook.office365.com/.default"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["login", *MAILBOX, "--host", "localhost"], "--scope"),
        (["login", *MAILBOX, "--port", "25"], "--host"),
        (["login", *MAILBOX, "--ca-file", "ca.pem"], "--host"),
        (["login", *MAILBOX, "--scope", "https://relay.test/.default"], "--host"),
        (["login", *MAILBOX, "--host", "relay.test", "--scope", EXCHANGE_SCOPE], "--host"),
        (["login", *MAILBOX, "--app", "a", "--tenant", "t"], "--identity"),
        (["scope", *MAILBOX], "--outside"),
        (["scope", *MAILBOX, "--outside", "ALERTS@contoso.test"], "--outside"),
        (["idle", *MAILBOX, "--minutes", "0"], "--minutes"),
        (["idle", *MAILBOX, "--minutes", "nan"], "--minutes"),
        (["login", "--mailbox", "alerts@contoso.test>\r\nDATA"], "--mailbox"),
        (["login", "--mailbox", "alerts"], "--mailbox"),
        (["scope", *MAILBOX, "--outside", "a b@contoso.test"], "--outside"),
        (["everything", *MAILBOX], "PROBE"),
        ([*MAILBOX], "PROBE"),
    ],
)
def test_what_does_not_fit_together_is_refused(arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With exit code 2 and the option to look at, and without a token: least of all for a stranger's host."""
    with pytest.raises(SystemExit) as ended:
        read(arguments)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err.rpartition("error:")[2]


def test_a_cloud_gives_server_and_scope() -> None:
    """Without a simulator nothing of both can be chosen."""
    way = way_of(read(["login", *MAILBOX, "--cloud", "gcc-high"]))
    assert (way.name, way.scope) == ("managed-identity", "https://outlook.office365.us/.default")


def test_an_app_registration_has_the_audience_of_its_cloud() -> None:
    """The identity's token is for the exchange, the app's for mail."""
    asked = read(["login", *MAILBOX, "--app", "a", "--tenant", "t", "--identity", "i", "--cloud", "china"])
    way = way_of(asked)
    assert (way.name, way.audience) == ("federated", "api://AzureADTokenExchangeChina")


def test_every_probe_has_its_price() -> None:
    """Nothing runs of which it was not said what it sends."""
    assert set(PLANS) == set(EVERY)


def test_a_price_names_the_only_addressee() -> None:
    """A person reads to whom mail goes, and how much at most."""
    assert "at most 35 mails, all to a@contoso.test itself" in PLANS["rate"].told("a@contoso.test", 30.0)
    assert "up to 30 minutes" in PLANS["idle"].told("a@contoso.test", 30.0)


def test_a_record_strikes_the_token_out() -> None:
    """Also where the server repeats it."""
    record = Record(secrets=["secret-token"])
    record.note(1, "AUTH secret-token", 535, "5.7.3 what is secret-token?")
    assert [(step["said"], step["text"]) for step in record.steps] == [(f"AUTH {HIDDEN}", f"5.7.3 what is {HIDDEN}?")]


def test_a_record_is_never_written_over(tmp_path: Path) -> None:
    """An older one may be evidence."""
    path = tmp_path / "record.json"
    path.write_text("older")
    with pytest.raises(FileExistsError):
        Recording(path, {})
    assert path.read_text() == "older"


def test_a_finding_is_on_disk_at_once(tmp_path: Path) -> None:
    """The next probe may take an hour, and die."""
    path = tmp_path / "record.json"
    finding = Finding(probe="login", question="?", began_at="", ended_at="", answered=True, finding="accepted", steps=[])
    Recording(path, {}).add(finding)
    assert '"accepted"' in path.read_text()


def test_a_letter_is_as_large_as_asked_and_safe_after_data() -> None:
    """Its lines end in CRLF and none begins with a dot, which would end it early."""
    message, own = letter("a@contoso.test", "big", octets=10_000)
    lines = message.split(b"\r\n")
    assert len(message) >= 10_000
    assert not [line for line in lines if line.startswith(b".") or b"\n" in line or b"\r" in line]
    assert f"Message-ID: {own}".encode() in lines
    assert max(map(len, lines)) <= 78


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("2.0.0 OK <a@b.test> [Hostname=X.PROD.OUTLOOK.COM]", "<a@b.test>"),
        ("2.0.0 OK [Hostname=X]", None),
    ],
)
def test_the_reply_names_a_message_id(reply: str, found: str | None) -> None:
    """Or does not."""
    assert message_id_in(reply) == found

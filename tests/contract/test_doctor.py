"""The doctor names each fault as what it is, with the one command that cures it; none by another one's name."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devcloud.directory import SYSTEM_ASSIGNED
from devcloud.tokens import SigningKeys
from shared.rules.endpoints import Endpoint
from shared.rules.strict import Refused
from tests.contract.doctor_rig import Clinic, clinic

ALERTS, REPORTS = "alerts@contoso.test", "reports@contoso.test"
STEPS = ["settings", "storage", "dns", "tcp", "starttls", "ehlo", "token", "auth", "mail-from", "stops"]
ANOTHER = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def signing() -> SigningKeys:
    """Making keys takes long."""
    return SigningKeys()


@pytest.fixture
async def app(signing: SigningKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clinic]:
    """A tenant in which all is well."""
    async with clinic(signing, tmp_path, monkeypatch) as app:
        yield app


async def test_a_sound_app_walks_every_step(app: Clinic) -> None:
    """In the order in which a mail meets them; what Exchange decides after DATA stays open."""
    report = await app.examine()
    assert list(dict.fromkeys(one["step"] for one in report["findings"])) == STEPS
    assert {one["standing"] for one in report["findings"]} == {"ok"}
    assert report["verdict"] == "not-proven"
    assert "right to send not proven" in report["told"]
    assert app.exchange.newest(10) == []


async def test_what_was_seen_is_told(app: Clinic) -> None:
    """TLS version and certificate, what the server offers, and what the token says; never the token."""
    found = {one["step"]: one for one in (await app.examine())["findings"]}
    assert "TLSv1.3" in found["starttls"]["seen"]
    assert "localhost" in found["starttls"]["seen"]
    assert "AUTH" in found["ehlo"]["seen"]
    said = found["token"]["seen"]
    assert SYSTEM_ASSIGNED.client_id in said
    assert "https://outlook.office365.com" in said
    assert "eyJ" not in said


async def test_one_sender_can_be_asked_about(app: Clinic) -> None:
    """Only its mailboxes are tried; a name that nobody has is refused."""
    report = await app.examine(sender="reports")
    assert {one["subject"] for one in report["findings"] if one["step"] == "auth"} == {REPORTS}
    with pytest.raises(Refused, match="alerts, reports"):
        await app.examine(sender="nobody")


def wrong_audience(app: Clinic) -> None:
    """The scope leads to another resource."""
    app.identity(audience="https://management.azure.com")


def graph_token(app: Clinic) -> None:
    """The scope leads to Microsoft Graph."""
    app.identity(audience="https://graph.microsoft.com")


def no_role(app: Clinic) -> None:
    """Model A without its role."""
    app.claim()
    app.access(models=["claim"])


def no_role_yet(app: Clinic) -> None:
    """Model A, and a token that was issued two hours ago."""
    no_role(app)
    now = app.tenant.directory.clock()
    app.identity(claims={"iat": int(now - 7200), "nbf": int(now - 7200)})


def graph_permission(app: Clinic) -> None:
    """Model A, with Graph's Mail.Send instead."""
    no_role(app)
    app.identity(roles_for={"https://graph.microsoft.com": ["Mail.Send"]})


def not_covered(app: Clinic) -> None:
    """One of two mailboxes is outside the scope."""
    app.access(rbac_scope=[REPORTS])


def unknown_to_exchange(app: Clinic) -> None:
    """Without an export nobody can tell why all mailboxes are refused."""
    app.access(appids=[ANOTHER])


def off_for_tenant(app: Clinic) -> None:
    """The organisation's switch."""
    app.access(smtp_auth={"tenant": False, "mailboxes": {}})


def off_for_mailbox(app: Clinic) -> None:
    """The mailbox's own switch."""
    app.access(smtp_auth={"tenant": True, "mailboxes": {ALERTS: False}})


def mixed(app: Clinic) -> None:
    """Model B in mail.toml, Model A's role in the token."""
    app.identity(roles=["SMTP.SendAsApp"])


def ends_soon(app: Clinic) -> None:
    """Two minutes of life."""
    app.identity(lifetime_seconds=120.0)


def untrusted(app: Clinic) -> None:
    """A proxy that breaks TLS open shows a certificate of its own."""
    app.misbehave("certificate-untrusted")


def other_host(app: Clinic) -> None:
    """Another server answers."""
    app.misbehave("certificate-wrong-host")


def expired(app: Clinic) -> None:
    """An old certificate."""
    app.misbehave("certificate-expired")


def no_starttls(app: Clinic) -> None:
    """Something strips STARTTLS."""
    app.misbehave("no-starttls")


def no_xoauth2(app: Clinic) -> None:
    """No server of Microsoft's."""
    app.misbehave("no-xoauth2")


def blocked(app: Clinic) -> None:
    """A port at which nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        app.server = Endpoint("127.0.0.1", free.getsockname()[1])


def no_such_name(app: Clinic) -> None:
    """A name that leads nowhere."""
    app.server = Endpoint("no-such-host.invalid", 587)


def ambiguous(app: Clinic) -> None:
    """Several user-assigned identities, and none was chosen."""
    app.identity(ambiguous=True)


def wrong_identity(app: Clinic) -> None:
    """AZURE_CLIENT_ID names an identity that the app does not have."""
    app.identity(client_ids=[])
    app.client_id = ANOTHER


def endpoint_down(app: Clinic) -> None:
    """The identity endpoint fails."""
    app.tenant.fail("status", status=500)


FAULTS = [
    (wrong_audience, "token-audience-wrong", "token", "[cloud] name"),
    (graph_token, "token-for-graph", "token", "[cloud] name"),
    (no_role, "role-missing", "token", f"grant-claim.ps1 -Identity {SYSTEM_ASSIGNED.client_id}"),
    (no_role_yet, "role-not-in-token-yet", "token", SYSTEM_ASSIGNED.object_id),
    (graph_permission, "permission-of-another-kind", "token", "grant-claim.ps1"),
    (not_covered, "mailbox-not-covered", "auth", f"-Resource {ALERTS}"),
    (unknown_to_exchange, "login-refused", "auth", f"export-grants.ps1 -Identity {SYSTEM_ASSIGNED.client_id}"),
    (off_for_tenant, "smtp-auth-off", "auth", f"Set-CASMailbox -Identity {ALERTS} -SmtpClientAuthenticationDisabled $false"),
    (off_for_mailbox, "smtp-auth-off-for-mailbox", "auth", f"Set-CASMailbox -Identity {ALERTS}"),
    (mixed, "models-mixed", "token", f"-ServicePrincipalId {SYSTEM_ASSIGNED.object_id}"),
    (ends_soon, "token-ends-soon", "token", "az functionapp restart --name contoso-mail --resource-group mail"),
    (untrusted, "certificate-not-trusted", "starttls", "openssl s_client -starttls smtp -connect localhost:"),
    (other_host, "certificate-of-another-host", "starttls", "nslookup localhost"),
    (expired, "certificate-out-of-date", "starttls", "clock"),
    (no_starttls, "starttls-not-offered", "starttls", "[cloud]"),
    (no_xoauth2, "xoauth2-not-offered", "ehlo", "[cloud]"),
    (blocked, "server-unreachable", "tcp", "az network nsg rule create --resource-group mail"),
    (no_such_name, "server-name-not-found", "dns", "nslookup no-such-host.invalid"),
    (ambiguous, "identity-ambiguous", "token", "--name contoso-mail --resource-group mail --settings AZURE_CLIENT_ID="),
    (wrong_identity, "identity-refused", "token", "az functionapp identity show"),
    (endpoint_down, "identity-down", "token", ""),
]


@pytest.mark.parametrize(("breaks", "code", "step", "cure"), FAULTS, ids=[code for _, code, *_ in FAULTS])
async def test_a_fault_is_named_and_only_that_one(app: Clinic, breaks: Any, code: str, step: str, cure: str) -> None:  # noqa: ANN401 - a function of the table above
    """By the step at which it shows, with this deployment's ids in the command."""
    breaks(app)
    found = await app.faults()
    assert set(found) == {code}
    assert found[code]["step"] == step
    assert cure in found[code]["fix"]
    assert found[code]["cause"]


async def test_a_machine_without_an_identity_is_told_so(app: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not on Azure, or the app's identity was never switched on."""
    monkeypatch.delenv("IDENTITY_ENDPOINT")
    monkeypatch.delenv("IDENTITY_HEADER")
    found = await app.faults()
    assert set(found) == {"identity-endpoint-missing"}
    assert (
        "az functionapp identity assign --name contoso-mail --resource-group mail"
        in found["identity-endpoint-missing"]["fix"]
    )


async def test_what_was_not_tried_is_said(app: Clinic) -> None:
    """Behind a closed port there is no login, and no mail."""
    blocked(app)
    report = await app.examine(send=True)
    behind = {one["step"]: one["standing"] for one in report["findings"] if one["step"] in {"auth", "send"}}
    assert behind == {"auth": "skipped", "send": "skipped"}
    assert report["verdict"] == "fault"


async def test_the_doctor_looks_at_a_fresh_token(app: Clinic) -> None:
    """One for all mailboxes; what the cache holds for mail is neither shown nor replaced."""
    unknown_to_exchange(app)
    before: Any = app.tenant.directory.stats()
    await app.examine()
    after: Any = app.tenant.directory.stats()
    assert after["endpoints"]["identity"]["issued"] - before["endpoints"]["identity"]["issued"] == 1


async def test_a_silent_server_is_named_within_its_time(app: Clinic) -> None:
    """It takes connections and says nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        app.server = Endpoint("127.0.0.1", silent.getsockname()[1])
        found = await app.faults()
    assert set(found) == {"server-unreachable"}

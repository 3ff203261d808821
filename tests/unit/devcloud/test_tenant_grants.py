"""The export of `GET /api/grants`: read as the app reads one, and true to the state of the tenant."""

import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from devcloud import grants
from devcloud.directory import SYSTEM_ASSIGNED, TENANT_ID, Directory, IdentityFaults, application
from devcloud.exchange import Exchange, ExchangeConfig
from devcloud.tokens import SigningKeys
from shared.rules.grants import EXCHANGE_APP_ID, Grants, RoleAssignment, ServicePrincipal, grants_from

NOW = 1_800_000_000.25
ALERTS, REPORTS, DECOY = "alerts@contoso.test", "reports@contoso.test", "decoy@contoso.test"
USER_ASSIGNED = "5a3f7f0e-0000-4000-8000-0123456789ab"
OTHER_OBJECT = "55555555-aaaa-4555-8555-555555555555"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
NEEDED = ["Storage Queue Data Contributor", "Storage Blob Data Contributor", "Storage Table Data Contributor"]

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def directory() -> Directory:
    """A tenant whose clock stands still."""
    return Directory(keys=SigningKeys(), clock=lambda: NOW)


@pytest.fixture
def exchange() -> Exchange:
    """Its Exchange, with the two mailboxes of a run's `mail.toml`; it does not listen."""
    config = ExchangeConfig(send_as={ALERTS: [ALERTS, "Info@contoso.test"], REPORTS: [REPORTS]})
    return Exchange(config, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), dict, lambda: NOW)


@pytest.fixture
async def client(directory: Directory, exchange: Exchange) -> AsyncIterator[Client]:
    """A client of the route."""
    app = web.Application()
    app.add_routes(grants.routes(directory, exchange))
    async with TestClient(TestServer(app, host="127.0.0.1")) as running:
        yield running


async def exported(client: Client, **query: str) -> Grants:
    """The export, read by the app's own rules."""
    async with client.get("/api/grants", params=query) as answer:
        assert answer.status == 200
        return grants_from(await answer.read())


def allow(exchange: Exchange, **access: Any) -> None:  # noqa: ANN401 - a JSON value of any field
    """Change the object `access`."""
    exchange.set_faults(json.dumps({"access": access}).encode())


async def test_a_new_tenant_is_open(client: Client) -> None:
    """The app's own identity is registered, its role has no scope, both mailboxes are there, nothing is granted in Entra."""
    told = await exported(client)
    ids = (SYSTEM_ASSIGNED.client_id, SYSTEM_ASSIGNED.object_id)
    assert (told.exported_at, told.tenant) == (NOW, TENANT_ID)
    assert (told.principal.client_id, told.principal.object_id) == ids
    assert told.app_roles == []
    assert told.exchange.service_principals == [
        ServicePrincipal(app_id=ids[0], object_id=ids[1], display_name="keyless-mail")
    ]
    assert told.exchange.role_assignments == [RoleAssignment(role="Application SMTP.SendAsApp")]
    assert told.exchange.smtp_auth_tenant is True
    alerts, reports = told.exchange.mailboxes
    assert (alerts.address, alerts.exists, alerts.primary, alerts.smtp_auth) == (ALERTS, True, ALERTS, None)
    assert (alerts.in_scope, alerts.full_access, alerts.send_as) == (True, True, ["info@contoso.test"])
    assert (reports.address, reports.send_as) == (REPORTS, [])
    assert told.storage_roles is not None
    assert [one.role for one in told.storage_roles] == NEEDED
    assert all(one.scope.endswith("/providers/Microsoft.Storage/storageAccounts/devmail") for one in told.storage_roles)


async def test_a_user_assigned_identity_has_grants_of_its_own(client: Client, directory: Directory) -> None:
    """The client id chooses, and roles of that client are told with it."""
    directory.set_faults(IdentityFaults(roles_of={USER_ASSIGNED: ["SMTP.SendAsApp"]}))
    told = await exported(client, client_id=USER_ASSIGNED)
    assert told.principal.client_id == USER_ASSIGNED
    assert told.principal.object_id == application(USER_ASSIGNED).object_id
    assert told.granted("SMTP.SendAsApp") is not None
    assert (await exported(client)).app_roles == []
    own = await exported(client, client_id=SYSTEM_ASSIGNED.client_id.upper())
    assert own.principal.object_id == SYSTEM_ASSIGNED.object_id


async def test_roles_stand_at_their_resource_with_their_time(client: Client, directory: Directory) -> None:
    """Everybody's roles are those of Exchange; only what is put for Graph by its name is told of Graph."""
    directory.set_faults(
        IdentityFaults(roles=["SMTP.SendAsApp"], roles_for={"https://graph.microsoft.com/": ["Mail.ReadWrite"]})
    )
    found = [(one.resource_app_id, one.value, one.granted_at) for one in (await exported(client)).app_roles]
    assert found == [(EXCHANGE_APP_ID, "SMTP.SendAsApp", NOW), (GRAPH_APP_ID, "Mail.ReadWrite", NOW)]


async def test_the_scope_is_told_by_mailbox(client: Client, exchange: Exchange) -> None:
    """With a scope the assignment names it, and each mailbox that is named anywhere says whether it is inside."""
    allow(exchange, rbac_scope=[ALERTS.upper(), DECOY], full_access=[])
    told = await exported(client)
    assert {one.address: (one.in_scope, one.full_access) for one in told.exchange.mailboxes} == {
        ALERTS: (True, False),
        REPORTS: (False, False),
        DECOY: (True, False),
    }
    [assigned] = told.exchange.role_assignments
    assert (assigned.scope, (assigned.filter or "").startswith("MemberOfGroup -eq '")) == ("keyless-mail", True)


async def test_without_the_model_nothing_is_assigned(client: Client, exchange: Exchange) -> None:
    """Under the claim model alone there is no role of RBAC for Applications, and no mailbox in its scope."""
    allow(exchange, models=["claim"])
    told = await exported(client)
    assert told.exchange.role_assignments == []
    assert {one.in_scope for one in told.exchange.mailboxes} == {False}


@pytest.mark.parametrize(
    ("access", "entries"),
    [
        ({"appids": []}, []),
        ({"appids": [USER_ASSIGNED]}, []),
        ({"object_ids": {SYSTEM_ASSIGNED.client_id: OTHER_OBJECT}}, [OTHER_OBJECT]),
    ],
)
async def test_a_wrong_registration_has_no_rights(
    client: Client, exchange: Exchange, access: dict[str, Any], entries: list[str]
) -> None:
    """Without an entry, or with one of another object id, Exchange grants the identity nothing."""
    allow(exchange, **access)
    told = await exported(client)
    assert [one.object_id for one in told.exchange.service_principals] == entries
    assert told.exchange.role_assignments == []
    assert {(one.in_scope, one.full_access) for one in told.exchange.mailboxes} == {(False, False)}


async def test_switches_and_missing_mailboxes_are_told(client: Client, exchange: Exchange) -> None:
    """A mailbox that is not there has no rights to tell of; a switch is told as it is, of tenant and mailbox."""
    allow(exchange, mailboxes=[ALERTS], smtp_auth={"tenant": False, "mailboxes": {ALERTS.upper(): True}})
    told = await exported(client)
    assert told.exchange.smtp_auth_tenant is False
    assert [(one.address, one.exists, one.smtp_auth) for one in told.exchange.mailboxes] == [
        (ALERTS, True, True),
        (REPORTS, False, None),
    ]


@pytest.mark.parametrize("roles", [[], ["Owner", "Storage Blob Data Owner"]])
async def test_storage_roles_are_replaceable(client: Client, directory: Directory, roles: list[str]) -> None:
    """A list replaces the three, an empty one too."""
    directory.set_faults(IdentityFaults(storage_roles=roles))
    assert [one.role for one in (await exported(client)).storage_roles or ()] == roles


@pytest.mark.parametrize(
    ("faults", "client_id", "status"),
    [
        (IdentityFaults(), "alerts", 422),
        (IdentityFaults(), "", 422),
        (IdentityFaults(client_ids=[SYSTEM_ASSIGNED.client_id]), USER_ASSIGNED, 404),
        (IdentityFaults(ambiguous=True), SYSTEM_ASSIGNED.client_id, 404),
    ],
)
async def test_only_an_identity_has_grants(
    client: Client, directory: Directory, faults: IdentityFaults, client_id: str, status: int
) -> None:
    """What is no GUID is refused, and an identity that is not there has no export; both name the parameter."""
    directory.set_faults(faults)
    async with client.get("/api/grants", params={"client_id": client_id}) as answer:
        assert answer.status == status
        assert (await answer.json())["error"].startswith("client_id: ")

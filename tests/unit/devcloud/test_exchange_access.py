"""The object `access` of `/api/faults`: what the state of the tenant lets a login and a mail do."""

import json
from typing import Any

import pytest

from devcloud.exchange import ExchangeConfig
from devcloud.exchange.access import Access
from tests.unit.devcloud.exchange_client import MAILBOX, World, simulator
from tests.unit.devcloud.exchange_tokens import token

APP = "22222222-2222-2222-2222-222222222222"
OTHER_APP = "33333333-3333-3333-3333-333333333333"
OBJECT = "44444444-aaaa-4444-8444-444444444444"
OTHER_OBJECT = "55555555-aaaa-4555-8555-555555555555"
OTHER = "reports@contoso.test"

UNKNOWN = "535 5.7.3 Authentication unsuccessful"
LINK = "Visit https://aka.ms/smtp_auth_disabled for more information."
OFF_FOR_TENANT = f"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. {LINK}"
OFF_FOR_MAILBOX = f"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. {LINK}"
LET_IN = "235 2.7.0 Authentication successful"


async def login(world: World, bearer: str | None = None, user: str = MAILBOX) -> str:
    """The answer to a login on a new connection, without its suffix."""
    client = await world.client()
    await client.secure()
    answer = await client.login(bearer or token(oid=OBJECT), user)
    return f"{answer.code} {answer.text.partition(' [')[0]}"


def access_of(world: World) -> dict[str, Any]:
    """The object as GET tells it."""
    told: dict[str, Any] = json.loads(json.dumps(world.exchange.faults()))["access"]
    return told


@pytest.mark.parametrize(
    ("access", "claims", "said"),
    [
        ({}, {}, LET_IN),
        ({"appids": []}, {}, UNKNOWN),
        ({"appids": [OTHER_APP]}, {}, UNKNOWN),
        ({"appids": [OTHER_APP, APP]}, {}, LET_IN),
        ({"appids": [OBJECT]}, {"appid": OBJECT.upper()}, LET_IN),
        ({"object_ids": {APP: OTHER_OBJECT}}, {}, UNKNOWN),
        ({"object_ids": {APP: OBJECT.upper()}}, {}, LET_IN),
        ({"object_ids": {OTHER_APP: OTHER_OBJECT}}, {}, LET_IN),
        ({"object_ids": {APP: OBJECT}}, {"without": ("oid",)}, UNKNOWN),
        ({"models": ["claim"]}, {}, LET_IN),
        ({"models": ["claim"]}, {"roles": ["Mail.Send"]}, UNKNOWN),
        ({"models": ["rbac"]}, {"without": ("roles",)}, LET_IN),
        ({"rbac_scope": [OTHER]}, {"without": ("roles",)}, UNKNOWN),
        ({"rbac_scope": [MAILBOX.upper()]}, {"without": ("roles",)}, LET_IN),
        ({"mailboxes": [OTHER]}, {}, UNKNOWN),
        ({"mailboxes": [MAILBOX.upper()]}, {}, LET_IN),
        ({"smtp_auth": {"tenant": False}}, {}, OFF_FOR_TENANT),
        ({"smtp_auth": {"tenant": False, "mailboxes": {OTHER: True}}}, {}, OFF_FOR_TENANT),
        ({"smtp_auth": {"tenant": False, "mailboxes": {MAILBOX.upper(): True}}}, {}, LET_IN),
        ({"smtp_auth": {"mailboxes": {MAILBOX: False}}}, {}, OFF_FOR_MAILBOX),
        ({"smtp_auth": {"mailboxes": {OTHER: False}}}, {}, LET_IN),
        ({"smtp_auth": {"tenant": False}}, {"scp": "SMTP.Send", "upn": MAILBOX}, OFF_FOR_TENANT),
    ],
)
async def test_the_state_decides_the_login(access: dict[str, Any], claims: dict[str, Any], said: str) -> None:
    """Registration, object id, model, scope, mailbox and both switches; GUIDs and addresses have no case."""
    async with simulator() as world:
        world.access(**access)
        assert await login(world, token(**{"oid": OBJECT, **claims})) == said


@pytest.mark.parametrize(
    ("access", "said"),
    [
        ({"appids": [], "mailboxes": [], "smtp_auth": {"tenant": False}}, UNKNOWN),
        ({"mailboxes": [], "smtp_auth": {"tenant": False}}, UNKNOWN),
        ({"smtp_auth": {"tenant": False}, "models": ["rbac"]}, OFF_FOR_TENANT),
    ],
)
async def test_the_switch_is_told_to_whom_exchange_knows(access: dict[str, Any], said: str) -> None:
    """Of several faults the first in the order of `check` answers: the application, the mailbox, the switch, the rights."""
    async with simulator() as world:
        world.access(**access)
        assert await login(world) == said


@pytest.mark.parametrize(
    ("access", "roles"),
    [
        ({"full_access": [OTHER]}, ["SMTP.SendAsApp"]),
        ({"rbac_scope": [OTHER], "out_of_scope": "data"}, []),
    ],
)
async def test_missing_rights_show_after_data(access: dict[str, Any], roles: list[str]) -> None:
    """Without FullAccess, or outside a scope that is asked late, the login is good and the mail gets 430 4.2.0."""
    async with simulator() as world:
        world.access(**access)
        client = await world.client()
        await client.secure()
        assert (await client.login(token(roles=roles))).code == 235
        refused = await client.mail()
        assert (refused.code, refused.text[:5]) == (430, "4.2.0")


async def test_the_right_to_send_as_another_is_taken_at_once() -> None:
    """A right that is put or taken away holds for the next mail, on an open connection too."""
    async with simulator(ExchangeConfig(send_as={MAILBOX: [OTHER]})) as world:
        client = await world.ready()
        content = f"From: {OTHER}\r\n\r\nHi\r\n".encode()
        assert (await client.mail(content=content)).code == 250
        world.access(send_as={})
        assert (await client.mail(content=content)).code == 554
        world.access(send_as={MAILBOX: [OTHER.upper()]})
        assert (await client.mail(content=content)).code == 250


async def test_every_fault_can_be_taken_back() -> None:
    """What GET told before is put again, and the login works as before."""
    async with simulator() as world:
        before = access_of(world)
        world.access(appids=[], object_ids={APP: OTHER_OBJECT}, mailboxes=[], smtp_auth={"tenant": False}, models=[])
        assert await login(world) == UNKNOWN
        world.access(**before)
        assert access_of(world) == before
        assert await login(world) == LET_IN


async def test_what_a_put_leaves_out_stays() -> None:
    """Fields, and fields of smtp_auth, stay where they are not named; a PUT of scenarios or limits touches none of them."""
    async with simulator() as world:
        world.access(appids=[APP], smtp_auth={"tenant": False, "mailboxes": {MAILBOX: True}})
        world.access(mailboxes=[MAILBOX], smtp_auth={"tenant": True})
        world.exchange.set_faults(b'{"scenarios": []}')
        world.limit(connections=5)
        told = access_of(world)
        assert (told["appids"], told["mailboxes"]) == ([APP], [MAILBOX])
        assert told["smtp_auth"] == {"tenant": True, "mailboxes": {MAILBOX: True}}
        world.access(appids=None, smtp_auth={"mailboxes": {}})
        told = access_of(world)
        assert (told["appids"], told["smtp_auth"]) == (None, {"tenant": True, "mailboxes": {}})


def test_the_configuration_is_where_access_starts() -> None:
    """No applications named there means any, and everything else is taken over."""
    assert ExchangeConfig().access == Access()
    config = ExchangeConfig(
        appids={APP}, models={"rbac"}, full_access=[], rbac_scope={MAILBOX}, out_of_scope="data", send_as={MAILBOX: {OTHER}}
    )
    assert config.access == Access(
        appids=[APP],
        models=("rbac",),
        full_access=[],
        rbac_scope=[MAILBOX],
        out_of_scope="data",
        send_as={MAILBOX: [OTHER]},
    )

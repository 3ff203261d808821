"""The section "Access" of SCENARIOS.md: every fault in its table gives the answer that stands beside it."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devcloud.directory import SYSTEM_ASSIGNED
from devcloud.exchange import ExchangeConfig
from devcloud.exchange.access import Access
from tests.unit.devcloud.exchange_client import MAIL, MAILBOX, World, simulator
from tests.unit.devcloud.exchange_tokens import token

PAGE = Path(__file__).parents[3] / "devcloud" / "exchange" / "SCENARIOS.md"
SECTION = PAGE.read_text(encoding="utf-8").partition("## Access\n")[2].partition("\n## ")[0]

OTHER = "info@contoso.test"
ROW = re.compile(
    r"^\| ([^|]+) \| ?(with|without|) ?\| `(\{[^|]*\})` \| `(\d{3} [\d.]+)` (at AUTH|after DATA) \|$", re.MULTILINE
)
ROLES: dict[str, list[list[str]]] = {"with": [["SMTP.SendAsApp"]], "without": [[]], "": [["SMTP.SendAsApp"], []]}

LEAST_FAULTS = 10
"""Rows that the table has at least, so that a broken pattern is not taken for an empty table."""


def faults() -> list[tuple[str, list[str], dict[str, Any], str]]:
    """Title, roles in the token, `access` and answer with its place, of each row and each kind of token that it is for."""
    found = [match.groups() for match in ROW.finditer(SECTION)]
    return [
        (title, roles, json.loads(access), f"{codes} {place}")
        for title, token_kind, access, codes, place in found
        for roles in ROLES[token_kind]
    ]


def documents() -> list[dict[str, Any]]:
    """The two whole documents of the section: the strict tenant, and the one to start with."""
    return [json.loads(block)["access"] for block in re.findall(r"```json\n(.*?)```", SECTION, re.DOTALL)]


async def answer(world: World, roles: list[str], sender: str) -> str:
    """Codes and place of the refusal that a mail from this sender meets, or of its acceptance."""
    client = await world.client()
    await client.secure()
    bearer = token(appid=SYSTEM_ASSIGNED.client_id, oid=SYSTEM_ASSIGNED.object_id, roles=roles)
    said, place = await client.login(bearer), "at AUTH"
    if said.code == 235:
        said, place = await client.mail(content=MAIL.replace(MAILBOX.encode(), sender.encode())), "after DATA"
    return f"{said.code} {said.text.split()[0]} {place}"


def test_the_table_was_found() -> None:
    """Each row of the table is understood, and there are as many as the page promises."""
    rows = [line for line in SECTION.splitlines() if " at AUTH |" in line or " after DATA |" in line]
    assert len(ROW.findall(SECTION)) == len(rows) >= LEAST_FAULTS


@pytest.mark.parametrize(("title", "roles", "access", "said"), faults())
async def test_each_fault_gives_its_answer(title: str, roles: list[str], access: dict[str, Any], said: str) -> None:
    """Before the fault the mail is accepted, with it refused as the page says, and after the way back accepted again."""
    sender = OTHER if OTHER in title else MAILBOX
    async with simulator(ExchangeConfig(send_as={MAILBOX: [OTHER]})) as world:
        rights = world.exchange.faults()["access"]["send_as"]
        assert await answer(world, roles, sender) == "250 2.0.0 after DATA"
        world.access(**access)
        assert await answer(world, roles, sender) == said
        world.access(**documents()[1], send_as=rights)
        assert await answer(world, roles, sender) == "250 2.0.0 after DATA"


def test_the_way_back_is_the_start() -> None:
    """The last document names every field but `send_as`, each with the value that it has at the start."""
    _strict, start = documents()
    assert {**start, "send_as": {}} == json.loads(msgspec.json.encode(Access()))


async def test_a_strict_tenant_lets_the_mailboxes_of_the_run_send() -> None:
    """Of the strict document: a mailbox that it names sends, another does not get in."""
    async with simulator() as world:
        world.access(**documents()[0])
        assert await answer(world, [], MAILBOX) == "250 2.0.0 after DATA"
        client = await world.client()
        await client.secure()
        assert (await client.login(token(roles=[]), "decoy@contoso.test")).text.startswith("5.7.139 ")


def test_every_field_is_described() -> None:
    """Each field of `access` has a row of its own."""
    described = set(re.findall(r"^\| `(\w+)` \|", SECTION, re.MULTILINE))
    assert described == {field.name for field in msgspec.structs.fields(Access)}

"""The simulator over HTTP: mails, counters, faults."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from devcloud.exchange import ExchangeConfig
from devcloud.exchange.access import Access
from devcloud.exchange.api import add_routes
from tests.unit.devcloud.exchange_client import MAIL, MAILBOX, RECIPIENT, World, simulator

Http = TestClient[web.Request, web.Application]


@asynccontextmanager
async def served(config: ExchangeConfig | None = None) -> AsyncIterator[tuple[World, Http]]:
    """A simulator and a client of its API."""
    async with simulator(config) as world:
        app = web.Application()
        add_routes(app, world.exchange)
        async with TestClient(TestServer(app)) as http:
            yield world, http


async def test_mails_are_listed_read_and_deleted() -> None:
    """The list is oldest first with the promised keys; raw bytes and dialogue are where the list says."""
    async with served() as (world, http):
        client = await world.ready()
        await client.mail()
        await client.mail("eve@contoso.test")
        first, second = (await (await http.get("/api/messages")).json())["messages"]
        assert [first["to"], second["to"]] == [[RECIPIENT], ["eve@contoso.test"]]
        promised = {"from", "to", "mailbox", "headers", "received_at", "size", "message_id", "raw_url", "dialogue_url"}
        assert set(first) == promised
        raw = await http.get(first["raw_url"])
        assert (raw.content_type, await raw.read()) == ("message/rfc822", MAIL)
        lines = await (await http.get(second["dialogue_url"])).json()
        said = [line["line"] for line in lines]
        assert [line["from"] for line in lines[:3]] == ["server", "client", "server"]
        assert lines[0]["at"] == "2026-11-18T11:06:40.000+00:00"
        assert "RCPT TO:<eve@contoso.test>" in said
        assert f"RCPT TO:<{RECIPIENT}>" not in said
        assert said[-1].startswith("250 2.0.0 OK <1@contoso.test> [Hostname=")
        assert (await http.delete("/api/messages")).status == 204
        assert (await (await http.get("/api/messages")).json()) == {"messages": []}
        gone = await http.get(first["raw_url"])
        assert (gone.status, gone.content_type) == (404, "application/problem+json")


async def test_counters() -> None:
    """The promised counters and the throttles."""
    async with served() as (world, http):
        await (await world.ready()).mail("scenario+concurrent-connections@contoso.test")
        stats = await (await http.get("/api/stats")).json()
        assert {name: stats[name] for name in ("accepted", "throttles", "connections_opened", "auth_failures")} == {
            "accepted": 0,
            "throttles": 1,
            "connections_opened": 1,
            "auth_failures": 0,
        }
        assert stats["peak_connections"] == stats["peak_per_minute"] == {MAILBOX: 1}
        assert stats["replies"]["432 4.3.2"] == 1


async def test_faults_and_limits_go_round() -> None:
    """What was put is what is got, each part can be put alone, and what was got can be put again."""
    async with served() as (world, http):
        limits = {"messages_per_minute": 30, "connections": 3, "idle_counts": False, "over_rate": "delay"}
        access = json.loads(msgspec.json.encode(Access()))
        assert await _get(http) == {"scenarios": [], "limits": limits, "access": access}
        rule = {"name": "slow-reply", "count": 2, "probability": 0.5, "seed": 7, "match": {"mailbox": MAILBOX, "seconds": 1}}
        state = await _put(http, {"scenarios": [rule]})
        assert state == {"scenarios": [{**rule, "fired": 0}], "limits": limits, "access": access}
        state = await _put(http, {"limits": {"connections": 5, "over_rate": "reject"}})
        assert state["limits"] == {**limits, "connections": 5, "over_rate": "reject"}
        assert len(state["scenarios"]) == 1
        assert world.exchange.service.limits.connections == 5
        assert await _put(http, state) == state
        assert (await _put(http, {"scenarios": []}))["scenarios"] == []
        assert (await _put(http, {}))["limits"]["connections"] == 5
        with_options = {"name": "cut", "with": {"reset": True}}
        assert (await _put(http, {"scenarios": [with_options]}))["scenarios"][0]["with"] == {"reset": True}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"scenarios": [{"name": "no-such-thing"}]}, "scenarios[0].name"),
        ({"scenarios": [{"name": "hang"}, {}]}, "scenarios[1]"),
        ({"scenarios": [{"name": "hang", "count": -1}]}, "scenarios[0].count"),
        ({"scenarios": [{"name": "hang", "count": "two"}]}, "scenarios[0].count"),
        ({"scenarios": [{"name": "hang", "probability": 1.5}]}, "scenarios[0].probability"),
        ({"scenarios": [{"name": "hang", "often": 1}]}, "scenarios[0].often"),
        ({"scenarios": [{"name": "hang", "match": {"stage": "later"}}]}, "scenarios[0].match.stage"),
        ({"scenarios": [{"name": "mailbox-full", "match": {"stage": "rcpt"}}]}, "scenarios[0].match.stage"),
        ({"scenarios": [{"name": "hang", "match": {"mailbox": 3}}]}, "scenarios[0].match.mailbox"),
        ({"scenarios": [{"name": "hang", "match": {"connection": True}}]}, "scenarios[0].match.connection"),
        ({"scenarios": [{"name": "hang", "match": {"secure": 1}}]}, "scenarios[0].match.secure"),
        ({"scenarios": [{"name": "hang", "match": {"subject": "x"}}]}, "scenarios[0].match.subject"),
        ({"scenarios": [{"name": "slow-reply", "match": {"seconds": "5"}}]}, "scenarios[0].match.seconds"),
        ({"scenarios": [{"name": "slow-reply", "with": {"seconds": -5}}]}, "scenarios[0].with.seconds"),
        ({"scenarios": [{"name": "hang", "with": {"seconds": 5}}]}, "scenarios[0].with.seconds"),
        ({"scenarios": {}}, "scenarios"),
        ({"limits": {"connections": 0}}, "limits.connections"),
        ({"limits": {"messages_per_minute": 1.5}}, "limits.messages_per_minute"),
        ({"limits": {"over_rate": "ignore"}}, "limits.over_rate"),
        ({"limits": {"idle_counts": 1}}, "limits.idle_counts"),
        ({"limits": {"size": 1}}, "limits.size"),
        ({"limits": None}, "limits"),
        ({"scenarios": None}, "scenarios"),
        ({"access": None}, "access"),
        ({"access": {"roles": []}}, "access.roles"),
        ({"access": {"appids": ["keyless-mail"]}}, "access.appids[0]"),
        ({"access": {"object_ids": {"keyless-mail": None}}}, "access.object_ids"),
        ({"access": {"models": ["claim", "trust"]}}, "access.models[1]"),
        ({"access": {"models": None}}, "access.models"),
        ({"access": {"full_access": "all"}}, "access.full_access"),
        ({"access": {"rbac_scope": ["a@b.test", "mail group"]}}, "access.rbac_scope[1]"),
        ({"access": {"out_of_scope": "never"}}, "access.out_of_scope"),
        ({"access": {"mailboxes": [1]}}, "access.mailboxes[0]"),
        ({"access": {"smtp_auth": None}}, "access.smtp_auth"),
        ({"access": {"smtp_auth": {"tenant": "on"}}}, "access.smtp_auth.tenant"),
        ({"access": {"smtp_auth": {"mailboxes": {MAILBOX: None}}}}, "access.smtp_auth.mailboxes[...]"),
        ({"access": {"smtp_auth": {"user": True}}}, "access.smtp_auth.user"),
        ({"access": {"send_as": {MAILBOX: "eve@contoso.test"}}}, "access.send_as[...]"),
        ({"faults": []}, "faults"),
        ([], "$"),
    ],
)
async def test_bad_documents_name_the_field(document: object, field: str) -> None:
    """422, a problem that names the field, and nothing is changed."""
    async with served() as (_, http):
        await _put(http, {"scenarios": [{"name": "hang"}]})
        before = await _get(http)
        answer = await http.put("/api/faults", data=json.dumps(document))
        problem = await answer.json()
        assert (answer.status, answer.content_type) == (422, "application/problem+json")
        assert [error["field"] for error in problem["errors"]] == [field]
        assert field in problem["detail"]
        assert await _get(http) == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"limits": ' + b"[" * 100_000, b'{"scenarios": [{"name": "hang", "match"']
)
async def test_broken_json(body: bytes) -> None:
    """Bytes that are no JSON get the same kind of answer."""
    async with served() as (_, http):
        answer = await http.put("/api/faults", data=body)
        assert answer.status == 422
        assert (await answer.json())["errors"]


async def test_all_faults_of_a_document_are_named() -> None:
    """Several bad rules are reported together."""
    async with served() as (_, http):
        rules = [{"name": "x"}, {"name": "hang", "match": {"to": 1, "stage": "no"}}]
        limits = {"connections": 9, "messages_per_minute": 0}
        access = {"smtp_auth": {"tenant": 1, "mailboxes": []}, "models": ["rbac"], "mailboxes": 1}
        answer = await http.put("/api/faults", data=json.dumps({"scenarios": rules, "limits": limits, "access": access}))
        fields = [error["field"] for error in (await answer.json())["errors"]]
        assert fields == [
            "scenarios[0].name",
            "scenarios[1].match.to",
            "scenarios[1].match.stage",
            "limits.messages_per_minute",
            "access.smtp_auth.tenant",
            "access.smtp_auth.mailboxes",
            "access.mailboxes",
        ]
        assert (await _get(http))["limits"]["connections"] == 3
        assert (await _get(http))["access"]["models"] == ["claim", "rbac"]


async def test_limits_bite_at_once() -> None:
    """A limit that was put holds for the next mail of an open connection."""
    async with served() as (world, http):
        client = await world.ready()
        await _put(http, {"limits": {"messages_per_minute": 1, "over_rate": "reject"}})
        assert [(await client.mail()).code for _ in range(2)] == [250, 421]


async def test_inbox_can_page() -> None:
    """The page's own view: how many there are, the newest few with their numbers, and one by number."""
    async with simulator() as world:
        client = await world.ready()
        for _ in range(3):
            await client.mail()
        exchange = world.exchange
        assert exchange.count() == 3
        assert [number for number, _ in exchange.newest(2)] == [3, 2]
        assert exchange.raw(1) == MAIL
        assert exchange.raw(9) is None


async def _get(http: Http) -> dict[str, Any]:
    state: dict[str, Any] = await (await http.get("/api/faults")).json()
    return state


async def _put(http: Http, document: object) -> dict[str, Any]:
    answer = await http.put("/api/faults", data=json.dumps(document))
    assert answer.status == 200
    state: dict[str, Any] = await answer.json()
    return state

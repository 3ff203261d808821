"""The demo: how it knocks, how it waits, and that it does not call a thing well that is not."""

import base64
import hashlib
import hmac
import io
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from rich.console import Console

from devcloud.demo import Watcher
from devcloud.demo_doors import DIGEST, DOORS, HTTP, WEBHOOK, Cloud, Knocker, RefusedError, standard_webhook_headers
from devcloud.demo_result import Finding
from devcloud.demo_view import show, tree_rows

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MAIL_ID = "9c1185a5c5e9fc54612808977ee8f548"
NOW = 1_795_474_800.0


def _span(name: str, span_id: str, parent: str | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    base = {"offset_ms": 0.0, "duration_ms": 1.0, "status": "unset", "attributes": {}}
    return {"name": name, "span_id": span_id, "parent_span_id": parent, **base, **more}


MAIL = {
    "from": "alerts@contoso.test",
    "to": ["http@contoso.test"],
    "headers": [["Subject", "[bold]not markup[/bold]"]],
    "size": 1234,
    "message_id": f"<{MAIL_ID}@contoso.test>",
}
TRACE: dict[str, Any] = {"trace_id": "0af7", "spans": [_span("accept", "1"), _span("smtp transaction", "2", "1")]}
SENT = {"state": "sent", "timeline": [{"at": "2026-11-23T23:00:00.123+00:00", "state": "sent", "reason": ""}]}


class FakeCloud:
    """Speaks the two APIs of a devcloud: the app's doors and the inbox. Everything is there from the n-th question on."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.answer_to_posts = 202
        self.ready_at = 1
        self.status: tuple[int, dict[str, Any]] = (200, SENT)
        self._asked = itertools.count(1)

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.router.add_post("/{path:.*}", self._post)
        app.router.add_get("/api/messages", self._messages)
        app.router.add_get("/api/messages/{id}", self._status)
        app.router.add_get("/api/traces", self._traces)
        return app

    async def _post(self, request: web.Request) -> web.Response:
        self.posts.append((request.path, dict(request.headers), await request.read()))
        return web.json_response({"detail": "no"}, status=self.answer_to_posts)

    async def _messages(self, _request: web.Request) -> web.Response:
        return web.json_response({"messages": [MAIL] if next(self._asked) >= self.ready_at else []})

    async def _status(self, request: web.Request) -> web.Response:
        assert request.match_info["id"] == MAIL_ID
        assert request.headers["x-functions-key"] == "key"
        return web.json_response(self.status[1], status=self.status[0])

    async def _traces(self, request: web.Request) -> web.Response:
        assert request.query["message_id"] == MAIL["message_id"]
        return web.json_response({"traces": [TRACE]})


@pytest.fixture
def fake() -> FakeCloud:
    """A cloud in which all is well."""
    return FakeCloud()


@pytest.fixture
async def cloud(fake: FakeCloud) -> AsyncIterator[Cloud]:
    """Where that cloud listens."""
    async with TestServer(fake.app(), host="127.0.0.1") as server:
        url = str(server.make_url("")).rstrip("/")
        yield Cloud(functions=url, function_key="key", storage="", inbox=url, webhook_secret=SECRET)


def test_the_signature_is_that_of_the_standard() -> None:
    """The value was made by the specification's own formula from the secret, id, time and body of its examples."""
    body = b'{"test": 2432232314}'
    headers = standard_webhook_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330")


async def test_each_http_door_is_knocked_at_as_it_wants(fake: FakeCloud, cloud: Cloud) -> None:
    """Function key and idempotency key, a valid signature without any key, and two digest items with the key."""
    async with ClientSession() as http:
        knocker = Knocker(cloud, http, run="r1", now=NOW)
        for door in (HTTP, WEBHOOK, DIGEST):
            await knocker.knock(door)
    posted, hooked, *items = fake.posts
    assert (posted[0], posted[1]["x-functions-key"], posted[1]["Idempotency-Key"]) == ("/api/messages", "key", "demo-r1")
    assert json.loads(posted[2])["to"] == ["http@contoso.test"]
    assert hooked[0] == "/api/webhooks/demo"
    assert "x-functions-key" not in hooked[1]
    signed = f"{hooked[1]['webhook-id']}.{hooked[1]['webhook-timestamp']}.".encode() + hooked[2]
    digest = hmac.digest(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256)
    assert hooked[1]["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert [item[0] for item in items] == ["/api/digests/daily-ops/events"] * 2
    assert len({json.loads(item[2])["id"] for item in items}) == 2


async def test_a_door_that_does_not_say_202_has_refused(fake: FakeCloud, cloud: Cloud) -> None:
    """What the app answered instead is in the error."""
    fake.answer_to_posts = 422
    async with ClientSession() as http:
        with pytest.raises(RefusedError, match="422"):
            await Knocker(cloud, http, run="r", now=NOW).knock(HTTP)


async def test_waiting_ends_when_everything_is_there(fake: FakeCloud, cloud: Cloud) -> None:
    """Mail, state and trace are asked for until they are known; then nothing is missing."""
    fake.ready_at = 4
    finding = Finding("http", "")
    async with ClientSession() as http:
        await Watcher(cloud, http, deadline=1.0, clock=lambda: 0.0, pause=0.0).fill(finding, HTTP)
    assert (finding.mail, finding.status, finding.traces, finding.missing) == (MAIL, SENT, [TRACE], [])


async def test_waiting_ends_at_the_deadline(fake: FakeCloud, cloud: Cloud) -> None:
    """A mail that never comes, or is never recorded as sent, is reported and not waited for any longer."""
    ticks = itertools.count()
    fake.ready_at = 10_000
    missing, stuck = Finding("http", ""), Finding("http", "")
    async with ClientSession() as http:
        watcher = Watcher(cloud, http, deadline=5.0, clock=lambda: next(ticks), pause=0.0)
        await watcher.fill(missing, HTTP)
        fake.ready_at, fake.status = 1, (200, {"state": "waiting", "timeline": []})
        await watcher.fill(stuck, HTTP)
    assert missing.missing == ["the mail did not arrive"]
    assert stuck.missing == ["its state is 'waiting', not 'sent'"]


async def test_a_status_that_is_not_ours_to_see_is_named(fake: FakeCloud, cloud: Cloud) -> None:
    """404 is reported with the address that gave it, and not asked again."""
    fake.status = (404, {})
    finding = Finding("http", "")
    async with ClientSession() as http:
        await Watcher(cloud, http, deadline=1.0, clock=lambda: 0.0, pause=0.0).fill(finding, HTTP)
    assert finding.missing == [f"GET /api/messages/{MAIL_ID} answered 404"]


@pytest.mark.parametrize("spans", [[], ["accept"], ["smtp transaction"], ["accept", "smtp connect"]])
def test_a_trace_that_does_not_reach_from_end_to_end_is_missing(spans: list[str]) -> None:
    """Two halves in two traces are no whole one."""
    traces = [{"trace_id": str(n), "spans": [_span(name, "1")]} for n, name in enumerate(spans)]
    finding = Finding("http", "", mail=MAIL, status=SENT, traces=[*traces, {"trace_id": "x", "spans": []}])
    assert finding.missing == ["no trace of it reaches from 'accept' to 'smtp transaction'"]
    assert finding.as_json()["ok"] is False


def test_every_door_knows_its_mail_from_the_others() -> None:
    """No two doors send from the same mailbox to the same recipient."""
    assert len({(door.sender, door.recipient) for door in DOORS}) == len(DOORS) == 4
    assert HTTP.sent(MAIL)
    assert not any(door.sent(MAIL) for door in DOORS if door is not HTTP)


def test_the_tree_shows_every_span_below_its_parent() -> None:
    """Guide lines show the depth; a span whose parent has not arrived stands at the root."""
    spans = [_span("a", "1"), _span("b", "2", "1"), _span("c", "3", "2"), _span("d", "4", "1"), _span("e", "5", "gone")]
    assert [guides + span["name"] for guides, span in tree_rows(spans)] == ["a", "├─ b", "│  └─ c", "└─ d", "e"]


def test_what_is_shown_is_text_and_not_markup() -> None:
    """A subject or span name that looks like markup is printed as it is."""
    span = _span("[red]x[/red]", "9", "1", attributes={"a.reply_code": "[/]"})
    hostile = {"trace_id": "t", "spans": [*TRACE["spans"], span]}
    console = Console(file=io.StringIO(), width=160)
    show(
        console,
        [Finding("http", "[x]", mail=MAIL, status=SENT, traces=[hostile]), Finding("queue", "", refused="[/nope]")],
    )
    file = console.file
    assert isinstance(file, io.StringIO)
    text = file.getvalue()
    for expected in (
        "[bold]not markup[/bold]",
        "[red]x[/red]",
        "reply_code [/]",
        "[/nope]",
        "sent 23:00:00.123",
        "1,234 bytes",
    ):
        assert expected in text

"""The inbox as a whole, around a real simulator: the page, the mails behind it, and attempts to break out of a mail."""

import json
import re
import ssl
from collections.abc import AsyncIterator
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from devcloud.exchange import Exchange, ExchangeConfig
from devcloud.exchange.store import Message
from devcloud.inbox import build_app
from devcloud.inbox.app import PAGE, PAGE_POLICY
from devcloud.inbox.guard import NOTHING_ALLOWED
from devcloud.inbox.mail_html import POLICY
from devcloud.inbox.mail_routes import MAX_ROWS

Client = TestClient[web.Request, web.Application]

ATTACK = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'"
RECEIVED = 1_795_474_800.0


@pytest.fixture
def exchange() -> Exchange:
    """A simulator that does not listen; mails are put into its store."""
    return Exchange(ExchangeConfig(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), dict, lambda: RECEIVED)


@pytest.fixture
async def client(exchange: Exchange) -> AsyncIterator[Client]:
    """A client of the inbox around that simulator, with one further route."""

    async def extra(_request: web.Request) -> web.Response:
        return web.json_response({"extra": True})

    app = build_app(exchange, extra_routes=[web.post("/extra", extra)])
    async with TestClient(TestServer(app, host="127.0.0.1")) as opened:
        yield opened


def _arrives(exchange: Exchange, raw: bytes, *, headers: tuple[tuple[str, str], ...] = ()) -> int:
    store = exchange.service.store
    number = store.next_number()
    store.add(
        Message(number, "alerts@contoso.test", ("ops@contoso.test",), "alerts@contoso.test", headers, RECEIVED, "<m@c>", raw)
    )
    return number


def _hostile_mail() -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = f"{ATTACK.replace(chr(34), '')} <alerts@contoso.test>".replace("<img", "img").replace("<scr", "scr")
    message["Subject"] = ATTACK
    message.set_content(f"text {ATTACK}")
    message.add_alternative(f"<p onclick=alert(1)>{ATTACK}</p><meta http-equiv=refresh content=0>", subtype="html")
    message.add_attachment(
        f"<html>{ATTACK}".encode(), maintype="text", subtype="html", filename=f'{ATTACK}\u2028"; x=".html'
    )
    return message.as_bytes()


async def _json(client: Client, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status == 200
    document: dict[str, Any] = await answer.json()
    return document


async def test_the_page_is_served_with_a_policy_that_allows_only_itself(client: Client) -> None:
    """Scripts and styles come from here alone, nothing is inline, and no text can be turned into markup."""
    answer = await client.get("/")
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert answer.headers["Content-Security-Policy"] == PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    for path in re.findall(r'(?:href|src)="(/page/[^"]+)"', await answer.text()):
        assert (await client.get(path)).status == 200, path


@pytest.mark.parametrize("file", sorted(path.name for path in PAGE.iterdir()))
async def test_the_page_needs_nothing_from_elsewhere_and_makes_no_markup_from_text(client: Client, file: str) -> None:
    """Every file of the page is served with its own type, names no other site and uses no way to turn text into elements."""
    answer = await client.get(f"/page/{file}")
    text = (await answer.text()).replace("http://www.w3.org/2000/svg", "")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    types = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert answer.content_type in {types[file.rpartition(".")[2]], "application/javascript"}
    assert not re.search(
        r"https?:|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|srcdoc|new Function", text
    )
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", text)


@pytest.mark.parametrize("path", ["/page/../app.py", "/page/%2e%2e/app.py", "/page/..%2fapp.py", "/page/", "/page"])
async def test_only_the_pages_own_files_are_served(client: Client, path: str) -> None:
    """Neither the folder's list nor anything beside it can be read."""
    assert (await client.get(path)).status in {403, 404}


async def test_the_list_is_newest_first_and_its_subjects_are_decoded(client: Client, exchange: Exchange) -> None:
    """A row says what the list shows, encoded-words decoded, in the order in which a person wants it."""
    _arrives(exchange, b"one", headers=(("subject", "=?utf-8?q?Gr=C3=BC=C3=9Fe?="), ("Subject", "second")))
    _arrives(exchange, b"second")
    inbox = await _json(client, "/api/inbox")
    assert inbox["total"] == 2
    assert [(row["number"], row["subject"]) for row in inbox["rows"]] == [(2, ""), (1, "Grüße")]
    assert inbox["rows"][1] == {
        "number": 1,
        "subject": "Grüße",
        "from": "alerts@contoso.test",
        "to": ["ops@contoso.test"],
        "mailbox": "alerts@contoso.test",
        "received_at": "2026-11-23T23:00:00.000+00:00",
        "size": 3,
        "message_id": "<m@c>",
    }


async def test_a_long_list_is_cut_and_says_how_long_it_is(client: Client, exchange: Exchange) -> None:
    """A benchmark's thousands do not all travel with every poll."""
    for _ in range(MAX_ROWS + 3):
        _arrives(exchange, b"x")
    inbox = await _json(client, "/api/inbox")
    assert (inbox["total"], len(inbox["rows"]), inbox["rows"][0]["number"]) == (MAX_ROWS + 3, MAX_ROWS, MAX_ROWS + 3)


async def test_hostile_text_travels_as_json_only(client: Client, exchange: Exchange) -> None:
    """Subject, sender, text and attachment name reach the page unchanged, as data in answers that no browser would run."""
    number = _arrives(exchange, _hostile_mail(), headers=(("Subject", ATTACK),))
    rows = await _json(client, "/api/inbox")
    assert rows["rows"][0]["subject"] == ATTACK
    answer = await client.get(f"/api/messages/{number}/view")
    assert (answer.content_type, answer.headers["Content-Security-Policy"]) == ("application/json", NOTHING_ALLOWED)
    view = await answer.json()
    assert ["Subject", ATTACK] in view["headers"]
    assert ATTACK in view["text"]
    assert view["html_url"] == f"/api/messages/{number}/html"
    assert view["attachments"][0]["url"] == f"/api/messages/{number}/attachments/0"
    assert ATTACK in view["attachments"][0]["name"]


async def test_the_html_body_is_served_inert(client: Client, exchange: Exchange) -> None:
    """Sandboxed by its own policy, without scripts, navigation or remote loads, whoever opens its address."""
    number = _arrives(exchange, _hostile_mail())
    answer = await client.get(f"/api/messages/{number}/html")
    policies = answer.headers.getall("Content-Security-Policy")
    assert policies == [POLICY]
    assert POLICY.startswith("sandbox; default-src 'none'; ")
    assert "allow-" not in POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    text = await answer.text()
    assert "<script" not in text
    assert "<meta" not in text


async def test_an_attachment_is_a_download_whatever_it_says_it_is(client: Client, exchange: Exchange) -> None:
    """HTML that is attached is never opened in place, and its name cannot break the header."""
    number = _arrives(exchange, _hostile_mail())
    answer = await client.get(f"/api/messages/{number}/attachments/0")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Security-Policy"] == NOTHING_ALLOWED
    disposition = answer.headers["Content-Disposition"]
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[A-Za-z0-9%._~-]+", disposition)
    assert (await answer.read()).startswith(b"<html>")


async def test_a_hostile_content_type_is_not_repeated(client: Client, exchange: Exchange) -> None:
    """What is no media type is called unknown."""
    raw = b"Content-Type: te<xt/ht>ml; name=a\r\nContent-Disposition: attachment\r\n\r\nx"
    view = await _json(client, f"/api/messages/{_arrives(exchange, raw)}/view")
    assert view["attachments"][0]["content_type"] in {"unknown type", "text/plain"}


async def test_span_names_and_attributes_are_data_too(client: Client) -> None:
    """Hostile text in a span comes back as JSON that forbids to be anything else."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"\1" * 16, span_id=b"\2" * 8, name=ATTACK)
    span.attributes.add(key=ATTACK).value.string_value = ATTACK
    headers = {"Content-Type": "application/x-protobuf"}
    assert (await client.post("/v1/traces", data=request.SerializeToString(), headers=headers)).status == 200
    answer = await client.get(f"/api/traces/{'01' * 16}")
    assert (answer.content_type, answer.headers["Content-Security-Policy"]) == ("application/json", NOTHING_ALLOWED)
    shown = (await answer.json())["spans"][0]
    assert (shown["name"], shown["attributes"]) == (ATTACK, {ATTACK: ATTACK})


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\x00\r\n\r\n", b"Content-Type: .):\n\xff\r\nSubject: \x00\r\n\r\nx", b"Subject: \xed\xa0\x80\r\n\r\n"]
)
async def test_garbage_mails_have_a_view(client: Client, exchange: Exchange, raw: bytes) -> None:
    """Every mail can be opened, and what it has no part of is 404."""
    number = _arrives(exchange, raw)
    view = await _json(client, f"/api/messages/{number}/view")
    assert json.dumps(view)
    assert (await client.get(f"/api/messages/{number}/html")).status == 404
    assert (await client.get(f"/api/messages/{number}/attachments/7")).status == 404


@pytest.mark.parametrize("path", ["view", "html", "attachments/0"])
async def test_a_mail_that_is_gone_is_404(client: Client, path: str) -> None:
    """An unknown number is no server fault, and neither is one that is no number."""
    assert (await client.get(f"/api/messages/99/{path}")).status == 404
    assert (await client.get(f"/api/messages/{'9' * 30}/{path}")).status == 404
    assert (await client.get(f"/api/messages/x/{path}")).status == 404


async def test_a_foreign_page_can_neither_clear_nor_inject(client: Client, exchange: Exchange) -> None:
    """The simulator's own routes, the receiver and further routes all stand behind the same checks."""
    _arrives(exchange, b"x")
    foreign = {"Origin": "http://evil.test"}
    assert (await client.delete("/api/messages", headers=foreign)).status == 403
    assert (await client.post("/v1/traces", json={}, headers=foreign)).status == 403
    assert (await client.post("/extra", headers=foreign)).status == 403
    assert (await client.get("/api/messages", headers={"Host": "evil.test"})).status == 403
    assert exchange.count() == 1


async def test_tools_use_everything_without_an_origin(client: Client, exchange: Exchange) -> None:
    """A client that is no browser clears, exports and calls further routes."""
    number = _arrives(exchange, b"Subject: hello\r\n\r\nx")
    assert (await client.get(f"/api/messages/{number}/raw")).status == 200
    assert (await client.get(f"/api/messages/{number}/dialogue")).status == 200
    assert (await client.post("/v1/traces", json={})).status == 200
    assert (await client.post("/extra")).status == 200
    assert (await client.delete("/api/messages")).status == 204
    assert (await _json(client, "/api/inbox")) == {"total": 0, "rows": []}

"""What the OTLP receiver refuses: garbage is the sender's fault and never a fault of the server."""

import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from devcloud.inbox.otlp_routes import add_routes
from devcloud.inbox.store import MetricStore, TraceStore

Client = TestClient[web.Request, web.Application]

PROTOBUF = {"Content-Type": "application/x-protobuf"}
MAX_BODY = 1_000_000


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of a receiver that takes small bodies only."""
    app = web.Application(client_max_size=MAX_BODY)
    add_routes(app, TraceStore(), MetricStore())
    async with TestClient(TestServer(app, host="127.0.0.1")) as opened:
        yield opened


GARBAGE = {
    "not json": (b"{", "application/json"),
    "json of a wrong shape": (b'{"resourceSpans": {"a": 1}}', "application/json"),
    "json that is a list": (b"[1]", "application/json"),
    "json that is a number": (b"7", "application/json"),
    "an id that is a number": (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":5}]}]}]}', "application/json"),
    "an id that is not hex": (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}', "application/json"),
    "bottomless json": (b"[" * 200_000, "application/json"),
    "bottomless objects": (b'{"a":' * 100_000, "application/json"),
    "a lone surrogate": (b'{"resourceSpans":[{"schemaUrl":"\\ud800"}]}', "application/json"),
    "bytes that are not UTF-8": (b'{"a":"\xff"}', "application/json"),
    "not protobuf": (b"\xff\xff\xff", "application/x-protobuf"),
    "protobuf cut short": (b"\x0a\x7f\x01", "application/x-protobuf"),
}


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/metrics", "/v1/logs"])
@pytest.mark.parametrize("case", sorted(GARBAGE))
async def test_garbage_is_the_senders_fault(client: Client, path: str, case: str) -> None:
    """A body that does not decode gets 400, whatever is wrong with it, and in the encoding it came in."""
    body, content_type = GARBAGE[case]
    if case.startswith("an id") or case in {"json of a wrong shape", "a lone surrogate"}:
        body = body.replace(b"resourceSpans", f"resource{path[4:].capitalize()}".encode().replace(b"Traces", b"Spans"))
    answer = await client.post(path, data=body, headers={"Content-Type": content_type})
    assert (answer.status, answer.content_type) == (400, content_type)


@pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(b"x" * 5_000)[:-8] + bytes(8)])
async def test_broken_compression_is_the_senders_fault(client: Client, body: bytes) -> None:
    """A body that does not decompress gets 400."""
    headers = PROTOBUF | {"Content-Encoding": "gzip"}
    assert (await client.post("/v1/traces", data=body, headers=headers)).status == 400


async def test_a_compression_bomb_is_refused(client: Client) -> None:
    """The limit is on what a body unpacks to, not on what travels."""
    bomb = gzip.compress(bytes(MAX_BODY * 20))
    assert len(bomb) < MAX_BODY
    answer = await client.post("/v1/traces", data=bomb, headers=PROTOBUF | {"Content-Encoding": "gzip"})
    assert answer.status == 413


async def test_other_content_types_are_refused(client: Client) -> None:
    """A form of another site cannot pass as an export, nor can gRPC."""
    for content_type in ("text/plain", "application/grpc"):
        assert (await client.post("/v1/traces", data=b"{}", headers={"Content-Type": content_type})).status == 415

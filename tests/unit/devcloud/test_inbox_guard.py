"""Who is let in: the Host and Origin checks, and the headers that every answer carries."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from devcloud.inbox.guard import NOTHING_ALLOWED, is_local_host, protect

Client = TestClient[web.Request, web.Application]


async def _ok(_request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of a protected application that answers 200 to everything."""
    app = web.Application()
    protect(app)
    app.router.add_route("*", "/thing", _ok)
    async with TestClient(TestServer(app, host="127.0.0.1")) as opened:
        yield opened


def _own_origin(client: Client) -> str:
    return f"http://127.0.0.1:{client.port}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:7071", "LOCALHOST:80"])
async def test_this_machine_by_name_is_let_in(client: Client, host: str) -> None:
    """A Host that names this machine is served."""
    assert (await client.get("/thing", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "127.0.0.1.evil.test",
        "localhost.evil.test:80",
        "evil.test#127.0.0.1",
        "127.0.0.1:80:80",
        "[::1]",
    ],
)
async def test_rebound_names_are_refused(client: Client, host: str) -> None:
    """Any other Host is refused even for reading, because that is what DNS rebinding looks like."""
    answer = await client.get("/thing", headers={"Host": host})
    assert answer.status == 403
    assert answer.content_type == "application/problem+json"


def test_exactly_one_host_is_wanted() -> None:
    """No Host, or two of which one is ours, is not this machine's name."""
    assert is_local_host(["localhost"])
    assert not is_local_host([])
    assert not is_local_host(["localhost", "evil.test"])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "origin", ["http://evil.test", "null", "https://127.0.0.1", "http://127.0.0.1:1", "http://localhost"]
)
async def test_changes_by_foreign_pages_are_refused(client: Client, method: str, origin: str) -> None:
    """A page of another origin, or of none, cannot change anything."""
    assert (await client.request(method, "/thing", headers={"Origin": origin})).status == 403


async def test_one_foreign_origin_among_several_is_enough(client: Client) -> None:
    """A second Origin header does not hide the first."""
    headers = [("Origin", _own_origin(client)), ("Origin", "http://evil.test")]
    assert (await client.delete("/thing", headers=headers)).status == 403


async def test_changes_without_origin_are_refused_when_the_browser_says_cross_site(client: Client) -> None:
    """Fetch Metadata alone is enough to refuse a change."""
    assert (await client.post("/thing", headers={"Sec-Fetch-Site": "cross-site"})).status == 403


async def test_own_page_and_tools_may_change(client: Client) -> None:
    """The page itself (its Origin is the Host) and tools (no Origin) are let in."""
    own = {"Origin": _own_origin(client), "Sec-Fetch-Site": "same-origin"}
    assert (await client.delete("/thing", headers=own)).status == 200
    assert (await client.delete("/thing")).status == 200


@pytest.mark.parametrize("path", ["/thing", "/nowhere"])
async def test_every_answer_is_inert_data_by_default(client: Client, path: str) -> None:
    """Answers and errors alike forbid sniffing, scripts and use by other sites."""
    headers = (await client.get(path)).headers
    assert headers["Content-Security-Policy"] == NOTHING_ALLOWED
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"

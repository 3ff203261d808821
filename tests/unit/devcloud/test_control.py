"""The routes that set what identity and storage do."""

from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from devcloud import control
from devcloud.directory import Directory
from devcloud.storage_proxy import SERVICES, StorageProxy
from devcloud.tokens import SigningKeys

NOW = 1_800_000_000.0
APP = "0c0ffee0-0000-4000-8000-0123456789ab"

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def directory() -> Directory:
    """A tenant whose clock stands still."""
    return Directory(keys=SigningKeys(), clock=lambda: NOW)


@pytest.fixture
async def client(directory: Directory) -> AsyncIterator[Client]:
    """A client of the routes; nothing is forwarded, so the proxy has nobody behind it."""
    app = web.Application()
    app.add_routes(control.routes(directory, StorageProxy(dict.fromkeys(SERVICES, "http://127.0.0.1:1"))))
    async with TestClient(TestServer(app, host="127.0.0.1")) as running:
        yield running


async def put(client: Client, path: str, document: object) -> tuple[int, dict[str, Any]]:
    """Status and body of a PUT."""
    async with client.put(path, json=document) as answer:
        return answer.status, await answer.json()


async def get(client: Client, path: str) -> dict[str, Any]:
    """Body of a GET."""
    async with client.get(path) as answer:
        body: dict[str, Any] = await answer.json()
        return body


@pytest.mark.parametrize(
    ("path", "document"),
    [
        (
            "/api/identity/faults",
            {"roles": ["SMTP.SendAsApp"], "scenarios": [{"name": "status", "status": 429, "retry_after": 2}]},
        ),
        ("/api/storage/faults", {"scenarios": [{"name": "status", "status": 412, "match": {"operation": "table.*"}}]}),
    ],
)
async def test_what_was_read_can_be_put_back(client: Client, path: str, document: dict[str, Any]) -> None:
    """A PUT answers with the whole document, a GET with the same, and that document is accepted again."""
    status, set_now = await put(client, path, document)
    assert status == 200
    assert set_now["scenarios"][0].items() >= {**document["scenarios"][0], "fired": 0}.items()
    assert await get(client, path) == set_now
    assert await put(client, path, set_now) == (200, set_now)


@pytest.mark.parametrize(
    ("path", "document", "said"),
    [
        ("/api/identity/faults", {"rolls": []}, "rolls"),
        ("/api/identity/faults", {"roles": "SMTP.SendAsApp"}, "$.roles"),
        ("/api/identity/faults", {"scenarios": [{"name": "status", "match": {"mailbox": "x"}}]}, "match.mailbox"),
        ("/api/storage/faults", {"scenarios": [{"name": "explode"}]}, "explode"),
        ("/api/storage/faults", {"scenarios": [{"count": 1}]}, "name"),
        ("/api/storage/faults", [], "object"),
    ],
)
async def test_a_wrong_document_is_refused_by_name(client: Client, path: str, document: object, said: str) -> None:
    """A field that does not exist or does not fit is named, and nothing changes."""
    before = await get(client, path)
    status, answer = await put(client, path, document)
    assert status == 422
    assert said in answer["error"]
    assert await get(client, path) == before


async def test_any_token_can_be_made(client: Client, directory: Directory) -> None:
    """A test gets a token with the claims it asks for, signed by the published key, and the counters do not move."""
    wanted = {"resource": "api://keyless-mail", "client_id": APP, "claims": {"roles": ["Mail.Send"], "nbf": None}}
    async with client.post("/api/identity/tokens", json=wanted) as answer:
        token = (await answer.json())["access_token"]
    key = directory.keys.public_keys()[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token, key, ["RS256"], audience="api://keyless-mail", options={"verify_iat": False, "verify_exp": False}
    )
    assert (claims["appid"], claims["roles"], claims["exp"], "nbf" in claims) == (APP, ["Mail.Send"], NOW + 3600, False)
    assert (await get(client, "/api/identity/stats"))["issued"] == 0


async def test_keys_rotate_on_demand(client: Client, directory: Directory) -> None:
    """The answer names the key that signs from now on; the one before stays published."""
    before = set(directory.keys.public_keys())
    async with client.post("/api/identity/keys") as answer:
        kid = (await answer.json())["kid"]
    assert set(directory.keys.public_keys()) == before | {kid}


async def test_operations_are_told_and_reset(client: Client) -> None:
    """Without any request the counters are all empty, before and after a reset."""
    empty = {"total": 0, "operations": {}, "resources": {}, "disturbed": {}}
    assert await get(client, "/api/storage/operations") == empty
    async with client.delete("/api/storage/operations") as answer:
        assert await answer.json() == empty

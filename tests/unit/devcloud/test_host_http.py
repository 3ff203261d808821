"""The HTTP side of the stand-in host."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import azure.functions as func
import pytest

from tests.unit.devcloud.host_fixtures import Queues, Running, running

MASTER = {"x-functions-key": "master-key"}
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def http_app(seen: list[func.QueueMessage]) -> func.FunctionApp:
    """Return an app with a route for everything that is tested here."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route("echo/{kind}", methods=["GET", "POST", "OPTIONS"])
    async def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        seen_request = {
            "method": req.method,
            "url": req.url,
            "params": dict(req.params),
            "route": dict(req.route_params),
            "headers": dict(req.headers),
            "body": req.get_body().hex(),
            "trace": context.trace_context.trace_parent,
            "context": [context.function_name, context.invocation_id, context.function_directory],
        }
        return func.HttpResponse(json.dumps(seen_request), mimetype="application/json")

    @app.route("answer/{kind}")
    def answer(req: func.HttpRequest) -> func.HttpResponse:
        if req.route_params["kind"] == "fails":
            raise KeyError("a secret text")
        if req.route_params["kind"] == "splits":
            return func.HttpResponse("x", headers={"X-One": "1\r\nX-Two: 2"})
        if req.route_params["kind"] == "nothing":
            return None  # type: ignore[return-value]  # the mistake under test
        headers = {"X-One": "1", "Set-Cookie": "a=b; HttpOnly", "Content-Length": "3"}
        return func.HttpResponse(b"teapot", status_code=418, headers=headers)

    @app.route("text")
    def text(req: func.HttpRequest) -> str:
        return str(req.params["t"])

    @app.route("guarded", auth_level=func.AuthLevel.FUNCTION)
    def guarded(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(req.method)

    @app.route("boss", auth_level=func.AuthLevel.ADMIN)
    def boss(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(req.method)

    @app.queue_trigger(arg_name="message", queue_name="%Q%-jobs", connection="SampleStorage")
    def work(message: func.QueueMessage) -> None:
        seen.append(message)

    return app


@pytest.fixture
def seen() -> list[func.QueueMessage]:
    """What the queue function was given."""
    return []


@pytest.fixture
async def host(queues: Queues, tmp_path: Path, seen: list[func.QueueMessage]) -> AsyncIterator[Running]:
    """The app above, running."""
    async with running(http_app(seen), tmp_path, queues, settings={"AzureWebJobs.text.Disabled": "true"}) as host:
        yield host


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that keeps no cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def test_a_request_reaches_its_function_in_the_form_of_the_host(host: Running, session: aiohttp.ClientSession) -> None:
    """Header names are lower-cased, the URL is full, doubled values are joined, route values are decoded."""
    headers = [("X-Twice", "a"), ("X-Twice", "b"), ("traceparent", f"00-{TRACE_ID}-00f067aa0ba902b7-01")]
    url = f"{host.url}/api/Echo/a%20b?x=1&x=2&y=%C3%A9"
    async with session.post(url, data=b"\x00\xff", headers=headers) as answer:
        told = await answer.json()
    assert told["method"] == "POST"
    assert told["url"].startswith(f"{host.url}/api/Echo/a%20b?x=1")
    assert told["params"] == {"x": "1,2", "y": "é"}
    assert told["route"] == {"kind": "a b"}
    assert told["headers"]["x-twice"] == "a,b"
    assert told["body"] == "00ff"
    assert told["trace"] == f"00-{TRACE_ID}-00f067aa0ba902b7-01"
    name, invocation, directory = told["context"]
    assert (name, len(invocation), Path(directory).name) == ("echo", 36, "devcloud")


async def test_without_a_valid_traceparent_each_invocation_gets_its_own(
    host: Running, session: aiohttp.ClientSession
) -> None:
    """A missing or malformed header gives a fresh sampled trace, never the same twice."""
    traces = set()
    for header in ({}, {}, {"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, {"traceparent": "nonsense"}):
        async with session.get(f"{host.url}/api/echo/x", headers=header) as answer:
            traces.add((await answer.json())["trace"])
    assert len(traces) == 4
    assert all(trace.startswith("00-") and trace.endswith("-01") for trace in traces)
    assert f"00-{'0' * 32}-00f067aa0ba902b7-01" not in traces


async def test_status_headers_cookies_and_body_come_back(host: Running, session: aiohttp.ClientSession) -> None:
    """What the function returns is what the caller gets; the length is the real one."""
    async with session.get(f"{host.url}/api/answer/tea") as answer:
        assert (answer.status, await answer.read()) == (418, b"teapot")
        assert (answer.headers["X-One"], answer.headers["Content-Length"]) == ("1", "6")
        assert answer.headers["Set-Cookie"] == "a=b; HttpOnly"
        assert answer.content_type == "text/plain"
    async with session.head(f"{host.url}/api/answer/tea") as answer:
        assert (answer.status, await answer.read()) == (418, b"")
    async with session.options(f"{host.url}/api/echo/x") as answer:
        assert (await answer.json())["method"] == "OPTIONS"


@pytest.mark.parametrize("kind", ["fails", "nothing", "splits"])
async def test_a_failed_function_answers_500_with_an_empty_body(
    host: Running, session: aiohttp.ClientSession, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception, a None result and a split header give 500; the log names the type, never the text."""
    async with session.get(f"{host.url}/api/answer/{kind}") as answer:
        assert (answer.status, await answer.read()) == (500, b"")
    assert "function answer" in caplog.text
    assert "secret" not in caplog.text
    async with session.get(f"{host.url}/api/echo/still-alive") as answer:
        assert answer.status == 200


async def test_the_order_of_answers_is_no_route_then_key_then_disabled(
    host: Running, session: aiohttp.ClientSession
) -> None:
    """404 for no route or method, 401 for a missing or weak key, 404 for a disabled function unless master."""
    wanted = [
        ("GET", "/api/nowhere", {}, 404),
        ("GET", "/echo/x", {}, 404),
        ("DELETE", "/api/echo/x", {}, 404),
        ("GET", "/api/guarded", {}, 401),
        ("GET", "/api/guarded?code=wrong", {}, 401),
        ("GET", "/api/guarded?code=function-key", {}, 200),
        ("GET", "/api/guarded?code=function-key", {"x-functions-key": "wrong"}, 401),
        ("GET", "/api/guarded", MASTER, 200),
        ("GET", "/api/boss?code=function-key", {}, 401),
        ("GET", "/api/boss", MASTER, 200),
        ("GET", "/api/text?t=x", {}, 404),
        ("GET", "/api/text?t=x", MASTER, 200),
    ]
    for method, path, headers, status in wanted:
        async with session.request(method, f"{host.url}{path}", headers=headers) as answer:
            assert (method, path, answer.status) == (method, path, status)


async def test_a_text_that_describes_a_response_is_read_as_one(host: Running, session: aiohttp.ClientSession) -> None:
    """A bare text is the body; a JSON object with a body is a response, as in the real host."""
    described = json.dumps({"status": 202, "body": "accepted", "headers": {"X-Two": "2"}})
    for text, status, body in [("plain", 200, "plain"), ('{"a": 1}', 200, '{"a": 1}'), (described, 202, "accepted")]:
        async with session.get(f"{host.url}/api/text", params={"t": text}, headers=MASTER) as answer:
            assert (answer.status, await answer.text()) == (status, body)


async def test_an_operator_can_run_a_function_by_hand_and_ask_for_the_state(
    host: Running, session: aiohttp.ClientSession, seen: list[func.QueueMessage]
) -> None:
    """Both admin routes want the master key; a run by hand is accepted at once and gets the input as its message."""
    url = f"{host.url}/admin/functions/work"
    async with session.post(url, json={"input": "by hand"}) as answer:
        assert answer.status == 401
    async with session.post(url, data=b"[]", headers=MASTER) as answer:
        assert answer.status == 400
    async with session.post(url, json={"input": "by hand"}, headers=MASTER) as answer:
        assert answer.status == 202
    for name in ("echo", "nobody"):
        async with session.post(f"{host.url}/admin/functions/{name}", json={}, headers=MASTER) as answer:
            assert answer.status == 404
    async with session.get(f"{host.url}/admin/host/status") as answer:
        assert answer.status == 401
    async with asyncio.timeout(10):
        while True:
            async with session.get(f"{host.url}/admin/host/status", headers=MASTER) as answer:
                status = await answer.json()
            if seen and status["inFlight"] == 0:
                break
    assert status == {
        "state": "Running",
        "functions": ["answer", "boss", "echo", "guarded", "text", "work"],
        "inFlight": 0,
    }
    assert seen[0].get_body() == b"by hand"


async def test_a_stop_does_not_wait_for_a_request_that_never_ends(queues: Queues, tmp_path: Path) -> None:
    """When the drain time is over, open requests are cut and the host ends."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    @app.route("endless")
    async def endless(req: func.HttpRequest) -> func.HttpResponse:
        loop.call_soon_threadsafe(begun.set)
        await asyncio.Event().wait()
        return func.HttpResponse(req.method)

    async with aiohttp.ClientSession() as session, asyncio.timeout(20):
        async with running(app, tmp_path, queues, knobs={"drain": 0.1}) as host:
            request = asyncio.create_task(session.get(f"{host.url}/api/endless"))
            await begun.wait()
        with pytest.raises(aiohttp.ClientError):
            await request

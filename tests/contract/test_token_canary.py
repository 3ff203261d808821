"""Endpoints that quote the token in what they answer wrongly: no piece of it is in an exception, a log line or a span."""

import logging
import time
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from devcloud.directory import IdentityFaults
from devcloud.listening import listen
from devcloud.tokens import SigningKeys
from shared.edges.storage_credential import StorageIdentity
from shared.edges.token_source import FetchToken, TokenSource
from shared.rules.storage_errors import StorageUnavailable
from shared.rules.token_errors import TokenUnavailable
from tests.fakes.recorder import Recorder
from tests.fakes.token_rig import AUDIENCE, HEADER, SCOPE, Endpoints, endpoints
from tests.flows.canary import CLAIM, MARK, leaks

QUOTING = ("text", "json", "no-expiry", "bad-expiry", "400", "401", "429", "500", "302")
"""Ways to answer with the token where a token should not be, or with too little beside it."""


COLLECTED = logging.INFO
"""The level from which the Functions host collects what libraries log."""


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    """Making RSA keys takes its time."""
    return SigningKeys()


@pytest.fixture
async def rig(keys: SigningKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoints]:
    """Both endpoints, with the mark in every token."""
    async with endpoints(keys, tmp_path, monkeypatch) as built:
        built.directory.set_faults(IdentityFaults(claims={CLAIM: MARK}))
        yield built


def answer(how: str, token: str) -> web.Response:
    """The endpoint's answer."""
    good = {"access_token": token, "expires_on": "4000000000", "resource": "r", "token_type": "Bearer"}
    match how:
        case "text":
            return web.Response(text=f"<html>{token}</html>", content_type="text/html")
        case "json":
            return web.json_response([token])
        case "no-expiry":
            return web.json_response({"access_token": token})
        case "bad-expiry":
            return web.json_response({**good, "expires_on": token})
        case "302":
            return web.Response(status=302, headers={"Location": f"http://127.0.0.1:9/{token}"})
        case status:
            said = {"statusCode": int(status), "message": token, "error": token, "error_description": token}
            return web.json_response(said, status=int(status))


@pytest.fixture
async def marked(
    request: pytest.FixtureRequest, rig: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Endpoints]:
    """The managed identity's endpoint is one that quotes a marked token in its own way."""
    token, _ = await rig.managed().__call__()
    assert leaks(token)

    async def quote(asked: web.Request) -> web.Response:
        assert asked.headers["X-IDENTITY-HEADER"] == HEADER
        return answer(request.param, token)

    app = web.Application()
    app.router.add_get("/msi/token", quote)
    runner, port = await listen(app)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{port}/msi/token")
    yield rig
    await runner.cleanup()


async def failed(fetch: FetchToken) -> str:
    """What is left of a fetch that fails: the exception with all that it came from, and its span."""
    recorder = Recorder()
    source = TokenSource(fetch, telemetry=recorder.telemetry, clock=time.time)
    with pytest.raises(TokenUnavailable) as unavailable:
        await source.get()
    assert unavailable.value.__cause__ is None
    assert unavailable.value.__context__ is None
    told = "".join(traceback.format_exception(unavailable.value))
    spans = "".join(span.to_json() + repr(span.events) for span in recorder.spans("token fetch"))
    assert spans
    return told + repr(unavailable.value.reason) + spans + repr(recorder.durations)


@pytest.mark.parametrize("marked", QUOTING, indirect=True)
async def test_an_endpoint_that_quotes_the_token_is_not_quoted(marked: Endpoints) -> None:
    """By either way that asks it: neither in the exception and what it came from, nor in span and metric."""
    assert leaks(await failed(marked.managed())) == []
    assert leaks(await failed(marked.federated())) == []


@pytest.mark.parametrize("marked", QUOTING, indirect=True)
async def test_nor_do_the_libraries_log_it(marked: Endpoints, caplog: pytest.LogCaptureFixture) -> None:
    """Every logger of every library, at the level that the host collects."""
    with caplog.at_level(COLLECTED):
        await failed(marked.managed())
        await failed(marked.federated())
    assert leaks(caplog.text) == []


@pytest.mark.parametrize("marked", QUOTING, indirect=True)
async def test_where_storage_asks_the_fault_does_not_quote_it(marked: Endpoints) -> None:
    """The storage's credential asks the same endpoint; its fault is the storage's, and says only that."""
    del marked
    identity = StorageIdentity(None)
    with pytest.raises(StorageUnavailable) as unavailable:
        await identity.get_token("https://storage.azure.com/.default")
    await identity.close()
    assert unavailable.value.__suppress_context__
    assert leaks("".join(traceback.format_exception(unavailable.value)) + repr(unavailable.value.reason)) == []


async def test_a_refusing_authority_is_not_told_about_in_pieces(rig: Endpoints, caplog: pytest.LogCaptureFixture) -> None:
    """Entra refuses the assertion, itself a marked token: neither it nor the answer is anywhere."""
    rig.directory.set_faults(IdentityFaults(claims={CLAIM: MARK}, federated_subjects=[]))
    with caplog.at_level(COLLECTED):
        left = await failed(rig.federated())
    assert "federation-refused" in left
    assert leaks(left) == []
    assert leaks(caplog.text) == []


async def test_a_token_that_is_had_is_in_no_log_either(rig: Endpoints, caplog: pytest.LogCaptureFixture) -> None:
    """By both ways, and for the assertion's audience."""
    recorder = Recorder()
    with caplog.at_level(COLLECTED):
        for fetch in (rig.managed(scope=SCOPE), rig.managed(scope=AUDIENCE), rig.federated()):
            source = TokenSource(fetch, telemetry=recorder.telemetry, clock=time.time)
            token = await source.get()
            assert leaks(token.value)
            assert leaks(repr(token) + repr(vars(source))) == []
    assert caplog.records
    assert leaks(caplog.text) == []
    assert leaks("".join(span.to_json() for span in recorder.spans("token fetch"))) == []

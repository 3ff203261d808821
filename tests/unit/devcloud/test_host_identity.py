"""Connections without a secret: the host's managed identity against an Azurite that wants tokens over TLS."""

import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import trustme
from aiohttp import web

from tests.unit.devcloud.host_azurite import ACCOUNT, Ports, azurite
from tests.unit.devcloud.host_fixtures import Queues, host_process

APP = Path(__file__).parent / "apps" / "every_kind"
RESOURCE = "https://storage.azure.com"
HEADER = "only-this-process-knows"
CLIENT_ID = "11111111-2222-3333-4444-555555555555"


def token() -> str:
    """Return what Azurite takes for a token: it checks these claims and no signature."""
    now = int(time.time())
    claims = {"iss": "https://sts.windows.net/contoso/", "aud": RESOURCE, "iat": now, "nbf": now, "exp": now + 3600}
    return jwt.encode(claims, "a key that nobody checks, long enough", "HS256")


@contextlib.asynccontextmanager
async def identity_endpoint(asked: list[dict[str, str]]) -> AsyncIterator[str]:
    """Serve the App Service managed-identity protocol; keeps what was asked."""

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("X-IDENTITY-HEADER") != HEADER:
            return web.Response(status=401)
        asked.append(dict(request.query))
        expires = str(int(time.time()) + 3600)
        return web.json_response(
            {"access_token": token(), "expires_on": expires, "resource": RESOURCE, "token_type": "Bearer"}
        )

    app = web.Application()
    app.router.add_get("/msi/token", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/msi/token"
    finally:
        await runner.cleanup()


def settings(ports: Ports, endpoint: str, ca_file: Path) -> dict[str, str]:
    """Return app settings that hold no key at all."""
    queue, blob = (f"https://127.0.0.1:{port}/{ACCOUNT}" for port in (ports.queue, ports.blob))
    return {
        "AzureWebJobsStorage__queueServiceUri": queue,
        "AzureWebJobsStorage__blobServiceUri": blob,
        "AzureWebJobsStorage__credential": "managedidentity",
        "SampleStorage__queueServiceUri": queue,
        "SampleStorage__credential": "managedidentity",
        "SampleStorage__clientId": CLIENT_ID,
        "JOBS_QUEUE": "jobs",
        "RESULTS_QUEUE": "results",
        "TICKS_QUEUE": "ticks",
        "TICK": "* * * * * *",
        "IDENTITY_ENDPOINT": endpoint,
        "IDENTITY_HEADER": HEADER,
        "DEVCLOUD_CA_FILE": str(ca_file),
    }


async def test_queues_and_timers_work_with_tokens_alone(tmp_path: Path) -> None:
    """With endpoints and a managed identity instead of keys, a message is processed and a timer fires."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    tls = ("--oauth", "basic", "--cert", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem"))
    asked: list[dict[str, str]] = []
    with azurite(tmp_path, *tls) as ports:
        async with identity_endpoint(asked) as endpoint:
            environment = settings(ports, endpoint, tmp_path / "ca.pem")
            queues = Queues(ports, "", {}, secure_with=str(tmp_path / "ca.pem"))
            await queues.create("jobs")
            await queues["jobs"].send_message("hello")
            async with host_process(["--app", str(APP)], environment, tmp_path / "log"):
                assert json.loads(await queues.taken("results"))["body"] == "hello"
                assert await queues.taken("ticks") == "on time"
            await queues.close()
    assert {question["resource"] for question in asked} == {RESOURCE}
    assert {question.get("client_id") for question in asked} == {None, CLIENT_ID}

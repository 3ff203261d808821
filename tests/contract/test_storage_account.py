"""The storage account on a real Azurite: rights, first use, certificates, the managed identity, and what faults say."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import jwt
import pytest
import trustme
from aiohttp import web

from shared.edges.queues import Queues
from shared.edges.storage_account import StorageAccount
from shared.edges.storage_table import Table, create
from shared.rules.storage_config import StorageSettings
from shared.rules.storage_errors import NotStorable, StorageFault, StorageForbidden, StorageUnavailable
from tests.azurite import RunningAzurite, running_azurite
from tests.contract.conftest import Cloud

ROW = {"PartitionKey": "p", "RowKey": "r"}

AT = ";TableEndpoint=http://127.0.0.1:9/a"
"""Where nobody listens: the discard port."""

RIGHTS = [
    ("AuthorizationPermissionMismatch", "storage-role-missing", "Storage Queue Data Contributor"),
    ("AuthorizationFailure", "storage-forbidden", "firewall"),
    ("AuthenticationFailed", "storage-not-authenticated", "MailStorage"),
    ("KeyBasedAuthenticationNotPermitted", "storage-keys-off", "MailStorage__accountName"),
]


@pytest.mark.parametrize(("code", "reason", "cure"), RIGHTS)
async def test_a_missing_right_is_named(cloud: Cloud, code: str, reason: str, cure: str) -> None:
    """A 403 says in plain words which right is missing, at once: repeating would not help."""
    cloud.arm("status", "queue.put-message", status=403, code=code)
    with pytest.raises(StorageForbidden, match=cure) as caught:
        await Queues(cloud.account).put("sending", "a")
    assert caught.value.reason.code == reason
    assert cloud.pauses == []


async def test_a_queue_that_may_not_be_made_is_named(cloud: Cloud) -> None:
    """Where the app may write but not create, the fault says that something is missing."""
    cloud.arm("status", "queue.create", status=403, code="AuthorizationPermissionMismatch")
    with pytest.raises(StorageForbidden, match="queue is missing and the app may not create it"):
        await Queues(cloud.account).put("sending", "a")


async def test_a_wrong_key_is_named(cloud: Cloud) -> None:
    """The real storage's answer to a wrong key is a missing right, not an outage."""
    text = cloud.connection_string.replace("AccountKey=", "AccountKey=AAAA")
    account = StorageAccount(StorageSettings(connection_string=text))
    with pytest.raises(StorageForbidden) as caught:
        await Queues(account).put("sending", "a")
    assert caught.value.reason.code == "storage-not-authenticated"
    await account.close()


@pytest.mark.parametrize("text", ["", "nonsense", "AccountName=a"])
async def test_unusable_settings_are_named(text: str) -> None:
    """A connection string that leads nowhere is a fault with a cure, not a crash; it never shows the string."""
    account = StorageAccount(StorageSettings(connection_string=text), sleep=_at_once)
    with pytest.raises(StorageUnavailable, match="MailStorage") as caught:
        await Table(account, "ledger").get("p", "r")
    assert "AccountKey" not in str(caught.value)
    await account.close()


async def test_no_settings_at_all_are_named() -> None:
    """Neither a connection string nor an address is named too."""
    account = StorageAccount(StorageSettings())
    with pytest.raises(StorageUnavailable, match="MailStorage__accountName"):
        await Queues(account).put("sending", "a")
    await account.close()


async def test_nobody_listening_is_an_outage() -> None:
    """A storage that cannot be reached is unavailable after three attempts."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    account = StorageAccount(StorageSettings(connection_string=f"AccountName=a;AccountKey=AAAA{AT}"), sleep=sleep)
    with pytest.raises(StorageUnavailable) as caught:
        await Table(account, "ledger").get("p", "r")
    assert caught.value.reason.code == "storage-unreachable"
    assert len(pauses) == 2
    await account.close()


async def test_a_value_too_large_is_refused_for_good(cloud: Cloud) -> None:
    """What a table can never hold is not called an outage: that would be repeated for ever."""
    with pytest.raises(NotStorable):
        await Table(cloud.account, "ledger").transact([create({**ROW, "Text": "x" * 40_000})])


async def test_faults_hold_nothing_of_the_request(cloud: Cloud) -> None:
    """Neither the text of a fault nor its traceback shows keys, names or content of the request."""
    cloud.arm("status", "table.*", status=400, code="InvalidInput <secret>", count=9)
    with pytest.raises(StorageFault) as caught:
        await Table(cloud.account, "ledger").transact([create({"PartitionKey": "bob", "RowKey": "r", "Text": "secret"})])
    assert "secret" not in str(caught.value)
    assert "bob" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_requests_are_not_logged(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    """At level INFO, which the host collects, the libraries write nothing about requests."""
    caplog.set_level("INFO")
    await Table(cloud.account, "ledger").upsert(ROW)
    await Queues(cloud.account).put("sending", "a")
    assert [record.name for record in caplog.records if record.name.startswith("azure")] == []


async def test_connections_are_reused(cloud: Cloud) -> None:
    """Twenty calls after each other use one connection; closing ends it."""
    table = Table(cloud.account, "ledger")
    await table.upsert(ROW)
    for _ in range(20):
        await table.get("p", "r")
    session = cloud.account._session  # noqa: SLF001 - nothing public shows connections
    assert session is not None
    assert session.connector is not None
    assert sum(len(idle) for idle in session.connector._conns.values()) == 1  # noqa: SLF001 - as above
    await cloud.account.close()
    assert session.closed


async def test_a_closed_account_can_be_used_again(cloud: Cloud) -> None:
    """Closing is no end: the next call opens new connections."""
    table = Table(cloud.account, "ledger")
    await table.upsert(ROW)
    await cloud.account.close()
    assert await table.get("p", "r") is not None


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """A certificate authority that nobody knows, and its file."""
    ca, folder = trustme.CA(), tmp_path_factory.mktemp("authority")
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    return ca, folder / "ca.pem"


@pytest.fixture(scope="module")
def tls_azurite(authority: tuple[trustme.CA, Path]) -> Iterator[RunningAzurite]:
    """An Azurite that speaks TLS and checks bearer tokens."""
    ca, file = authority
    certificate = ca.issue_cert("localhost", "127.0.0.1")
    chain, key = file.with_name("chain.pem"), file.with_name("key.pem")
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(str(key))
    with running_azurite(
        os.environ, scheme="https", options=["--oauth", "basic", "--cert", str(chain), "--key", str(key)]
    ) as run:
        yield run


@pytest.fixture
async def identity(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """The platform's identity endpoint; the list holds what was asked of it."""
    asked: list[str] = []

    async def token(request: web.Request) -> web.Response:
        asked.append(request.query["resource"])
        if request.query.get("client_id") == "unknown":
            return web.json_response({"error": "no such identity"}, status=403)
        now = int(time.time())
        claims = {"nbf": now - 60, "iat": now - 60, "exp": now + 3600}
        claims |= {"iss": "https://sts.windows.net/contoso/", "aud": "https://storage.azure.com"}  # type: ignore[dict-item]  # claims are of many types
        made = jwt.encode(claims, "k" * 32, algorithm="HS256")
        return web.json_response(
            {"access_token": made, "expires_on": str(now + 3600), "resource": "r", "token_type": "Bearer"}
        )

    app = web.Application()
    app.router.add_get("/msi/token", token)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{runner.addresses[0][1]}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "a header")
    yield asked
    await runner.cleanup()


def keyless(azurite: RunningAzurite, ca_file: Path | None, client_id: str | None = None) -> StorageSettings:
    """Settings without any key."""
    name = azurite.fresh_account()
    uris = {f"{service}_uri": f"{origin}/{name}" for service, origin in azurite.origins().items()}
    return StorageSettings(**uris, client_id=client_id, ca_file=str(ca_file) if ca_file else None)


async def test_the_managed_identity_opens_the_storage(
    tls_azurite: RunningAzurite, authority: tuple[trustme.CA, Path], identity: list[str]
) -> None:
    """Without any key, over TLS: a row and a message are written; one token is fetched for all services at the same time."""
    account = StorageAccount(keyless(tls_azurite, authority[1]))
    await asyncio.gather(Table(account, "ledger").upsert(ROW), Queues(account).put("sending", "a"))
    assert await Table(account, "ledger").get("p", "r") is not None
    assert await Queues(account).peek_visible("sending") is True
    assert set(identity) == {"https://storage.azure.com"}
    assert len(identity) == 1
    await account.close()


async def test_an_identity_without_a_token_is_named(
    tls_azurite: RunningAzurite, authority: tuple[trustme.CA, Path], identity: list[str]
) -> None:
    """The endpoint's 403 is not taken for one of the storage's."""
    account = StorageAccount(keyless(tls_azurite, authority[1], client_id="unknown"))
    with pytest.raises(StorageUnavailable, match="MailStorage__clientId") as caught:
        await Queues(account).put("sending", "a")
    assert caught.value.reason.code == "storage-token"
    assert identity
    await account.close()


@pytest.mark.usefixtures("identity")
async def test_an_unknown_authority_is_not_trusted(tls_azurite: RunningAzurite) -> None:
    """Without the CA file there is no connection, and the fault says why."""
    account = StorageAccount(keyless(tls_azurite, None), sleep=_at_once)
    with pytest.raises(StorageUnavailable) as caught:
        await Queues(account).put("sending", "a")
    assert caught.value.reason.code == "storage-tls"
    await account.close()


async def test_a_missing_ca_file_is_named() -> None:
    """A CA file that is not there is a fault with its setting's name."""
    account = StorageAccount(StorageSettings(queue_uri="https://127.0.0.1:9", ca_file="/nowhere.pem"))
    with pytest.raises(StorageUnavailable, match="MAIL_CA_FILE"):
        await Queues(account).put("sending", "a")
    await account.close()


async def _at_once(_seconds: float) -> None:
    return

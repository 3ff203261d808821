"""A storage account that takes tokens: Azurite's three services over TLS, which ask what they can of a bearer token."""

import base64
import re
import secrets
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import trustme
from azure.core.credentials import AccessToken
from azure.storage.queue import QueueClient

from devcloud import azurite
from devcloud.node import find_node
from devcloud.processes import Child, stop_all
from tests.flows.processes import START_SECONDS, STOP_SECONDS, Cloud
from tests.flows.storage_front import StorageFront

RESOURCE = "https://storage.azure.com"
"""Audience of the tokens for every storage account."""

SERVICES = ("blob", "queue", "table")

_MAIL_ACCOUNT, _HOST_ACCOUNT = "devmail", "devhost"
_SCRIPT = Path(azurite.__file__).parent / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at https://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class Bearer:
    """A credential that shows one token, as the cloud's identity endpoint gives it for `resource`."""

    cloud: Cloud
    resource: str = RESOURCE

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:  # noqa: ANN401 - the SDK's protocol
        """Ask anew each time."""
        settings = self.cloud.settings
        answer = httpx.get(
            settings["IDENTITY_ENDPOINT"],
            params={"api-version": "2019-08-01", "resource": self.resource},
            headers={"X-IDENTITY-HEADER": settings["IDENTITY_HEADER"]},
            trust_env=False,
        )
        said = answer.json()
        return AccessToken(said["access_token"], int(said["expires_on"]))


@dataclass(frozen=True, slots=True)
class SecureStorage:
    """The running emulator: `ports` its own, `front` before the mail's account. Nobody has a key: no app, host or test.

    In `data` is everything that it holds, complete once it has ended.
    """

    ports: Mapping[str, int]
    front: Mapping[str, int]
    ca_file: Path
    data: Path

    def settings(self) -> dict[str, str]:
        """Both storages as app settings: addresses, and the word that the identity is the credential.

        Not `localhost`: at any port but one, the table library takes that for Cosmos DB and asks for another audience.
        """
        mail = {f"MailStorage__{service}ServiceUri": f"https://127.0.0.1:{self.front[service]}" for service in SERVICES}
        host = {
            f"AzureWebJobsStorage__{service}ServiceUri": f"https://127.0.0.1:{self.ports[service]}/{_HOST_ACCOUNT}"
            for service in SERVICES
        }
        managed = {f"{name}__credential": "managedidentity" for name in ("MailStorage", "AzureWebJobsStorage")}
        return {**mail, **host, **managed}

    def queue(self, name: str, credential: Bearer) -> QueueClient:
        """A queue of the mail's account for whoever has this credential."""
        origin = f"https://127.0.0.1:{self.front['queue']}"
        return QueueClient(origin, name, credential, connection_verify=str(self.ca_file), retry_total=0)


@contextmanager
def secure_storage(folder: Path, path: str) -> Iterator[SecureStorage]:
    """Run it until the end of the block; `path` is where Node is looked for."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = {name: folder / f"{name}.pem" for name in ("ca", "chain", "key")}
    authority.cert_pem.write_to_path(str(files["ca"]))
    certificate.cert_chain_pems[0].write_to_path(str(files["chain"]))
    certificate.private_key_pem.write_to_path(str(files["key"]))
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=str(files["ca"]))
    certificate.configure_cert(server)
    data = folder / "azurite"
    data.mkdir()
    child = Child("secure-storage", _command(files, path, data), environment=_environment(path), folder=folder, cwd=folder)
    try:
        ports = child.wait_ready(_ports, seconds=START_SECONDS)
        origins = {service: f"https://127.0.0.1:{ports[service]}" for service in SERVICES}
        with StorageFront(_MAIL_ACCOUNT, origins, server=server, client=client) as front:
            yield SecureStorage(ports, front.ports, files["ca"], data)
    finally:
        stop_all([child], seconds=STOP_SECONDS)


def _command(files: Mapping[str, Path], path: str, data: Path) -> list[str]:
    ports = [word for service in SERVICES for word in (f"--{service}Port", "0")]
    tls = ["--cert", str(files["chain"]), "--key", str(files["key"]), "--oauth", "basic"]
    quiet = ["--location", str(data), "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    return [find_node(path, beside=Path(sys.executable).parent), str(_SCRIPT), *ports, *tls, *quiet]


def _environment(path: str) -> dict[str, str]:
    """Azurite wants a key for each account; these are forgotten at once."""
    keys = {account: base64.b64encode(secrets.token_bytes(64)).decode() for account in (_MAIL_ACCOUNT, _HOST_ACCOUNT)}
    return {"PATH": path, "AZURITE_ACCOUNTS": ";".join(f"{account}:{key}" for account, key in keys.items())}


def _ports(output: str) -> dict[str, int] | None:
    ports = {service.lower(): int(port) for service, port in _LISTENING.findall(output)}
    return ports if len(ports) == len(SERVICES) else None

"""A queue that takes tokens and no keys: Azurite over TLS, which asks what it can of a bearer token."""

import base64
import re
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

import trustme
from azure.core.credentials import AzureNamedKeyCredential
from azure.storage.queue import QueueClient

from devcloud import azurite
from devcloud.node import find_node
from devcloud.processes import Child
from tests.flows.processes import START_SECONDS

_ACCOUNT = "contosomail"
_SCRIPT = Path(azurite.__file__).parent / "node_modules" / "azurite" / "dist" / "src" / "queue" / "main.js"
_LISTENING = re.compile(r"successfully listens? (?:at|on) (https://127\.0\.0\.1:\d+)")


@dataclass(frozen=True, slots=True)
class SecureQueue:
    """The running emulator with one queue. `client` holds the account's key, so that a test can look into it."""

    child: Child
    client: QueueClient
    ca_file: Path

    @classmethod
    def start(cls, folder: Path, path: str) -> "SecureQueue":
        """Start it, wait until it listens and make the queue; `path` is where Node is looked for."""
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        files = {name: folder / f"{name}.pem" for name in ("ca", "chain", "key")}
        authority.cert_pem.write_to_path(str(files["ca"]))
        certificate.cert_chain_pems[0].write_to_path(str(files["chain"]))
        certificate.private_key_pem.write_to_path(str(files["key"]))
        account_key = base64.b64encode(secrets.token_bytes(64)).decode()
        node = find_node(path, beside=Path(sys.executable).parent)
        tls = ["--cert", str(files["chain"]), "--key", str(files["key"]), "--oauth", "basic"]
        command = [
            node,
            str(_SCRIPT),
            "--location",
            str(folder),
            "--queuePort",
            "0",
            "--skipApiVersionCheck",
            "--silent",
            *tls,
        ]
        environment = {"PATH": path, "AZURITE_ACCOUNTS": f"{_ACCOUNT}:{account_key}"}
        child = Child("secure-queue", command, environment=environment, folder=folder)
        origin = child.wait_ready(_origin, seconds=START_SECONDS)
        credential = AzureNamedKeyCredential(_ACCOUNT, account_key)
        client = QueueClient(f"{origin}/{_ACCOUNT}", "outbox", credential, connection_verify=str(files["ca"]))
        client.create_queue()
        return cls(child, client, files["ca"])


def _origin(output: str) -> str | None:
    found = _LISTENING.search(output)
    return found and found[1]

"""Azurite, Microsoft's storage emulator: found, started on free ports with two accounts of its own, and addressed.

The host and the mail have an account each, as in Azure: nothing that a caller names may reach the host's.
"""

import base64
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devcloud.node import NodeFault, find_node
from devcloud.processes import Child, StartFault, stop_all

HOST_ACCOUNT = "devhost"
MAIL_ACCOUNT = "devmail"

_SERVICES = ("blob", "queue", "table")
_SCRIPT = Path(__file__).parent / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
_START_SECONDS = 60.0  # about one second on an idle machine; generous for one that is busy
_STOP_SECONDS = 15.0  # it writes its databases to disk on SIGTERM; a SIGKILL would lose the latest writes
_KEY_BYTES = 64  # what Azure's account keys have
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class Accounts:
    """The account keys of one run (Base64)."""

    host_key: str
    mail_key: str

    @classmethod
    def random(cls) -> "Accounts":
        """New keys."""
        return cls(*(base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode() for _ in range(2)))


class Azurite:
    """One Azurite with its data in a folder of its own. `ports` is complete once `wait_ready` has returned."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str]) -> None:
        self.accounts = Accounts.random()
        self.ports: dict[str, int] = {}
        data = folder / "azurite"
        data.mkdir()
        accounts = f"{HOST_ACCOUNT}:{self.accounts.host_key};{MAIL_ACCOUNT}:{self.accounts.mail_key}"
        self._folder = folder
        self._environment = {**environment, "AZURITE_ACCOUNTS": accounts}
        self.child = self._start()

    def start_again(self) -> None:
        """Start it once more after `stop`, with the same data, accounts and ports; returns at once."""
        self.child = self._start()

    def _start(self) -> Child:
        command = _command(self._folder / "azurite", self._environment, self.ports)
        return Child("azurite", command, environment=self._environment, folder=self._folder)

    def has_started(self) -> bool:
        """Whether all three services listen, without waiting. Raises `StartFault` when it has ended instead."""
        return self.child.look(_ports) is not None

    def wait_ready(self) -> None:
        """Wait until all three services listen. Raises `StartFault`."""
        self.ports = self.child.wait_ready(_ports, seconds=_START_SECONDS)

    def stop(self) -> None:
        """Stop it so that it keeps what was written."""
        stop_all([self.child], seconds=_STOP_SECONDS)

    def origins(self) -> dict[str, str]:
        """Service name → origin of Azurite itself."""
        return {service: f"http://127.0.0.1:{port}" for service, port in self.ports.items()}


def connection_string(account: str, key: str, ports: Mapping[str, int]) -> str:
    """A storage connection string for an emulator on loopback (the account is the first part of the path)."""
    endpoints = "".join(
        f"{service.capitalize()}Endpoint=http://127.0.0.1:{ports[service]}/{account};" for service in _SERVICES
    )
    return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};{endpoints}"


def _command(data: Path, environment: Mapping[str, str], ports: Mapping[str, int]) -> list[str]:
    if not _SCRIPT.is_file():
        raise StartFault("Azurite is not installed in devcloud/node_modules: run `make setup`")
    try:
        node = find_node(environment.get("PATH"), beside=Path(sys.executable).parent)
    except NodeFault as fault:
        raise StartFault(str(fault)) from fault
    # 0 takes any free port.
    wanted = [word for service in _SERVICES for word in (f"--{service}Port", str(ports.get(service, 0)))]
    switches = ("--skipApiVersionCheck", "--disableTelemetry", "--silent")
    return [node, str(_SCRIPT), "--location", str(data), *wanted, *switches]


def _ports(output: str) -> dict[str, int] | None:
    ports = {service.lower(): int(port) for service, port in _LISTENING.findall(output)}
    return ports if len(ports) == 3 else None

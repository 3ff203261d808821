"""A real Azurite for tests: in memory, on free ports, with an account for every test."""

import base64
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import devcloud

ACCOUNTS = 1500
"""Accounts known to one Azurite: more than tests that ask for one. They all have to fit into one environment variable."""

KEY = base64.b64encode(b"a key for tests only").decode()

START_SECONDS = 60.0
"""About one on an idle machine."""

STOP_SECONDS = 15.0
"""It answers SIGTERM in well under one."""

POLL_SECONDS = 0.02
"""Between two looks at what it has printed."""

SCRIPT = Path(devcloud.__file__).parent / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"

_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at https?://[\w.]+:(\d+)")


@dataclass(frozen=True, slots=True)
class RunningAzurite:
    """`ports` by service (blob, queue, table)."""

    ports: Mapping[str, int]
    scheme: str = "http"
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def fresh_account(self) -> str:
        """The name of an account in which nothing is, never given out before."""
        number = next(self._numbers)
        if number >= ACCOUNTS:
            raise RuntimeError("more tests than accounts: raise tests.azurite.ACCOUNTS")
        return account_name(number)

    def origins(self) -> dict[str, str]:
        """Service name → origin, as the storage proxy of the devcloud wants it."""
        return {service: f"{self.scheme}://127.0.0.1:{port}" for service, port in self.ports.items()}

    def connection_string(self, account: str, ports: Mapping[str, int] | None = None) -> str:
        """The connection string of an account, straight to Azurite; `ports` are those of a proxy before it."""
        endpoints = "".join(
            f"{service.capitalize()}Endpoint={self.scheme}://127.0.0.1:{port}/{account};"
            for service, port in (self.ports if ports is None else ports).items()
        )
        return f"DefaultEndpointsProtocol={self.scheme};AccountName={account};AccountKey={KEY};{endpoints}"


def account_name(number: int) -> str:
    """The name of the test account with this number."""
    return f"test{number:05d}"


@contextmanager
def running_azurite(
    environment: Mapping[str, str], *, scheme: str = "http", options: Sequence[str] = ()
) -> Iterator[RunningAzurite]:
    """Start one, and stop it with SIGTERM. `environment` needs PATH; `options` are further ones of Azurite's own."""
    accounts = ";".join(f"{account_name(number)}:{KEY}" for number in range(ACCOUNTS))
    ports = ("--blobPort", "0", "--queuePort", "0", "--tablePort", "0")
    quiet = ("--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent")
    command = [_node(environment), str(SCRIPT), *ports, *quiet, *options]
    with tempfile.TemporaryDirectory(prefix="azurite-") as folder:
        said = Path(folder) / "azurite.out"
        with said.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                command, cwd=folder, env={**environment, "AZURITE_ACCOUNTS": accounts}, stdout=out, stderr=out
            )
        try:
            yield RunningAzurite(_wait(process, said), scheme)
        finally:
            _stop(process)


def _node(environment: Mapping[str, str]) -> str:
    """Node from PATH, else the one that the virtual environment brings."""
    beside = Path(sys.executable).parent / "node"
    return shutil.which("node", path=environment.get("PATH")) or str(beside)


def _wait(process: subprocess.Popen[bytes], said: Path) -> dict[str, int]:
    deadline = time.monotonic() + START_SECONDS
    while True:
        words = said.read_text(errors="replace")
        ports = {service.lower(): int(port) for service, port in _LISTENING.findall(words)}
        if len(ports) == 3:
            return ports
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Azurite did not start (is it installed? `make setup`): {words[-500:]}")
        time.sleep(POLL_SECONDS)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""A real Azurite for the tests of the stand-in host."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

AZURITE = Path(__file__).parents[3] / "devcloud" / "node_modules" / ".bin" / "azurite"
ACCOUNT = "devstoreaccount1"
# Azurite's well-known key, published in its README; it opens nothing.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
START_SECONDS = 30.0  # for a cold Node on a busy machine
LOOK_SECONDS = 0.02  # between two looks at an observable state


@dataclass(frozen=True, slots=True)
class Ports:
    """Where one Azurite listens."""

    blob: int
    queue: int
    table: int

    @property
    def connection_string(self) -> str:
        """What an app setting would say."""
        return self.connection_string_for("http")

    def connection_string_for(self, scheme: str) -> str:
        """Return the connection string for `http` or `https`."""
        ends = {"Blob": self.blob, "Queue": self.queue, "Table": self.table}
        endpoints = "".join(f"{name}Endpoint={scheme}://127.0.0.1:{port}/{ACCOUNT};" for name, port in ends.items())
        return f"DefaultEndpointsProtocol={scheme};AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};{endpoints}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_listening(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), START_SECONDS).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(LOOK_SECONDS)
        else:
            return


@contextlib.contextmanager
def azurite(folder: Path, *options: str) -> Iterator[Ports]:
    """Run an Azurite with a data folder of its own until the end of the block; stopped with SIGTERM."""
    ports = Ports(_free_port(), _free_port(), _free_port())
    command = ["node", str(AZURITE), "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"]
    for name in ("blob", "queue", "table"):
        command += [f"--{name}Port", str(getattr(ports, name))]
    process = subprocess.Popen([*command, *options], cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    try:
        for port in (ports.blob, ports.queue, ports.table):
            _wait_until_listening(port)
        yield ports
    finally:
        process.terminate()
        process.wait(START_SECONDS)


@pytest.fixture(scope="session")
def host_azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """One Azurite for all tests that ask for it."""
    with azurite(tmp_path_factory.mktemp("azurite")) as ports:
        yield ports

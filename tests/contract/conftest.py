"""Storage for the contract suites: one Azurite for the session, an account and a proxy for each test."""

import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest

from devcloud.storage_faults import StorageFaults, StorageScenario
from devcloud.storage_proxy import StorageProxy
from shared.edges.storage_account import StorageAccount
from shared.rules.storage_config import StorageSettings
from tests.azurite import RunningAzurite, running_azurite


@pytest.fixture(scope="session")
def azurite() -> Iterator[RunningAzurite]:
    """A real Azurite, started by the first test that needs it."""
    with running_azurite(os.environ) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Cloud:
    """A storage account of the test's own, reached through a proxy that counts, and misbehaves when told to."""

    account: StorageAccount
    proxy: StorageProxy
    connection_string: str
    pauses: list[float]

    def arm(
        self,
        name: str,
        operation: str,
        *,
        count: int = 1,
        status: int = 503,
        code: str | None = None,
        resource: str = "*",
    ) -> None:
        """Let the next `count` operations, on this table, queue or container, misbehave as the proxy's scenario `name`."""
        match = {"operation": operation, "resource": resource}
        scenario = StorageScenario(name=name, count=count, match=match, status=status, code=code)
        self.proxy.set_faults(StorageFaults(scenarios=[scenario]))

    def calm(self) -> None:
        """No more misbehaviour."""
        self.proxy.set_faults(StorageFaults())

    def operations(self) -> dict[str, int]:
        """What was asked of the storage since the last call, by operation."""
        counted = self.proxy.operations()["operations"]
        self.proxy.reset_operations()
        assert isinstance(counted, dict)
        return counted


@pytest.fixture
async def cloud(azurite: RunningAzurite) -> AsyncIterator[Cloud]:
    """A fresh account behind a proxy."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async with StorageProxy(azurite.origins()) as proxy:
        text = azurite.connection_string(azurite.fresh_account(), proxy.ports)
        account = StorageAccount(StorageSettings(connection_string=text), sleep=sleep)
        yield Cloud(account, proxy, text, pauses)
        await account.close()


@pytest.fixture
def new_id() -> Callable[[], str]:
    """Identifiers that never repeat in a test."""
    numbers = itertools.count(1)
    return lambda: f"write-{next(numbers)}"

"""The emulated identity endpoint and token endpoint, and the real ways to a token pointed at them."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devcloud import entra, identity
from devcloud.authority import ThrowAwayAuthority
from devcloud.directory import TENANT_ID, Directory, IdentityFaults, IdentityScenario
from devcloud.listening import listen
from devcloud.tokens import FEDERATION_AUDIENCE, SigningKeys
from shared.edges.token_federated import Application, FederatedFetch
from shared.edges.token_managed import ManagedIdentityFetch

SCOPE = "https://outlook.office365.com/.default"
AUDIENCE = f"{FEDERATION_AUDIENCE}/.default"
HEADER = "the-header-that-keeps-other-processes-out"
CLIENT_ID = "3c0a4f0e-5a0e-4d52-9f27-2f6f6b1b7a11"


@dataclass(frozen=True)
class Endpoints:
    """Where both listen, what the tenant does, and the CA file for the second."""

    directory: Directory
    identity_url: str
    authority: str
    ca_file: str

    def fail(
        self,
        name: str,
        *,
        endpoint: str = "*",
        count: int | None = None,
        status: int = 500,
        retry_after: float | None = None,
        seconds: float = 0.0,
    ) -> None:
        """Arm one scenario of the directory."""
        scenario = IdentityScenario(
            name=name, count=count, match={"endpoint": endpoint}, status=status, retry_after=retry_after, seconds=seconds
        )
        self.directory.set_faults(IdentityFaults(scenarios=[scenario]))

    def managed(self, *, client_id: str | None = None, scope: str = SCOPE, seconds: float = 5.0) -> ManagedIdentityFetch:
        """The managed identity's way."""
        return ManagedIdentityFetch(scope, client_id=client_id, timeout=seconds)

    def federated(
        self, *, authority: str | None = None, ca_file: str | None = "ours", seconds: float = 5.0
    ) -> FederatedFetch:
        """The app registration's way."""
        application = Application(
            authority=authority or self.authority,
            tenant_id=TENANT_ID,
            client_id=CLIENT_ID,
            scope=SCOPE,
            ca_file=self.ca_file if ca_file == "ours" else ca_file,
        )
        return FederatedFetch(application, assertion=self.managed(scope=AUDIENCE), clock=time.time, timeout=seconds)


@asynccontextmanager
async def endpoints(keys: SigningKeys, folder: Path, environment: pytest.MonkeyPatch) -> AsyncIterator[Endpoints]:
    """Both endpoints, with the two environment variables by which App Service announces the first."""
    directory, certificates = Directory(keys=keys, clock=time.time), ThrowAwayAuthority()
    certificates.write_certificate(folder / "ca.pem")
    async with AsyncExitStack() as stack:
        runner, port = await listen(identity.build_app(directory, header=HEADER))
        stack.push_async_callback(runner.cleanup)
        tls_runner, tls_port = await listen(entra.build_app(directory), tls=certificates.server_context())
        stack.push_async_callback(tls_runner.cleanup)
        url = f"http://127.0.0.1:{port}{identity.PATH}"
        environment.setenv("IDENTITY_ENDPOINT", url)
        environment.setenv("IDENTITY_HEADER", HEADER)
        yield Endpoints(directory, url, f"https://localhost:{tls_port}", str(folder / "ca.pem"))

"""A gateway with the server behind it, twice: the fake, and the real one against the simulator."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devcloud.authority import ThrowAwayAuthority
from devcloud.directory import SYSTEM_ASSIGNED, Directory
from devcloud.exchange import Exchange, ExchangeConfig
from devcloud.tokens import SigningKeys
from shared.edges.smtp_gateway import SmtpGateway
from shared.rules.endpoints import Endpoint, Endpoints
from shared.rules.outcome import AuthRefused, NotSent, Outcome
from shared.rules.token import Token
from shared.telemetry import silent
from tests.fakes.smtp import FakeGateway

MAILBOX = "alerts@contoso.test"

UNHURRIED = ExchangeConfig(messages_per_minute=10_000)
"""A simulator that never slows a suite down."""


class Offered(Protocol):
    """As the port says."""

    @property
    def accepted(self) -> tuple[int, ...]:
        """Numbers of the recipients that the server takes."""

    @property
    def outcome(self) -> NotSent | None:
        """Set where the transaction cannot go on."""


class Session(Protocol):
    """As the port says."""

    async def offer(self, sender: str, recipients: Sequence[tuple[int, str]], size: int) -> Offered:
        """MAIL and RCPT."""

    async def transmit(self, content: bytes) -> Outcome:
        """DATA, content, final dot."""

    async def abandon(self) -> None:
        """RSET."""

    async def release(self) -> None:
        """Give back."""


class Gateway(Protocol):
    """As the port says."""

    async def open(self, mailbox: str, token: Token) -> Session | NotSent | AuthRefused:
        """A session, or why there is none."""

    async def close(self) -> None:
        """End idle connections."""


class Rig(Protocol):
    """A gateway and the server behind it."""

    @property
    def gateway(self) -> Gateway:
        """The gateway under test."""

    @property
    def good(self) -> Token:
        """A token that the server takes."""

    @property
    def bad(self) -> Token:
        """One that it refuses."""

    def delivered(self) -> list[bytes]:
        """Contents that the server has taken, oldest first."""


@dataclass
class FakeRig:
    """The fake: server and gateway in one."""

    gateway: FakeGateway
    good: Token
    bad: Token

    def delivered(self) -> list[bytes]:
        """As the rig says."""
        return [mail.content for mail in self.gateway.mails]


@dataclass
class SimulatorRig:
    """The real gateway, a real connection, the simulator, a signed token."""

    gateway: SmtpGateway
    good: Token
    bad: Token
    exchange: Exchange

    def delivered(self) -> list[bytes]:
        """As the rig says."""
        return [self.exchange.raw(number) or b"" for number, _ in reversed(self.exchange.newest(1000))]


def fake_rig() -> Rig:
    """Everything in memory."""
    now = time.time()
    gateway = FakeGateway(refused_tokens={"not-a-token"})
    return FakeRig(gateway, Token("t1", now, now + 3600), Token("not-a-token", now, now + 3600))


@asynccontextmanager
async def simulator_rig(keys: SigningKeys, folder: Path, config: ExchangeConfig = UNHURRIED) -> AsyncIterator[SimulatorRig]:
    """A simulator of its own, with a token that `keys` signed."""
    now = time.time()
    authority, directory = ThrowAwayAuthority(), Directory(keys=keys, clock=time.time)
    authority.write_certificate(folder / "ca.pem")
    text, expires_on = directory.issue(SYSTEM_ASSIGNED, "https://outlook.office365.com", endpoint="identity")
    exchange = Exchange(config, authority.server_context(), keys.public_keys, time.time)
    port = await exchange.start()
    gateway = SmtpGateway(
        Endpoints(Endpoint("localhost", port)),
        ca_file=str(folder / "ca.pem"),
        telemetry=silent(),
        clock=time.time,
        monotonic=time.monotonic,
    )
    good, bad = Token(text, now, float(expires_on)), Token("not-a-token", now, now + 3600)
    yield SimulatorRig(gateway, good, bad, exchange)
    await gateway.close()
    await exchange.stop()

"""What the exchange tests share: a simulator in the test's own loop, a token issuer, and a client that speaks raw SMTP."""

import asyncio
import contextlib
import functools
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trustme

from devcloud.exchange import Exchange, ExchangeConfig, other_certificates
from tests.unit.devcloud.exchange_tokens import NOW, signing_key, token, xoauth2

MAILBOX = "alerts@contoso.test"
RECIPIENT = "bob@contoso.test"
PATIENCE = 5.0
"""Seconds for anything that a test waits for; nothing comes near it unless it is broken."""

MAIL = (
    b"From: Contoso Alerts <alerts@contoso.test>\r\nTo: bob@contoso.test\r\nSubject: Hello\r\n"
    b"Message-ID: <1@contoso.test>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n"
)


@functools.cache
def authority() -> trustme.CA:
    """The authority that the test clients trust."""
    return trustme.CA()


@functools.cache
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext, Mapping[str, ssl.SSLContext]]:
    """Server's and client's TLS, and the certificates for the certificate scenarios."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("localhost", "127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority().configure_trust(client)
    return server, client, other_certificates(authority())


@dataclass
class TestTime:
    """A clock that only moves when somebody sleeps, or a test says so."""

    __test__ = False
    now: float = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class Reply:
    """A whole reply: code and lines without their code."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines, joined."""
        return "\n".join(self.lines)


class Client:
    """Speaks SMTP byte by byte, and says exactly what it is told to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._closes = True
        self.sent = 0
        self.received = 0

    async def connect(self) -> None:
        """Open the connection, nothing else."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self.sent += len(data)
        self._writer.write(data)
        async with asyncio.timeout(PATIENCE):
            await self._writer.drain()

    async def line(self) -> str:
        """The next line; raises EOFError when the server has gone."""
        async with asyncio.timeout(PATIENCE):
            try:
                data = await self._reader.readuntil(b"\r\n")
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                self.received += len(getattr(error, "partial", b""))
                raise EOFError from error
        self.received += len(data)
        return data.decode("utf-8").removesuffix("\r\n")

    async def reply(self) -> Reply:
        """The next reply, of however many lines."""
        lines = []
        while True:
            line = await self.line()
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), tuple(lines))

    async def rest(self) -> bytes:
        """Everything until the server goes."""
        async with asyncio.timeout(PATIENCE):
            try:
                data = await self._reader.read()
            except ConnectionError:
                data = b""
        self.received += len(data)
        return data

    async def some(self) -> bytes:
        """What comes with one read."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read(65_536)

    async def raw_read(self) -> bytes:
        """One read, its errors as they are."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read(1)

    async def mail_after(self, begun: bytes) -> Reply:
        """Read on to the end of a reply of which something has been read, then send a mail."""
        while not begun.endswith(b"\r\n"):
            begun += await self.some()
        return await self.mail()

    async def ask(self, command: str | bytes) -> Reply:
        """Send one command and read its reply."""
        line = command if isinstance(command, bytes) else command.encode()
        await self.send(line + b"\r\n")
        return await self.reply()

    async def upgrade(self) -> None:
        """Do the TLS handshake."""
        self._closes = False  # after a failed handshake the stream never learns that it is closed
        async with asyncio.timeout(PATIENCE):
            await self._writer.start_tls(contexts()[1], server_hostname="localhost")
        self._closes = True

    async def secure(self) -> None:
        """From the greeting to the EHLO inside TLS."""
        await self.reply()
        await self.ask("EHLO client.contoso.test")
        await self.ask("STARTTLS")
        await self.upgrade()
        await self.ask("EHLO client.contoso.test")

    async def login(self, bearer: str | None = None, user: str = MAILBOX) -> Reply:
        """Two-step XOAUTH2."""
        await self.ask("AUTH XOAUTH2")
        return await self.ask(xoauth2(user, bearer or token()))

    async def ready(self, user: str = MAILBOX) -> None:
        """From the greeting to a good login."""
        await self.secure()
        await self.login(user=user)

    async def envelope(self, *recipients: str, sender: str = MAILBOX) -> None:
        """MAIL and RCPT."""
        await self.ask(f"MAIL FROM:<{sender}>")
        for recipient in recipients or (RECIPIENT,):
            await self.ask(f"RCPT TO:<{recipient}>")

    async def mail(self, *recipients: str, content: bytes = MAIL) -> Reply:
        """One whole transaction; the answer to the content, or the one that ended it before."""
        await self.envelope(*recipients)
        started = await self.ask("DATA")
        if started.code != 354:
            return started
        await self.send(content + b".\r\n")
        return await self.reply()

    async def close(self) -> None:
        """Leave without a word."""
        self._writer.transport.abort()
        if self._closes:
            with contextlib.suppress(OSError):
                async with asyncio.timeout(PATIENCE):
                    await self._writer.wait_closed()


@dataclass
class World:
    """A running simulator and its clients."""

    exchange: Exchange
    port: int
    time: TestTime
    clients: list[Client] = field(default_factory=list)

    async def client(self) -> Client:
        """A client that has just connected."""
        client = Client(self.port)
        await client.connect()
        self.clients.append(client)
        return client

    async def ready(self, user: str = MAILBOX) -> Client:
        """A client that is logged in."""
        client = await self.client()
        await client.ready(user)
        return client

    def stats(self) -> dict[str, Any]:
        """The counters."""
        return self.exchange.stats()

    def fault(self, name: str, /, **rule: object) -> None:
        """Put one scenario in force."""
        self.exchange.set_faults(json.dumps({"scenarios": [{"name": name, **rule}]}).encode())

    def limit(self, **limits: object) -> None:
        """Change limits."""
        self.exchange.set_faults(json.dumps({"limits": limits}).encode())

    def access(self, **access: object) -> None:
        """Change who may log in and send."""
        self.exchange.set_faults(json.dumps({"access": access}).encode())


@asynccontextmanager
async def simulator(config: ExchangeConfig | None = None) -> AsyncIterator[World]:
    """A simulator with a clock of its own, stopped afterwards."""
    time = TestTime()
    server, _, others = contexts()
    keys = {"key-1": signing_key("key-1").public_key()}
    exchange = Exchange(config or ExchangeConfig(), server, lambda: keys, time, sleep=time.sleep, certificates=others)
    world = World(exchange, await exchange.start(), time)
    try:
        yield world
    finally:
        for client in world.clients:
            await client.close()
        await exchange.stop()

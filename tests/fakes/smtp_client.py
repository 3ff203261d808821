"""The gateway under test, pointed at a server of a test, and one mail sent through it as the story does."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.edges.smtp_gateway import SmtpGateway
from shared.edges.smtp_offer import Limits, Timeouts
from shared.edges.smtp_session import SmtpSession
from shared.rules.endpoints import Endpoint, Endpoints
from shared.rules.outcome import AuthRefused, NotSent, Outcome
from shared.rules.token import Token
from shared.telemetry import Telemetry, silent
from tests.fakes.tls import Authority

MAILBOX = "alerts@contoso.test"
SMALL = b"Subject: x\r\n\r\n.dot\r\n"
TOKEN = "eyJ0eXAiOiJKV1QifQ.a-token-that-nobody-may-see.c2lnbmF0dXJl"


@dataclass
class Watch:
    """A clock that the test moves, for ages, idle times and token lives alike."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@dataclass(frozen=True)
class Client:
    """How the gateway is built."""

    trusted: Authority
    port: int
    host: str = "localhost"
    watch: Callable[[], float] = field(default_factory=Watch)
    telemetry: Telemetry = field(default_factory=silent)
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    others: Mapping[str, Endpoint] = field(default_factory=dict)
    recipients: tuple[str, ...] = ("a@contoso.test", "b@contoso.test")

    def token(self, *, life: float = 3600.0, text: str = TOKEN) -> Token:
        """A token as of now."""
        return Token(text, self.watch(), self.watch() + life)

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[SmtpGateway]:
        """The gateway, closed afterwards."""
        gateway = SmtpGateway(
            Endpoints(Endpoint(self.host, self.port), self.others),
            ca_file=self.trusted.ca_file,
            telemetry=self.telemetry,
            clock=self.watch,
            monotonic=self.watch,
            timeouts=self.timeouts,
            limits=self.limits,
        )
        try:
            yield gateway
        finally:
            await gateway.close()

    async def send(self, gateway: SmtpGateway, content: bytes = SMALL) -> Outcome | AuthRefused:
        """One mail to the recipients."""
        session = await gateway.open(MAILBOX, self.token())
        if not isinstance(session, SmtpSession):
            return session
        return await self.deliver(session, content)

    async def deliver(self, session: SmtpSession, content: bytes = SMALL) -> Outcome:
        """The same over a session that is open already; releases it."""
        offer = await session.offer(MAILBOX, list(enumerate(self.recipients)), len(content))
        outcome = offer.outcome or await session.transmit(content)
        await session.release()
        return outcome

    async def once(self, content: bytes = SMALL) -> Outcome | NotSent | AuthRefused:
        """One mail through a gateway of its own."""
        async with self.gateway() as gateway:
            return await self.send(gateway, content)

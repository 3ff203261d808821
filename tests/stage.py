"""A stage for story tests: the real stories on fakes, and a clock that only the test moves.

stage = Stage()
stage.accept(...)            a mail comes in
await stage.run()            orders on `sending` are processed as a host would, until nothing is visible
stage.later(60)              time passes
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.accept import Accept, Accepted, Origin
from shared.attempt import Times
from shared.breakers import Breakers
from shared.compose import Composer
from shared.intake import Intake
from shared.placing import SENDING, Placer
from shared.poison import Poison
from shared.rules import callers
from shared.rules.config import Cloud, HttpAuth, Identity, MailConfig, OnUnknown, Producer, Sender
from shared.rules.envelope import Envelope, envelope_from
from shared.rules.mail_row import MailRow
from shared.rules.orders import decode
from shared.rules.outcome import Reason
from shared.rules.states import State
from shared.rules.token import EXPIRY_MARGIN, Token
from shared.rules.token_errors import TokenUnavailable
from shared.send import Send
from shared.stops import StopKeeper
from shared.sweep import Sweep
from shared.telemetry import Telemetry, silent
from shared.transmission import Transmission
from shared.unaccepted import Unaccepted
from tests.fakes.ledger import FakeLedger
from tests.fakes.pace import FreePace
from tests.fakes.packaged import FakeAttachments, FakeTemplates
from tests.fakes.references import FakeReferences
from tests.fakes.smtp import FakeGateway
from tests.fakes.stops import FakeStops
from tests.fakes.storage import FakeQueues

START = 1_800_000_000.0
LEASE = 30.0


def a_sender(name: str = "alerts", *, on_unknown: OnUnknown = OnUnknown.RESEND) -> Sender:
    """A sender that may mail anybody at contoso.test for a day."""
    return Sender(
        name=name,
        from_name="Contoso Alerts",
        from_address=f"{name}@contoso.test",
        mailboxes=(f"{name}@contoso.test",),
        on_unknown=on_unknown,
        allow_recipients=("contoso.test",),
        expires_after=86_400.0,
    )


def a_config() -> MailConfig:
    """Two senders; the producer `default` may use both, `small` only alerts."""
    return MailConfig(
        cloud=Cloud("custom", "localhost", 587, "https://localhost", "https://outlook.office365.com/.default"),
        identity=Identity(),
        http_auth=HttpAuth.FUNCTION_KEY,
        senders={"alerts": a_sender(), "reports": a_sender("reports", on_unknown=OnUnknown.HOLD)},
        producers={
            "default": Producer("default", "outbox", ("alerts", "reports"), readers=("function-key",)),
            "small": Producer("small", "small-box", ("alerts",)),
        },
    )


def an_envelope(**changes: object) -> Envelope:
    """A sound envelope, changed as the test wants."""
    return envelope_from({"sender": "alerts", "to": ["ops@contoso.test"], "subject": "Disk", "text": "full", **changes})


class FakeTokens:
    """Tokens t1, t2, …: a new one after each drop; or `failure`."""

    def __init__(self) -> None:
        self.number = 1
        self.margins: list[float] = []
        self.failure: TokenUnavailable | None = None

    async def get(self, margin: float = EXPIRY_MARGIN) -> Token:
        """As the port says."""
        self.margins.append(margin)
        if self.failure:
            raise self.failure
        return Token(f"t{self.number}", fetched_at=START, expires_at=START + 1e9)

    async def drop(self, token: Token) -> None:
        """As the port says."""
        if token.value == f"t{self.number}":
            self.number += 1

    def fail(self) -> None:
        """From now on there is no token."""
        self.failure = TokenUnavailable(Reason("identity-down", "no answer"), 30.0)


@dataclass
class Stage:
    """The stories on fakes.

    `now` is epoch seconds, `slept` are the pauses that the stories asked for; `around` puts something between the stories
    and ledger, queues and gateway.
    """

    config: MailConfig = field(default_factory=a_config)
    telemetry: Telemetry = field(default_factory=silent)
    now: float = START
    slept: list[float] = field(default_factory=list)
    around: Callable[[Any], Any] = lambda port: port

    def __post_init__(self) -> None:
        """Build the graph as the wiring does."""
        self.ledger = FakeLedger()
        self.queues = FakeQueues(self.clock)
        self.gateway = FakeGateway()
        self.tokens = FakeTokens()
        self.pace = FreePace()
        self.stop_records = FakeStops()
        ledger, queues, gateway = (self.around(port) for port in (self.ledger, self.queues, self.gateway))
        self.placer = Placer(queues, ledger, ledger, self.telemetry)
        self.breakers = Breakers(self.around(self.stop_records), self.telemetry, self.clock)
        self.transmission = Transmission(self.tokens, gateway)
        self.templates = FakeTemplates()
        self.attachments = FakeAttachments()
        self.composer = Composer(self.templates, self.attachments)
        self.references = FakeReferences()
        self.accept_story = Accept(
            self.config, ledger, self.references, self.placer, self.composer.compose, self.telemetry, self.clock, "test"
        )
        self.unaccepted = Unaccepted(ledger, self.telemetry, self.clock, "test")
        self.intake = Intake(self.accept_story, self.unaccepted, queues)
        self.send = Send(
            self.config,
            ledger,
            self.placer,
            self.breakers,
            self.pace,
            self.transmission,
            self.composer.assemble,
            self.telemetry,
            Times(clock=self.clock, sleep=self.sleep, chance=lambda: 0.0, lease=LEASE),
        )
        self.stops = StopKeeper(self.config, self.breakers, ledger, ledger, self.placer, self.transmission, self.clock)
        self.sweep = Sweep(ledger, ledger, queues, self.placer, self.breakers, self.telemetry, self.send.times)
        self.poison = Poison(self.config, ledger, queues, self.placer, self.unaccepted, self.telemetry, self.send.times)

    def clock(self) -> float:
        """The stage's time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """A pause on the stage: noted, and over at once, so that a renewal of the lease would spin without end."""
        self.slept.append(seconds)
        if seconds == LEASE / 3:
            await _for_ever()
        self.now += seconds

    async def accept(self, envelope: Envelope | None = None, *, key: str = "k1") -> Accepted:
        """A mail of producer `default`."""
        caller = callers.producer(self.config.producers["default"])
        return await self.accept_story(envelope or an_envelope(), caller, Origin(door="queue", key=key, parent=""))

    async def accept_from(self, producer: str, *, key: str) -> Accepted:
        """A mail of another producer."""
        caller = callers.producer(self.config.producers[producer])
        return await self.accept_story(an_envelope(), caller, Origin(door="queue", key=key, parent=""))

    async def run(self) -> int:
        """Process what is visible on `sending`, as the host does; gives how many messages were taken."""
        taken = 0
        while (message := self.queues.receive(SENDING)) is not None:
            await self.send.process(decode(message.text))
            self.queues.finish(message)
            taken += 1
        return taken

    def later(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @property
    def row(self) -> MailRow:
        """The only mail's row."""
        (entry,) = self.ledger.rows.values()
        return entry.row

    def state(self) -> State:
        """The only mail's state; a call, because it changes between two looks."""
        return self.row.state

    @property
    def reasons(self) -> list[str]:
        """The reasons in the only mail's timeline."""
        return [moment.reason for moment in self.row.timeline]

    @property
    def live_messages(self) -> int:
        """Messages on `sending` that are not out of date."""
        orders = [decode(text) for text in self.queues.texts(SENDING)]
        return sum(order.ticket >= self.ledger.rows[order.id].row.ticket for order in orders)


async def _for_ever() -> None:
    await asyncio.Event().wait()

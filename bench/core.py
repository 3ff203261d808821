"""Our send core: the real story, gateway, pace and telemetry; ledger and queue in memory; a token that is there already."""

import asyncio
import random
import time
from dataclasses import dataclass

from bench.mails import Sample
from bench.tracing import Tracing
from shared.accept import Accept, Origin
from shared.attempt import Times
from shared.breakers import Breakers
from shared.compose import Composer
from shared.desk_parts import DeskTimes
from shared.edges.smtp_gateway import SmtpGateway
from shared.pacing import Pacer
from shared.placing import SENDING, Placer
from shared.rules import callers
from shared.rules.endpoints import endpoints_of
from shared.rules.orders import decode
from shared.rules.states import State
from shared.rules.token import EXPIRY_MARGIN, Token
from shared.send import Send
from shared.transmission import Transmission
from tests.fakes.ledger import FakeLedger
from tests.fakes.pace_rows import FakeRows
from tests.fakes.packaged import FakeAttachments, FakeTemplates
from tests.fakes.references import FakeReferences
from tests.fakes.stops import FakeStops
from tests.fakes.storage import FakeQueues

IN_FLIGHT = 32
"""Orders at once: `batchSize` of host.json. Three of them have a connection, the others wait for their turn."""

LEASE = 30.0
"""Seconds; the default of `MAIL_ATTEMPT_LEASE`."""


@dataclass(frozen=True, slots=True)
class StaticTokens:
    """Always the same token."""

    token: Token

    async def get(self, margin: float = EXPIRY_MARGIN) -> Token:  # noqa: ARG002 - the port's shape
        """As the port says."""
        return self.token

    async def drop(self, token: Token) -> None:  # noqa: ARG002 - the port's shape
        """As the port says; a benchmark whose token is refused is no benchmark."""
        raise RuntimeError("the simulator refused the token")


class CoreSender:
    """Sends orders from the queue as the trigger on `sending` does, tracing on."""

    def __init__(self, sample: Sample, token: Token, ca_file: str, tracing: Tracing) -> None:
        self._sample = sample
        self._tracing = tracing
        telemetry = tracing.telemetry
        self._ledger, self._queues = FakeLedger(), FakeQueues(time.time)
        self._placer = Placer(self._queues, self._ledger, self._ledger, telemetry)
        composer = Composer(FakeTemplates(), FakeAttachments())
        self._accept = Accept(
            sample.config, self._ledger, FakeReferences(), self._placer, composer.compose, telemetry, time.time, "bench"
        )
        self._gateway = SmtpGateway(
            endpoints_of(sample.config.cloud),
            ca_file=ca_file,
            telemetry=telemetry,
            clock=time.time,
            monotonic=time.monotonic,
        )
        times = DeskTimes(time.time, asyncio.sleep, random.random)
        self._send = Send(
            sample.config,
            self._ledger,
            self._placer,
            Breakers(FakeStops(), telemetry, time.time),
            Pacer(owner="bench", rows=FakeRows(), connections=self._gateway, times=times),
            Transmission(StaticTokens(token), self._gateway),
            composer.assemble,
            telemetry,
            Times(clock=time.time, sleep=asyncio.sleep, chance=random.random, lease=LEASE),
        )
        self._keys = iter(range(10**9))

    async def prepare(self, count: int) -> None:
        """Put `count` mails into the ledger and their orders on the queue; what that traced is exported."""
        caller = callers.producer(self._sample.config.producers["default"])
        for _ in range(count):
            origin = Origin(door="queue", key=f"bench-{next(self._keys)}", parent="")
            await self._accept(self._sample.envelope, caller, origin)
        self._tracing.flush()

    async def send(self, count: int) -> None:
        """Process the orders; every span is exported before it returns. Raises `RuntimeError` if a mail is not sent."""
        texts = self._queues.texts(SENDING)
        self._queues.messages.clear()
        if len(texts) != count:
            raise RuntimeError(f"{len(texts)} orders for {count} mails")
        orders = iter(texts)

        async def work() -> None:
            for text in orders:
                await self._send.process(decode(text))

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        self._tracing.flush()
        self._check()

    async def stop(self) -> None:
        """Close the connections."""
        await self._gateway.close()

    def _check(self) -> None:
        states = {entry.row.state for entry in self._ledger.rows.values()}
        if states != {State.SENT}:
            raise RuntimeError(f"mails were left {sorted(state.value for state in states)}")
        self._ledger.rows.clear()
        self._ledger.payloads.clear()

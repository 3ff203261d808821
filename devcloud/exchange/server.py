"""The simulator as a whole: starts, stops, takes connections, and answers for its mails, counts and faults."""

import asyncio
import itertools
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any

from devcloud.exchange import faults_document, names
from devcloud.exchange.config import ExchangeConfig
from devcloud.exchange.connection import Connection
from devcloud.exchange.dialogue import converse
from devcloud.exchange.faults import FaultPlan
from devcloud.exchange.service import Clock, Service, Sleep
from devcloud.exchange.session import Session
from devcloud.exchange.store import Message
from devcloud.exchange.tokens import PublicKeys
from devcloud.exchange.wire import Wire

BACKLOG = 512
"""Connections waiting to be taken: a burst of many hosts must meet the simulator's limits, not the kernel's."""


class Exchange:
    """A local Exchange Online SMTP endpoint.

    `tls` is the server's context for STARTTLS, `public_keys` the token issuer's keys by key id, `clock` seconds since 1970
    and `sleep` a wait in the same time. `certificates` holds contexts for the scenarios certificate-wrong-host
    ("wrong-host") and certificate-expired ("expired"), made by `other_certificates`; without them both fall back to an
    untrusted one.
    """

    def __init__(
        self,
        config: ExchangeConfig,
        tls: ssl.SSLContext,
        public_keys: PublicKeys,
        clock: Clock = time.time,
        *,
        sleep: Sleep = asyncio.sleep,
        certificates: Mapping[str, ssl.SSLContext] | None = None,
    ) -> None:
        self.service = Service(config, tls, public_keys, clock, sleep, certificates or {})
        self._numbers: Iterator[int] = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; returns the port."""
        config = self.service.config
        self._server = await asyncio.start_server(self._accept, config.host, config.port, backlog=BACKLOG)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def quiet(self) -> None:
        """Wait until no connection is open."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(self._numbers)
        self.service.stats.connections_opened += 1
        peer = (writer.get_extra_info("peername") or ("unknown",))[0]
        wire = Wire(reader, writer, self.service.config.idle_timeout)
        session = Session(number, peer, names.session_id(number))
        try:
            await converse(Connection(wire, session, self.service))
        finally:
            wire.abort()

    def messages(self) -> list[dict[str, Any]]:
        """All mails, oldest first, as design 3.1 describes them."""
        return [message.describe() for message in self.service.store]

    def message(self, number: int) -> Message | None:
        """One mail, None if there is none (any more)."""
        return self.service.store.get(number)

    def newest(self, count: int) -> list[tuple[int, dict[str, Any]]]:
        """Number and description of the last mails, newest first."""
        found = itertools.islice(self.service.store.newest_first(), count)
        return [(message.number, message.describe()) for message in found]

    def count(self) -> int:
        """How many mails are kept."""
        return len(self.service.store)

    def raw(self, number: int) -> bytes | None:
        """The bytes of one mail."""
        message = self.message(number)
        return None if message is None else message.raw

    def clear(self) -> None:
        """Forget all mails; counters stay."""
        self.service.store.clear()

    def stats(self) -> dict[str, Any]:
        """The counters of design 3.1, and a few more."""
        stats = self.service.stats
        return {
            "accepted": stats.accepted,
            "replies": dict(stats.replies),
            "peak_connections": dict(self.service.counted.peaks),
            "connections_now": {mailbox: len(here) for mailbox, here in self.service.counted.present.items()},
            "peak_per_minute": dict(self.service.rate.peaks),
            "connections_opened": stats.connections_opened,
            "auth_failures": stats.auth_failures,
            "throttles": stats.throttles,
            "delayed": stats.delayed,
            "suppressed_duplicates": stats.suppressed_duplicates,
            "bounces": stats.bounces,
        }

    def faults(self) -> dict[str, Any]:
        """Scenarios, limits and access in force."""
        service = self.service
        return faults_document.write(service.faults.rules, service.limits, service.access)

    def set_faults(self, body: bytes) -> None:
        """Take a document of scenarios, limits and access; raises `faults_document.BadDocument` and then changes nothing."""
        service = self.service
        rules, service.limits, service.access = faults_document.read_all(body, service.limits, service.access)
        if rules is not None:
            service.faults = FaultPlan(rules)

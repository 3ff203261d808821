"""The doctor's way to the submission server, one step at a time: what each shows, and where it ends.

The same steps and rules as for mail (`smtp_dialling.py`): TLS with verification, or no login. Every step is bounded.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from shared.edges.smtp_connection import Answer, Connection, check_in_step
from shared.edges.smtp_dialling import authenticate, new_client
from shared.edges.smtp_faults import (
    ADDRESS_UNSENDABLE,
    NAME_NOT_FOUND,
    UNREACHABLE,
    XOAUTH2_NOT_OFFERED,
    reply_of,
    verdict_of,
)
from shared.edges.smtp_offer import Timeouts
from shared.rules.endpoints import Endpoints
from shared.rules.findings import Seen, Step, Stopped
from shared.rules.outcome import Phase, Reply
from shared.rules.replies import NOT_UNDERSTOOD, STARTTLS_NOT_OFFERED, classify
from shared.rules.smtp_text import UnsendableAddress, mail_from
from shared.rules.token import Token
from shared.rules.xoauth2 import initial_response

if TYPE_CHECKING:
    from aiosmtplib import SMTP

_PHASES = {
    Step.DNS: Phase.CONNECT,
    Step.TCP: Phase.CONNECT,
    Step.STARTTLS: Phase.STARTTLS,
    Step.EHLO: Phase.EHLO,
    Step.AUTH: Phase.AUTH,
    Step.MAIL_FROM: Phase.MAIL,
}
_DEFAULT_TIMEOUTS = Timeouts()


class SmtpWalk:
    """Visits the submission servers; nothing is ever sent."""

    def __init__(self, endpoints: Endpoints, *, ca_file: str | None, timeouts: Timeouts = _DEFAULT_TIMEOUTS) -> None:
        self._endpoints = endpoints
        self._ca_file = ca_file
        self._timeouts = timeouts
        self._tls: ssl.SSLContext | None = None

    def login_margin(self, mailbox: str) -> float:
        """Seconds of life, more than which a token needs for a login as `mailbox`."""
        return self._endpoints.of(mailbox).login_margin

    async def visit(self, mailbox: str) -> "SmtpVisit":
        """A connection up to the second EHLO, or as far as it came."""
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=self._ca_file)
        endpoint = self._endpoints.of(mailbox)
        visit = SmtpVisit((endpoint.host, endpoint.port), mailbox, self._tls, self._timeouts)
        await visit.arrive()
        return visit


class SmtpVisit:
    """One connection to `server` (host and port). `steps` are those that went well; `stopped` says where it ended."""

    def __init__(self, server: tuple[str, int], mailbox: str, tls: ssl.SSLContext, timeouts: Timeouts) -> None:
        self.server = server
        self.steps: list[Seen] = []
        self.stopped: Stopped | None = None
        self._mailbox = mailbox
        self._timeouts = timeouts
        self._client = new_client(*server, tls)
        self._connection: Connection | None = None

    async def arrive(self) -> None:
        """DNS, TCP with the greeting, EHLO, STARTTLS, EHLO again."""
        for step, take in (
            (Step.DNS, self._resolve),
            (Step.TCP, self._connect),
            (Step.STARTTLS, self._encrypt),
            (Step.EHLO, self._greet),
        ):
            self.stopped = await self._taken(step, take)
            if self.stopped is not None:
                await self.leave()
                return
        self._connection = Connection(self._client, self._timeouts)

    async def login(self, token: Token) -> Stopped | None:
        """AUTH XOAUTH2 in two steps."""
        return await self._asked(Step.AUTH, lambda open_: authenticate(open_, initial_response(self._mailbox, token.value)))

    async def propose(self, from_address: str) -> Stopped | None:
        """MAIL FROM, and RSET behind it: nothing is sent."""

        async def propose(open_: Connection) -> Answer:
            answer = await open_.command(mail_from(from_address, None))
            await open_.command(b"RSET")
            return answer

        return await self._asked(Step.MAIL_FROM, propose)

    async def leave(self) -> None:
        """Close the connection, with a QUIT where it still stands."""
        Connection(self._client, self._timeouts).farewell()
        await asyncio.sleep(0)  # the event loop closes aborted sockets in its next round

    async def _taken(self, step: Step, take: Callable[[], Awaitable[str | Stopped]]) -> Stopped | None:
        try:
            async with asyncio.timeout(self._timeouts.opening):
                seen = await take()
        except Exception as error:  # noqa: BLE001 - every class has its verdict
            return _stopped(step, error)
        if isinstance(seen, Stopped):
            return seen
        self.steps.append(Seen(step, seen))
        return None

    async def _resolve(self) -> str:
        host, port = self.server
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return ", ".join(dict.fromkeys(str(address[0]) for *_, address in found))

    async def _connect(self) -> str:
        await self._client.connect(timeout=self._timeouts.connect)
        return f"port {self.server[1]} answers"

    async def _encrypt(self) -> str | Stopped:
        await self._client.ehlo(timeout=self._timeouts.command)
        check_in_step(self._client.protocol)
        if not self._client.supports_extension("starttls"):
            return Stopped(Step.STARTTLS, STARTTLS_NOT_OFFERED)
        await self._client.starttls(timeout=self._timeouts.connect)
        return _tls_facts(self._client)

    async def _greet(self) -> str | Stopped:
        await self._client.ehlo(timeout=self._timeouts.command)
        check_in_step(self._client.protocol)
        if "xoauth2" not in self._client.server_auth_methods:
            return Stopped(Step.EHLO, XOAUTH2_NOT_OFFERED)
        return ", ".join(sorted(name.upper() for name in self._client.esmtp_extensions))

    async def _asked(self, step: Step, ask: Callable[[Connection], Awaitable[Answer]]) -> Stopped | None:
        if self._connection is None:
            return self.stopped
        try:
            async with asyncio.timeout(self._timeouts.opening):
                answer = await ask(self._connection)
        except UnsendableAddress:
            return Stopped(step, ADDRESS_UNSENDABLE)
        except Exception as error:  # noqa: BLE001 - every class has its verdict
            return _stopped(step, error)
        return None if answer.positive else _refused(step, answer)


def _stopped(step: Step, error: Exception) -> Stopped:
    if isinstance(error, socket.gaierror):
        return Stopped(step, NAME_NOT_FOUND)
    reply = reply_of(error)
    if step is Step.TCP and reply is None:
        return Stopped(step, UNREACHABLE)
    return Stopped(step, verdict_of(error, _PHASES[step]).reason, _codes(reply))


def _refused(step: Step, answer: Answer) -> Stopped:
    if not answer.negative:
        return Stopped(step, NOT_UNDERSTOOD, str(answer.code))
    reply = answer.reply
    return Stopped(step, classify(_PHASES[step], answer.code, reply.enhanced, answer.text).reason, _codes(reply))


def _codes(reply: Reply | None) -> str:
    return "" if reply is None else f"{reply.code} {reply.enhanced or ''}".rstrip()


def _tls_facts(client: "SMTP") -> str:
    """Version, and who the certificate is for, by whom and until when; names of hosts and authorities only."""
    version = client.get_transport_info("ssl_object").version()
    certificate = client.get_transport_info("peercert") or {}
    names = [name for kind, name in certificate.get("subjectAltName", ()) if kind == "DNS"][:3]
    issuer = dict(part for group in certificate.get("issuer", ()) for part in group)
    by = issuer.get("organizationName") or issuer.get("commonName") or "?"
    return f"{version}, certificate for {', '.join(names) or '?'} by {by}, until {certificate.get('notAfter', '?')}"

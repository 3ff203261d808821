"""From a host name to an authenticated connection: TCP, EHLO, mandatory STARTTLS, EHLO again, AUTH XOAUTH2 in two steps.

No byte of the token leaves before the certificate is verified and XOAUTH2 is offered inside TLS (design rule 6).
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.edges.smtp_connection import Answer, Connection, check_in_step
from shared.edges.smtp_faults import XOAUTH2_NOT_OFFERED, reply_of, verdict_of
from shared.edges.smtp_offer import Timeouts
from shared.edges.smtp_span import reply_attributes
from shared.rules.endpoints import Endpoint, Endpoints
from shared.rules.outcome import AuthRefused, NotSent, Parked, Phase
from shared.rules.replies import STARTTLS_NOT_OFFERED, classify, not_sent
from shared.rules.reply_table import ReplyKind
from shared.rules.token import Token
from shared.rules.xoauth2 import initial_response
from shared.telemetry import Attr, Kind, Metric, Span, Telemetry, Value

if TYPE_CHECKING:
    from aiosmtplib import SMTP

EHLO_NAME = "keyless-mail.local"
"""Exchange wants a valid domain name (501 5.5.4 otherwise); the machine's own name is nobody's business."""


@dataclass(slots=True)
class _Progress:
    phase: Phase = Phase.CONNECT


class Dialler:
    """Opens connections to one cloud's servers, with one TLS context: reading the CA certificates costs milliseconds."""

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        ca_file: str | None,
        telemetry: Telemetry,
        monotonic: Callable[[], float],
        timeouts: Timeouts,
    ) -> None:
        self._endpoints = endpoints
        self._ca_file = ca_file
        self._telemetry = telemetry
        self._monotonic = monotonic
        self._timeouts = timeouts
        self._tls: ssl.SSLContext | None = None

    async def dial(self, mailbox: str, token: Token) -> Connection | NotSent | AuthRefused:
        """A connection that is logged in as `mailbox`, or why there is none; a refused one is closed."""
        endpoint = self._endpoints.of(mailbox)
        connection = await self._connect(endpoint)
        if not isinstance(connection, Connection):
            return connection
        refusal = await self._login(connection, endpoint, mailbox, token)
        if refusal is not None:
            connection.close()
            return refusal
        connection.mailbox = mailbox
        connection.opened_at = self._monotonic()
        connection.over_at = token.expires_at - endpoint.session_margin
        return connection

    async def _connect(self, endpoint: Endpoint) -> Connection | NotSent:
        client = self._client(endpoint)
        progress = _Progress()
        started = self._monotonic()
        with self._telemetry.span("smtp connect", kind=Kind.CLIENT, attributes=_where(endpoint)) as span:
            try:
                async with asyncio.timeout(self._timeouts.opening):
                    missing = await self._secure(client, progress)
                connected: Connection | NotSent = missing or Connection(client, self._timeouts)
            except Exception as error:  # noqa: BLE001 - every class has its verdict, unknown ones park the mail
                connected = not_sent(verdict_of(error, progress.phase), reply_of(error))
            except BaseException:
                Connection(client, self._timeouts).close()
                raise
            if isinstance(connected, Connection):
                span.set(_tls_version(client))
            else:
                Connection(client, self._timeouts).close()
                span.set({Attr.PHASE: progress.phase, **reply_attributes(connected.reply)})
                span.fail(connected.reason.code)
            self._record(Phase.CONNECT, connected, started)
            return connected

    async def _secure(self, client: "SMTP", progress: _Progress) -> NotSent | None:
        """Up to the second EHLO; None when everything that a login needs is there."""
        await client.connect(timeout=self._timeouts.connect)
        progress.phase = Phase.EHLO
        await client.ehlo(timeout=self._timeouts.command)
        check_in_step(client.protocol)
        progress.phase = Phase.STARTTLS
        if not client.supports_extension("starttls"):
            return Parked(STARTTLS_NOT_OFFERED)
        await client.starttls(timeout=self._timeouts.connect)
        progress.phase = Phase.EHLO
        await client.ehlo(timeout=self._timeouts.command)
        check_in_step(client.protocol)
        return None if "xoauth2" in client.server_auth_methods else Parked(XOAUTH2_NOT_OFFERED)

    async def _login(
        self, connection: Connection, endpoint: Endpoint, mailbox: str, token: Token
    ) -> NotSent | AuthRefused | None:
        started = self._monotonic()
        with self._telemetry.span("smtp auth", kind=Kind.CLIENT, attributes=_where(endpoint)) as span:
            try:
                async with asyncio.timeout(self._timeouts.opening):
                    answer = await authenticate(connection, initial_response(mailbox, token.value))
                refusal = _judged(answer, span)
            except Exception as error:  # noqa: BLE001 - every class has its verdict, unknown ones park the mail
                refusal = not_sent(verdict_of(error, Phase.AUTH))
            except BaseException:
                connection.close()
                raise
            if refusal is not None:
                span.fail(refusal.reason.code)
            self._record(Phase.AUTH, refusal, started)
            return refusal

    def _client(self, endpoint: Endpoint) -> "SMTP":
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=self._ca_file)
        return new_client(endpoint.host, endpoint.port, self._tls)

    def _record(self, phase: Phase, result: object, started: float) -> None:
        ok = result is None or isinstance(result, Connection)
        outcome = "ok" if ok else type(result).__name__.lower()
        self._telemetry.record(Metric.SMTP_DURATION, self._monotonic() - started, {Attr.PHASE: phase, Attr.OUTCOME: outcome})


def _where(endpoint: Endpoint) -> dict[Attr, Value]:
    return {Attr.SERVER: endpoint.host, Attr.PORT: endpoint.port, Attr.PROTOCOL: "smtp"}


def new_client(host: str, port: int, tls: ssl.SSLContext) -> "SMTP":
    """The library's client, not connected yet; it does nothing by itself."""
    from aiosmtplib import SMTP

    return SMTP(
        hostname=host,
        port=port,
        local_hostname=EHLO_NAME,
        use_tls=False,  # Exchange Online has no port with TLS from the first byte
        start_tls=False,  # done by hand, so that its failures are told apart from those of connecting
        tls_context=tls,
    )


async def authenticate(connection: Connection, line: bytes) -> Answer:
    """AUTH in two steps: with an initial response the line may be longer than a command may be (RFC 4954 section 4)."""
    answer = await connection.command(b"AUTH XOAUTH2")
    if answer.code != 334:
        return answer
    answer = await connection.command(line)
    if answer.code == 334:  # an error as JSON; the empty line asks for the refusal itself
        return await connection.command(b"")
    return answer


def _judged(answer: Answer, span: Span) -> NotSent | AuthRefused | None:
    reply = answer.reply
    span.set(reply_attributes(reply))
    if answer.code == 235:
        return None
    verdict = classify(Phase.AUTH, answer.code, reply.enhanced, answer.text)
    if verdict.kind is ReplyKind.FRESH_TOKEN:
        return AuthRefused(verdict.reason, reply)
    return not_sent(verdict, reply)


def _tls_version(client: "SMTP") -> dict[Attr, Value]:
    """Empty where the server left right after its answer: the login finds that out, as for any lost connection."""
    if not client.is_connected:
        return {}
    version: str | None = client.get_transport_info("ssl_object").version()
    return {Attr.TLS_VERSION: (version or "").removeprefix("TLSv")}

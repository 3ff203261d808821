"""Exchange Online's submission endpoints: sessions of a mailbox, new or reused."""

import asyncio
from collections.abc import Callable
from functools import partial

from shared.edges.smtp_connection import Connection
from shared.edges.smtp_dialling import Dialler
from shared.edges.smtp_offer import Limits, Timeouts
from shared.edges.smtp_pool import Pool
from shared.edges.smtp_session import SessionTools, SmtpSession
from shared.rules.endpoints import Endpoints
from shared.rules.outcome import AuthRefused, NotSent
from shared.rules.token import Token
from shared.telemetry import Telemetry

_DEFAULT_TIMEOUTS = Timeouts()
_DEFAULT_LIMITS = Limits()


class SmtpGateway:
    """Opens sessions at one cloud's SMTP hosts. `clock` gives epoch seconds, `monotonic` never goes back."""

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        ca_file: str | None,
        telemetry: Telemetry,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        timeouts: Timeouts = _DEFAULT_TIMEOUTS,
        limits: Limits = _DEFAULT_LIMITS,
    ) -> None:
        self._endpoints = endpoints
        self._telemetry = telemetry
        self._monotonic = monotonic
        self._timeouts = timeouts
        self._pool = Pool(limits, clock=clock, monotonic=monotonic)
        self._dialler = Dialler(endpoints, ca_file=ca_file, telemetry=telemetry, monotonic=monotonic, timeouts=timeouts)

    def login_margin(self, mailbox: str) -> float:
        """Seconds of life, more than which a token needs for a login as `mailbox`."""
        return self._endpoints.of(mailbox).login_margin

    async def open(self, mailbox: str, token: Token) -> SmtpSession | NotSent | AuthRefused:
        """A session for `mailbox`; `token` is used where a new login is needed.

        A reused session keeps the login that it has until that token's own expiry. `AuthRefused` means that the server
        refused this token.
        """
        resting = self._pool.take(mailbox)
        if resting is not None:
            return self._session(resting, token, reused=True)
        connection = await self._dialler.dial(mailbox, token)
        if not isinstance(connection, Connection):
            return connection
        return self._session(connection, token, reused=False)

    async def rest(self, mailbox: str, keep: int) -> None:
        """Close all but `keep` of a mailbox's idle connections: the turn that they belong to goes to another instance."""
        self._pool.trim(mailbox, keep)
        await asyncio.sleep(0)

    async def close(self) -> None:
        """Say goodbye on all idle connections; sessions in use end at their release."""
        self._pool.close()
        await asyncio.sleep(0)  # the event loop closes aborted sockets in its next round

    def _session(self, connection: Connection, token: Token, *, reused: bool) -> SmtpSession:
        tools = SessionTools(
            redial=partial(self._dialler.dial, connection.mailbox, token),
            give_back=self._pool.give,
            telemetry=self._telemetry,
            monotonic=self._monotonic,
            timeouts=self._timeouts,
        )
        return SmtpSession(connection, tools, reused=reused)

"""The app's token for Exchange: fetched once for everybody, renewed early, dropped when Exchange refuses it.

The fetch itself is a strategy (`token_managed.py`, `token_federated.py`); the cache here is the only one there is, so that
`drop` really leads to a new token.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from shared.rules.token import Token
from shared.rules.token_errors import DOWN_PAUSE, EXPIRED, THROTTLED, TokenUnavailable
from shared.telemetry import Attr, Kind, Metric, Span, Telemetry

REFRESH_PAUSE = 30.0
"""Seconds after a failed early refresh in which the token at hand is simply used: the next try costs a mail its time."""

FAILURE_PAUSE = 5.0
"""Seconds in which a failure without a token at hand is answered from memory, so that a hundred waiting mails ask once."""


class FetchToken(Protocol):
    """One way to a new token."""

    @property
    def way(self) -> str:
        """Its name in `mail.toml` and in the telemetry."""

    async def __call__(self) -> tuple[str, float]:
        """A new token's text and its expiry in epoch seconds, within a bounded time; raises `TokenUnavailable`."""


class TokenSource:
    """Hands out the token of one identity to everybody in this process. `clock` gives epoch seconds."""

    def __init__(self, fetch: FetchToken, *, telemetry: Telemetry, clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._telemetry = telemetry
        self._clock = clock
        self._token: Token | None = None
        self._flight: asyncio.Task[Token] | None = None
        self._failure: TokenUnavailable | None = None
        self._quiet_until = 0.0

    async def get(self) -> Token:
        """A usable token, from the cache where it is not yet due; raises `TokenUnavailable`."""
        attributes = {Attr.IDENTITY_WAY: self._fetch.way}
        with self._telemetry.span("token fetch", kind=Kind.CLIENT, attributes=attributes) as span:
            try:
                cached = self._at_hand()
                token = cached or await self._renewed(span)
            except TokenUnavailable as unavailable:
                span.set({Attr.CACHE_HIT: False, Attr.REASON: unavailable.reason.code})
                raise
            left = max(0.0, token.expires_at - self._clock())
            span.set({Attr.CACHE_HIT: cached is not None, Attr.SECONDS_LEFT: left})
            return token

    async def drop(self, token: Token) -> None:
        """Never give this token out again: Exchange refused it. A newer one in the cache stays."""
        if self._token == token:
            self._token = None
            self._quiet_until = 0.0

    def _at_hand(self) -> Token | None:
        """The cached token where nothing has to be fetched now; raises what the last fetch raised while it is too early."""
        now = self._clock()
        usable = self._token if self._token is not None and self._token.usable(now) else None
        if usable is not None and (now < self._quiet_until or not usable.due(now)):
            return usable
        if usable is None and self._failure is not None and now < self._quiet_until:
            raise TokenUnavailable(self._failure.reason, max(self._failure.retry_after, self._quiet_until - now))
        return None

    async def _renewed(self, span: Span) -> Token:
        try:
            return await self._shared_fetch()
        except TokenUnavailable as unavailable:
            now = self._clock()
            if self._token is None or not self._token.usable(now):
                raise
            span.set({Attr.REASON: unavailable.reason.code})
            return self._token

    async def _shared_fetch(self) -> Token:
        """One fetch for all who wait; it goes on when one of them is cancelled."""
        if self._flight is None:
            self._flight = asyncio.get_running_loop().create_task(self._fetch_once())
            self._flight.add_done_callback(self._landed)
        return await asyncio.shield(self._flight)

    async def _fetch_once(self) -> Token:
        started = self._clock()
        outcome = "bug"
        try:
            text, expires_at = await self._fetch()
            token = Token(text, fetched_at=self._clock(), expires_at=expires_at)
            if token.expires_at <= token.fetched_at:
                raise TokenUnavailable(EXPIRED, DOWN_PAUSE)
            outcome = "ok"
        except TokenUnavailable as unavailable:
            outcome = unavailable.reason.code
            self._failed(unavailable)
            raise
        finally:
            self._telemetry.record(
                Metric.TOKEN_DURATION,
                max(0.0, self._clock() - started),
                {Attr.IDENTITY_WAY: self._fetch.way, Attr.OUTCOME: outcome},
            )
        self._token, self._failure, self._quiet_until = token, None, 0.0
        return token

    def _failed(self, unavailable: TokenUnavailable) -> None:
        now = self._clock()
        self._failure = unavailable
        if unavailable.reason is THROTTLED:
            self._quiet_until = now + unavailable.retry_after
        elif self._token is not None and self._token.usable(now):
            self._quiet_until = now + REFRESH_PAUSE
        else:
            self._quiet_until = now + min(FAILURE_PAUSE, unavailable.retry_after)

    def _landed(self, _flight: asyncio.Task[Token]) -> None:
        self._flight = None

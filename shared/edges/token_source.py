"""The app's token for Exchange: fetched once for everybody, renewed early, dropped when Exchange refuses it.

The fetch itself is a strategy (`token_managed.py`, `token_federated.py`); the cache here is the only one there is, so that
`drop` really leads to a new token.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from shared.rules.token import EXPIRY_MARGIN, Token
from shared.rules.token_errors import DOWN_PAUSE, EXPIRED, THROTTLED, TokenUnavailable
from shared.telemetry import Attr, Attributes, Kind, Metric, Span, Telemetry

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

    async def get(self, margin: float = EXPIRY_MARGIN) -> Token:
        """A token with more than `margin` seconds left, from the cache where it is not yet due; raises `TokenUnavailable`.

        A new one is given whatever it has left: there is none that lives longer.
        """
        now = self._clock()
        usable = self._usable(now, margin)
        if usable is not None and (now < self._quiet_until or not usable.due(now, margin)):
            with self._span(self._facts(usable, now, hit=True)):
                return usable
        with self._span({Attr.IDENTITY_WAY: self._fetch.way, Attr.CACHE_HIT: False}) as span:
            try:
                self._check_pause(usable, now)
                token = await self._renewed(margin, span)
            except TokenUnavailable as unavailable:
                span.set({Attr.REASON: unavailable.reason.code})
                raise
            span.set(self._facts(token, self._clock(), hit=False))
            return token

    async def fresh(self) -> Token:
        """A new token past the cache, which stays as it is: for somebody who looks. Raises `TokenUnavailable`."""
        with self._span({Attr.IDENTITY_WAY: self._fetch.way, Attr.CACHE_HIT: False}) as span:
            try:
                return await self._fetched()
            except TokenUnavailable as unavailable:
                span.set({Attr.REASON: unavailable.reason.code})
                raise

    async def drop(self, token: Token) -> None:
        """Never give this token out again: Exchange refused it. A newer one in the cache stays."""
        if self._token == token:
            self._token = None
            self._quiet_until = 0.0

    def _span(self, attributes: Attributes) -> AbstractContextManager[Span]:
        return self._telemetry.span("token fetch", kind=Kind.CLIENT, attributes=attributes)

    def _usable(self, now: float, margin: float) -> Token | None:
        return self._token if self._token is not None and self._token.usable(now, margin) else None

    def _facts(self, token: Token, now: float, *, hit: bool) -> Attributes:
        left = max(0.0, token.expires_at - now)
        return {Attr.IDENTITY_WAY: self._fetch.way, Attr.CACHE_HIT: hit, Attr.SECONDS_LEFT: left}

    def _check_pause(self, usable: Token | None, now: float) -> None:
        """Raise what the last fetch raised while it is too early for the next one and there is no token meanwhile."""
        if usable is None and self._failure is not None and now < self._quiet_until:
            raise TokenUnavailable(self._failure.reason, max(self._failure.retry_after, self._quiet_until - now))

    async def _renewed(self, margin: float, span: Span) -> Token:
        try:
            return await self._shared_fetch()
        except TokenUnavailable as unavailable:
            old = self._usable(self._clock(), margin)
            if old is None:
                raise
            span.set({Attr.REASON: unavailable.reason.code})
            return old

    async def _shared_fetch(self) -> Token:
        """One fetch for all who wait; it goes on when one of them is cancelled."""
        if self._flight is None:
            self._flight = asyncio.get_running_loop().create_task(self._fetch_once())
            self._flight.add_done_callback(self._landed)
        return await asyncio.shield(self._flight)

    async def _fetch_once(self) -> Token:
        try:
            token = await self._fetched()
        except TokenUnavailable as unavailable:
            self._failed(unavailable)
            raise
        self._token, self._failure, self._quiet_until = token, None, 0.0
        return token

    async def _fetched(self) -> Token:
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
            raise
        finally:
            self._telemetry.record(
                Metric.TOKEN_DURATION,
                max(0.0, self._clock() - started),
                {Attr.IDENTITY_WAY: self._fetch.way, Attr.OUTCOME: outcome},
            )
        return token

    def _failed(self, unavailable: TokenUnavailable) -> None:
        now = self._clock()
        self._failure = unavailable
        if unavailable.reason is THROTTLED:
            self._quiet_until = now + unavailable.retry_after
        elif self._usable(now, EXPIRY_MARGIN) is not None:
            self._quiet_until = now + REFRESH_PAUSE
        else:
            self._quiet_until = now + min(FAILURE_PAUSE, unavailable.retry_after)

    def _landed(self, _flight: asyncio.Task[Token]) -> None:
        self._flight = None

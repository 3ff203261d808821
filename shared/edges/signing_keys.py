"""The tenant's signing keys: fetched from Entra, kept, and fetched anew when a token names one that is not there.

A stranger can write any key id into a token, so an unknown one leads to Entra only now and then.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.rules.key_sets import (
    KEYS_DOWN,
    KEYS_NOT_TRUSTED,
    KEYS_SETTINGS_WRONG,
    KEYS_TIMEOUT,
    KEYS_UNREADABLE,
    LARGEST_SET,
    KeySet,
    KeysUnavailable,
    of_status,
    read_key_set,
)
from shared.rules.outcome import Reason
from shared.telemetry import Attr, Kind, Telemetry

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

FRESH = 43_200.0
"""Seconds for which keys are used without a further question: half of the 24 hours after which Microsoft asks verifiers to
look again ("Signing key rollover"), so that one failure does no harm. A withdrawn key works for so long.
"""

KEPT = 86_400.0
"""Seconds for which keys are used while Entra cannot be reached; after that nobody can say that they are still Entra's."""

UNKNOWN_PAUSE = 30.0
"""Seconds from one fetch to the next that an unknown key id can cause. Entra publishes a key well before it signs."""

FAILURE_PAUSE = 5.0
"""Seconds in which a failure without keys at hand is answered from memory, so that a hundred waiting calls ask once."""

COME_BACK = 30.0
"""Seconds after which a caller should try again."""

FETCH_TIMEOUT = 10.0
"""Seconds for one fetch in all: somebody waits for the answer to an HTTP request."""

_CHUNK = 16 * 1024


class SigningKeys:
    """The keys published at `address` (`key_sets.keys_address`), on one event loop.

    `clock` gives seconds that never go back; only differences count. `ca_file` is trusted besides the usual authorities.
    """

    def __init__(
        self,
        address: str,
        *,
        telemetry: Telemetry,
        clock: Callable[[], float],
        ca_file: str | None = None,
        timeout: float = FETCH_TIMEOUT,
    ) -> None:
        self._address = address
        self._telemetry = telemetry
        self._clock = clock
        self._ca_file = ca_file
        self._timeout = timeout
        self._keys: KeySet = {}
        self._fetched_at = float("-inf")
        self._quiet_until = float("-inf")
        self._failure: KeysUnavailable | None = None
        self._flight: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> Mapping[str, Any] | None:
        """The JSON Web Key of this id, None where Entra publishes none; raises `KeysUnavailable` where nobody can say."""
        if self._due(kid, self._clock()):
            await self._shared_fetch()
        now = self._clock()
        known = self._usable(now).get(kid)
        if known is None and self._failure is not None:
            raise KeysUnavailable(self._failure.reason, self._failure.retry_after)
        return known

    def _usable(self, now: float) -> KeySet:
        return self._keys if now - self._fetched_at < KEPT else {}

    def _due(self, kid: str, now: float) -> bool:
        """Whether to ask Entra now: the key is not there, or the keys are old, and the last question is some time ago."""
        if now < self._quiet_until:
            return False
        return kid not in self._usable(now) or now - self._fetched_at >= FRESH

    async def _shared_fetch(self) -> None:
        """One fetch for all who wait; it goes on when one of them is cancelled."""
        if self._flight is None:
            self._flight = asyncio.get_running_loop().create_task(self._renew())
            self._flight.add_done_callback(self._landed)
        await asyncio.shield(self._flight)

    async def _renew(self) -> None:
        try:
            keys = await self._fetch()
        except KeysUnavailable as unavailable:
            now = self._clock()
            self._failure = unavailable
            self._quiet_until = now + (UNKNOWN_PAUSE if self._usable(now) else FAILURE_PAUSE)
            return
        now = self._clock()
        self._keys, self._failure = keys, None
        self._fetched_at, self._quiet_until = now, now + UNKNOWN_PAUSE

    def _landed(self, _flight: asyncio.Task[None]) -> None:
        self._flight = None

    async def _fetch(self) -> KeySet:
        """The keys as they are published now; raises `KeysUnavailable` after `timeout` at the latest."""
        host = urlsplit(self._address).hostname or ""
        with self._telemetry.span("signing keys fetch", kind=Kind.CLIENT, attributes={Attr.SERVER: host}) as span:
            try:
                return await self._ask()
            except KeysUnavailable as unavailable:
                span.set({Attr.REASON: unavailable.reason.code})
                raise

    async def _ask(self) -> KeySet:
        from aiohttp import ClientError, ClientSSLError

        if not self._address.startswith("https://"):
            raise _unavailable(KEYS_SETTINGS_WRONG)
        try:
            async with asyncio.timeout(self._timeout), self._session() as session:
                body = await _body(session, self._address)
        except TimeoutError:
            raise _unavailable(KEYS_TIMEOUT) from None
        except (ClientSSLError, ssl.SSLError):
            raise _unavailable(KEYS_NOT_TRUSTED) from None
        except (ClientError, OSError, ValueError):
            raise _unavailable(KEYS_DOWN) from None
        keys = read_key_set(body)
        if not keys:
            raise _unavailable(KEYS_UNREADABLE)
        return keys

    def _session(self) -> "ClientSession":
        """A session for one question a day or so: nothing stays open. No proxy, no cookie, no compression (a small answer
        could become a huge one).
        """
        import aiohttp

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file is not None:
            try:
                context.load_verify_locations(cafile=self._ca_file)
            except OSError:  # also ssl.SSLError, of a file that holds no certificate
                raise _unavailable(KEYS_SETTINGS_WRONG) from None
        return context


async def _body(session: "ClientSession", address: str) -> bytes:
    async with session.get(address, allow_redirects=False) as answer:
        reason = of_status(answer.status)
        if reason is not None:
            raise _unavailable(reason)
        return await _bounded(answer)


async def _bounded(answer: "ClientResponse") -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_chunked(_CHUNK):
        body += piece
        if len(body) > LARGEST_SET:
            raise _unavailable(KEYS_UNREADABLE)
    return bytes(body)


def _unavailable(reason: Reason) -> KeysUnavailable:
    return KeysUnavailable(reason, COME_BACK)

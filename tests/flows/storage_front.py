"""What Azure's DNS does and an emulator cannot: an address of an account that needs no path.

Azure's accounts have a host name each, and so the app takes no storage address with a path. Azurite has the account as the
first part of the path, where no DNS helps. This stands between them, takes TLS, and adds that part; also to the addresses
inside of a table's batch, of which each is a request of its own (OData, batch requests).
"""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

from devcloud.listening import listen
from tests.flows.processes import START_SECONDS, STOP_SECONDS

LARGEST = 64 * 1024 * 1024
"""Bytes of one request's body: more than any test puts into a blob."""

NOT_FORWARDED = frozenset({"host", "connection", "keep-alive", "transfer-encoding", "content-length", "expect"})
"""Headers of one hop, which each side sets for itself (RFC 9110 section 7.6.1)."""


class StorageFront:
    """One port of 127.0.0.1 for each service, in a thread of its own. Use as a context manager."""

    def __init__(self, account: str, origins: Mapping[str, str], *, server: ssl.SSLContext, client: ssl.SSLContext) -> None:
        """`origins`: service name → origin of Azurite; `server` is shown to the app, `client` trusts Azurite."""
        self._account = account
        self._origins = origins
        self._server = server
        self._client = client
        self._listening = threading.Event()
        self._over = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self.ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        assert self._listening.wait(START_SECONDS), "the front of the storage does not listen"
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(STOP_SECONDS)
        self._loop.close()

    async def _serve(self) -> None:
        async with AsyncExitStack() as stack:
            connector = aiohttp.TCPConnector(ssl=self._client, force_close=True)
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, auto_decompress=False))
            for service, origin in self._origins.items():
                app = web.Application(client_max_size=LARGEST)
                app.router.add_route("*", "/{path:.*}", self._handler(session, service, origin))
                runner, self.ports[service] = await listen(app, tls=self._server)
                stack.push_async_callback(runner.cleanup)
            self._listening.set()
            await self._over.wait()

    def _handler(
        self, session: aiohttp.ClientSession, service: str, origin: str
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            ours, theirs = f"https://127.0.0.1:{self.ports[service]}/", f"{origin}/{self._account}/"
            body = await request.read()
            if request.path == "/$batch":
                body = body.replace(ours.encode(), theirs.encode())
            address = URL(f"{theirs}{request.raw_path.removeprefix('/')}", encoded=True)
            automatic = ("Content-Type", "User-Agent", "Accept", "Accept-Encoding")
            async with session.request(
                request.method, address, headers=_kept(request.headers), data=body, skip_auto_headers=automatic
            ) as answer:
                return web.Response(status=answer.status, headers=_kept(answer.headers), body=await answer.read())

        return handle


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in NOT_FORWARDED}

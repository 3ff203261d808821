"""Serve a web application on a free loopback port, and hang up on a client."""

import ssl

from aiohttp import web

LOOPBACK = "127.0.0.1"

_SHUTDOWN_SECONDS = 1.0  # what is still being answered when the run ends gets no longer than this


async def listen(app: web.Application, *, tls: ssl.SSLContext | None = None) -> tuple[web.AppRunner, int]:
    """Start serving; returns the runner (its `cleanup` stops it) and the port."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0, ssl_context=tls)
    await site.start()
    port: int = runner.addresses[0][1]
    return runner, port


def drop(request: web.Request) -> web.StreamResponse:
    """Close the connection at once: the client sees its end instead of an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()

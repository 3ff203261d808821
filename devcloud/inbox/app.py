"""The inbox application: the exchange simulator's API, the OTLP receiver and the page a person looks at."""

from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from devcloud.exchange import Exchange
from devcloud.exchange import api as exchange_api
from devcloud.inbox import mail_routes, otlp_routes
from devcloud.inbox.guard import protect
from devcloud.inbox.store import MetricStore, TraceStore

PAGE = Path(__file__).parent / "page"

MAX_REQUEST_BYTES = 16 * 1024 * 1024
"""Of one request body, unpacked: an export of 512 spans with every attribute full is a tenth of it."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""The page takes everything from here and nothing from elsewhere, and no text can become markup."""


def build_app(exchange: Exchange, *, extra_routes: Iterable[web.RouteDef] = ()) -> web.Application:
    """Build the application around one simulator; `extra_routes` are served under the same checks."""
    app = web.Application(client_max_size=MAX_REQUEST_BYTES)
    protect(app)
    exchange_api.add_routes(app, exchange)
    mail_routes.add_routes(app, exchange)
    otlp_routes.add_routes(app, TraceStore(), MetricStore())
    app.router.add_get("/", _page)
    app.router.add_static("/page", PAGE, follow_symlinks=False)
    app.add_routes(extra_routes)
    return app


async def _page(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html", headers={"Content-Security-Policy": PAGE_POLICY})

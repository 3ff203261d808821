"""Who may talk to the inbox: this machine, by its own name, and no page of another site.

Any web page can send requests to 127.0.0.1, and by DNS rebinding it can even read the answers: the browser then sends
the page's own name as Host. So other Hosts are refused, and so is whatever would change something with a foreign Origin
(RFC 6454; Fetch Metadata says the same in `Sec-Fetch-Site`). Tools send neither header and are let in.
"""

import re
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOCAL_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?", re.IGNORECASE)
_SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_OWN_SITES = frozenset({"same-origin", "none"})

NOTHING_ALLOWED = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The policy of every answer that names none of its own: it is data, whatever it looks like to a browser."""

DEFAULT_HEADERS = {
    "Content-Security-Policy": NOTHING_ALLOWED,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
    "Cache-Control": "no-store",
}


def protect(app: web.Application) -> None:
    """Put the Host and Origin checks before every route, and the default headers on every answer."""
    app.middlewares.append(refuse_foreigners)
    app.on_response_prepare.append(add_default_headers)


@web.middleware
async def refuse_foreigners(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to another Host, and to a change that another site asks for."""
    if not is_local_host(request.headers.getall(hdrs.HOST, [])):
        return problem(403, "Host must be 127.0.0.1 or localhost")
    if request.method not in _SAFE_METHODS and is_foreign(request):
        return problem(403, "a page of another origin may not change anything here")
    return await handler(request)


async def add_default_headers(_request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Add the headers that the handler has not set itself."""
    for name, value in DEFAULT_HEADERS.items():
        response.headers.setdefault(name, value)


def is_local_host(hosts: list[str]) -> bool:
    """Whether there is exactly one Host header and it names this machine, with or without a port."""
    return len(hosts) == 1 and _LOCAL_HOST.fullmatch(hosts[0]) is not None


def is_foreign(request: web.Request) -> bool:
    """Whether a browser says that a page of another origin (or of none, `null`) sent this request."""
    own = f"http://{request.headers[hdrs.HOST]}".lower()
    origins = request.headers.getall(hdrs.ORIGIN, [])
    sites = request.headers.getall("Sec-Fetch-Site", [])
    return any(origin.lower() != own for origin in origins) or any(site not in _OWN_SITES for site in sites)


def problem(status: int, detail: str) -> web.Response:
    """An error answer as problem details (RFC 9457)."""
    body = {"status": status, "detail": detail}
    return web.json_response(body, status=status, content_type="application/problem+json")

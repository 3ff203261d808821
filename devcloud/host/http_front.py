"""The HTTP side of the host: functions below the route prefix, and the operator's two routes below /admin."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Mapping, Sequence

from aiohttp import web

from devcloud.host.context import trace_context
from devcloud.host.faults import InvocationFailed
from devcloud.host.http_messages import request_data, response_for
from devcloud.host.invoker import Invoker
from devcloud.host.keys import Keys
from devcloud.host.loaded import LoadedFunction
from devcloud.host.manual import manual_trigger_data
from devcloud.host.routes import Route, find, parse
from devcloud.host.triggering import TriggerData

MAX_BODY_BYTES = 104_857_600  # the host's default, FUNCTIONS_REQUEST_BODY_SIZE_LIMIT
CLOSE_SECONDS = 0.5  # for requests that are still open after the drain time: they are cut
LOOPBACK = "127.0.0.1"  # this host is for one machine and must never be reachable from another

logger = logging.getLogger(__name__)


def http_routes(functions: Sequence[LoadedFunction], prefix: str) -> list[Route[LoadedFunction]]:
    """Return the routes of all HTTP functions.

    Raises:
        HostFault: a route that this host cannot serve.
    """
    return [
        parse(function.trigger.text("route", function.name), prefix, _methods(function), function)
        for function in functions
        if function.trigger.type == "httpTrigger"
    ]


def _methods(function: LoadedFunction) -> list[str]:
    methods = function.trigger.fields.get("methods")
    return [str(method) for method in methods] if isinstance(methods, list) else []


class HttpFront:
    """Answers in the host's order: no route 404, key missing or too weak 401, disabled 404, then the function."""

    def __init__(
        self,
        functions: Mapping[str, LoadedFunction],
        routes: list[Route[LoadedFunction]],
        disabled: frozenset[str],
        keys: Keys,
        invoker: Invoker,
    ) -> None:
        self._functions = functions
        self._routes = routes
        self._disabled = disabled
        self._keys = keys
        self._invoker = invoker
        self._by_hand: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    async def start(self, port: int) -> int:
        """Listen on a loopback port (0 takes a free one) and return it."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_post("/admin/functions/{name}", self._run_by_hand)
        app.router.add_get("/admin/host/status", self._status)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=CLOSE_SECONDS)
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, LOOPBACK, port)
        await self._site.start()
        _, bound = self._runner.addresses[0][:2]
        return int(bound)

    async def stop_listening(self) -> None:
        """Take no new connection; requests that have begun are finished."""
        site, self._site = self._site, None
        if site is not None:
            await site.stop()

    async def close(self) -> None:
        """Close what is still open."""
        for task in self._by_hand:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        found = find(self._routes, request.method, request.raw_path)
        if found is None:
            return web.Response(status=404)
        function, values = found
        if not self._keys.admits(function.trigger.text("authLevel", "FUNCTION").upper(), request):
            return web.Response(status=401)
        if function.name in self._disabled and not self._keys.admits("ADMIN", request):
            return web.Response(status=404)
        return await self._call(request, function, values)

    async def _call(self, request: web.Request, function: LoadedFunction, values: Mapping[str, str]) -> web.Response:
        body = await request.read()
        trace = trace_context(request.headers.get("traceparent"), request.headers.get("tracestate"))
        try:
            returned = await self._invoker.invoke(function, request_data(request, body, values), trace)
            return response_for(returned)
        except InvocationFailed:
            return web.Response(status=500)
        except ValueError:
            logger.warning("function %s returned a response that HTTP cannot carry", function.name)
            return web.Response(status=500)

    async def _run_by_hand(self, request: web.Request) -> web.Response:
        """Microsoft Learn, "Manually run a non HTTP-triggered function": 202 at once, the run goes on by itself."""
        if not self._keys.admits("ADMIN", request):
            return web.Response(status=401)
        function = self._functions.get(request.match_info["name"])
        if function is None or function.trigger.type == "httpTrigger":
            return web.Response(status=404)
        try:
            document = json.loads(await request.read() or b"{}")
            data = manual_trigger_data(function, str(document.get("input") or ""))
        except (ValueError, AttributeError):
            return web.Response(status=400)
        task = asyncio.create_task(self._invoke_quietly(function, data))
        self._by_hand.add(task)
        task.add_done_callback(self._by_hand.discard)
        return web.Response(status=202)

    async def _invoke_quietly(self, function: LoadedFunction, data: TriggerData) -> None:
        # The invoker has logged the failure, and nobody waits for it.
        with contextlib.suppress(InvocationFailed):
            await self._invoker.invoke(function, data)

    async def _status(self, request: web.Request) -> web.Response:
        if not self._keys.admits("ADMIN", request):
            return web.Response(status=401)
        return web.json_response(
            {"state": "Running", "functions": sorted(self._functions), "inFlight": self._invoker.in_flight}
        )

"""A proxy before Azurite: counts what the app asks of its storage, and misbehaves when told to.

The host's own storage goes to Azurite directly; only the mail's goes through here. Requests pass unchanged (the
account key signs them), except that a queue message loses what XML cannot hold: see `devcloud.xmltext`.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from devcloud.listening import drop, listen
from devcloud.scenarios import ScenarioBook
from devcloud.storage_faults import (
    SCENARIO_FACTS,
    SCENARIO_NAMES,
    StorageFaults,
    StorageScenario,
    error_answer,
    error_code,
)
from devcloud.storage_operations import Operation, classify
from devcloud.xmltext import sanitize_keeping_length

SERVICES = ("blob", "queue", "table")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Forward = Callable[[], Awaitable[web.StreamResponse]]
"""Hands one request to Azurite and gives its answer."""

Around = Callable[[web.Request, Operation, Forward], Awaitable[web.StreamResponse]]
"""Stands around every request that passes undisturbed: what it gives is what the app gets."""

_NO_CONTENT = 204  # what storage answers to a delete and to a replacement that worked
_BODY_LIMIT = 128 * 1024 * 1024  # Azurite's own blocks are far below; a bound all the same
_FORWARD_TIMEOUT = 60.0  # seconds: Azurite answers in milliseconds, or is gone
_IDLE_TO_AZURITE = 2.0  # seconds; Node closes an idle connection after 5, and a request must not meet that moment
# Headers of one connection, not of the message (RFC 9110 section 7.6.1), and those that the server sets itself.
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"})
_WRITTEN_BY_PRODUCERS = frozenset({"queue.put-message", "queue.update-message"})


class StorageProxy:
    """Three loopback ports (blob, queue, table) in front of Azurite's three. Use as an async context manager."""

    def __init__(self, targets: Mapping[str, str], *, around: Around | None = None) -> None:
        """`targets`: service name → Azurite's origin, such as `http://127.0.0.1:10001`."""
        self._targets = {service: targets[service] for service in SERVICES}
        self._around = around or _straight
        self._scenarios: ScenarioBook[StorageScenario] = ScenarioBook(names=SCENARIO_NAMES, facts=SCENARIO_FACTS)
        self._operations: Counter[Operation] = Counter()
        self._disturbed: Counter[str] = Counter()
        self._runners: list[web.AppRunner] = []
        self._session: aiohttp.ClientSession | None = None
        self.ports: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_TO_AZURITE),
            timeout=aiohttp.ClientTimeout(total=_FORWARD_TIMEOUT),
            auto_decompress=False,
        )
        for service in SERVICES:
            app = web.Application(client_max_size=_BODY_LIMIT)
            app.router.add_route("*", "/{path:.*}", self._handler(service))
            runner, self.ports[service] = await listen(app)
            self._runners.append(runner)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for runner in self._runners:
            await runner.cleanup()
        if self._session is not None:
            await self._session.close()

    def set_faults(self, faults: StorageFaults) -> None:
        """Take these scenarios from now on; raises `ScenarioFault` and keeps the old ones if one is wrong."""
        self._scenarios.arm(faults.scenarios)

    def describe_faults(self) -> dict[str, object]:
        """The armed scenarios, each with how often it has hit."""
        return {"scenarios": self._scenarios.describe()}

    def operations(self) -> dict[str, object]:
        """What was asked since the last reset: in all, by operation, by resource and operation, and what was disturbed."""
        by_operation: Counter[str] = Counter()
        by_resource: dict[str, dict[str, int]] = {}
        for operation, times in self._operations.items():
            by_operation[operation.name] += times
            by_resource.setdefault(operation.resource, {})[operation.name] = times
        return {
            "total": self._operations.total(),
            "operations": dict(sorted(by_operation.items())),
            "resources": dict(sorted(by_resource.items())),
            "disturbed": dict(sorted(self._disturbed.items())),
        }

    def reset_operations(self) -> None:
        """Count from zero again."""
        self._operations.clear()
        self._disturbed.clear()

    def _handler(self, service: str) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            conditional = "If-Match" in request.headers
            operation = classify(
                service,
                request.method,
                request.raw_path.partition("?")[0],
                request.query,
                conditional=conditional,
                body=body,
            )
            self._operations[operation] += 1
            scenario = self._scenarios.draw({"operation": operation.name, "resource": operation.resource})
            if scenario is None:
                return await self._around(request, operation, partial(self._forward, service, request, operation, body))
            self._disturbed[operation.name] += 1
            return await self._misbehave(scenario, service, request, operation, body)

        return handle

    async def _misbehave(
        self, scenario: StorageScenario, service: str, request: web.Request, operation: Operation, body: bytes
    ) -> web.StreamResponse:
        if scenario.name == "status":
            return _error(service, scenario.status, error_code(service, scenario), "Armed scenario of the storage proxy.")
        if scenario.name == "drop":
            return drop(request)
        if scenario.name == "pretend":
            return web.Response(status=_NO_CONTENT)
        if scenario.name == "delay":
            await asyncio.sleep(scenario.seconds)
        if scenario.name == "twice":
            await self._forward(service, request, operation, body)
        answer = await self._forward(service, request, operation, body)
        return drop(request) if scenario.name == "lose-answer" else answer

    async def _forward(self, service: str, request: web.Request, operation: Operation, body: bytes) -> web.StreamResponse:
        if self._session is None:
            raise RuntimeError("the proxy is used outside its context")
        if operation.name in _WRITTEN_BY_PRODUCERS:
            body = sanitize_keeping_length(body)
        address = URL(f"{self._targets[service]}{request.raw_path}", encoded=True)
        try:
            async with self._session.request(
                request.method,
                address,
                headers=_end_to_end(request.headers),
                data=body,
                skip_auto_headers=("Content-Type", "User-Agent", "Accept", "Accept-Encoding"),
                allow_redirects=False,
            ) as answer:
                content = await answer.read()
                return _copy(answer, content)
        except (aiohttp.ClientError, TimeoutError):
            return _error(service, 502, "InternalError", "Azurite does not answer.")


def _error(service: str, status: int, code: str, text: str) -> web.Response:
    body, headers = error_answer(service, code, text)
    return web.Response(status=status, body=body, headers=headers)


async def _straight(_request: web.Request, _operation: Operation, forward: Forward) -> web.StreamResponse:
    return await forward()


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP_BY_HOP)


def _copy(answer: aiohttp.ClientResponse, content: bytes) -> web.Response:
    headers = _end_to_end(answer.headers)
    if answer.method != "HEAD":
        headers.popall("Content-Length", None)
    return web.Response(status=answer.status, reason=answer.reason, body=content, headers=headers)

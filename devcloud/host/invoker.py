"""One invocation from beginning to end, whatever triggered it."""

import asyncio
import logging
import sys
import uuid
from collections.abc import Mapping
from typing import Protocol

from azure.functions.meta import Datum

from devcloud.host.context import Context, TraceContext, trace_context
from devcloud.host.crash import CrashPlan
from devcloud.host.faults import InvocationFailed
from devcloud.host.loaded import LoadedFunction
from devcloud.host.triggering import Outcome, TriggerData
from devcloud.host.worker import Worker

logger = logging.getLogger(__name__)


class Outputs(Protocol):
    """Where outputs go."""

    async def write(self, function: LoadedFunction, outputs: Mapping[str, Datum | None]) -> None:
        """Write what the function set, before its trigger is settled."""


class Invoker:
    """Calls functions and writes their outputs; counts what is in flight."""

    def __init__(self, worker: Worker, outputs: Outputs, timeout: float | None, crashes: CrashPlan) -> None:
        self._worker = worker
        self._outputs = outputs
        self._timeout = timeout
        self._crashes = crashes
        self.in_flight = 0
        self.idle = asyncio.Event()
        self.idle.set()

    async def invoke(self, function: LoadedFunction, data: TriggerData, trace: TraceContext | None = None) -> Datum | None:
        """Call `function` and return the value for its `$return` binding.

        Raises:
            InvocationFailed: the function failed, timed out, or an output could not be written. Already logged.
        """
        invocation_id = str(uuid.uuid4())
        context = Context(invocation_id, function.name, function.directory, trace or trace_context())
        self.in_flight += 1
        self.idle.clear()
        try:
            return await self._attempt(function, data, context)
        except InvocationFailed as failure:
            logger.warning("function %s failed, invocation %s: %s", function.name, invocation_id, failure.cause)
            raise
        finally:
            sys.stdout.flush()  # what the app has printed
            self.in_flight -= 1
            if self.in_flight == 0:
                self.idle.set()

    async def _attempt(self, function: LoadedFunction, data: TriggerData, context: Context) -> Datum | None:
        queued = function.trigger.type == "queueTrigger"
        if queued:
            self._crashes.reach("before-call", function.name)
        outcome = await self._call(function, data, context)
        if queued:
            self._crashes.reach("after-call", function.name)
        try:
            await self._outputs.write(function, outcome.outputs)
        except Exception as error:
            raise InvocationFailed(f"an output could not be written: {type(error).__name__}") from error
        return outcome.returned

    async def _call(self, function: LoadedFunction, data: TriggerData, context: Context) -> Outcome:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._worker.call(function, data, context)
        except TimeoutError as error:
            raise InvocationFailed("FunctionTimeout") from error

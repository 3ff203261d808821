"""The Python worker: one event loop in a thread of its own, and a thread pool for plain functions.

The real worker is another process than the host, so a function that blocks its loop stops every other function of the
app while the host goes on renewing leases. A thread of its own keeps that true here.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from azure.functions.meta import Datum

from devcloud.host.context import THREAD_LOCAL, Context
from devcloud.host.converters import Metadata
from devcloud.host.faults import InvocationFailed
from devcloud.host.loaded import HTTP, RETURN, LoadedFunction, Parameter
from devcloud.host.triggering import Outcome, TriggerData

Result = TypeVar("Result")

MAX_DEFAULT_THREADS = 32  # ThreadPoolExecutor's own default is min(32, cores + 4); the worker leaves it at that
EXTRA_THREADS = 4
THREADS_SETTING = "PYTHON_THREADPOOL_THREAD_COUNT"
JOIN_SECONDS = 2.0  # for the loop to wind up after everything on it was cancelled


class _Out:
    """An output parameter: what the worker gives for `func.Out[...]`."""

    def __init__(self) -> None:
        self._value: object = None

    def set(self, val: object) -> None:
        self._value = val

    def get(self) -> object:
        return self._value


def thread_count(configured: str | None) -> int:
    """Return the size of the pool: the app setting, or Python's default."""
    if configured and configured.isdecimal() and int(configured) > 0:
        return int(configured)
    return min(MAX_DEFAULT_THREADS, (os.cpu_count() or 1) + EXTRA_THREADS)


class Worker:
    """Runs the app's code, away from the host's own loop."""

    def __init__(self, threads: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="function")
        self._thread = threading.Thread(target=self._serve, name="worker", daemon=True)

    def start(self) -> None:
        """Start the worker's thread."""
        self._thread.start()

    async def run(self, job: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the worker's loop and wait for it; cancelling the wait cancels the job."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(job, self._loop))

    async def load(self, job: Callable[[], Result]) -> Result:
        """Run a plain call on the worker's own thread, where the real worker imports the app."""

        async def on_loop() -> Result:
            return job()

        return await self.run(on_loop())

    async def call(self, function: LoadedFunction, data: TriggerData, context: Context) -> Outcome:
        """Convert the arguments, call the function and convert what it produced.

        Raises:
            InvocationFailed: whatever the function, or a converter, raised.
        """
        return await self.run(self._guarded(function, data, context))

    async def stop(self) -> bool:
        """Cancel what still runs and end the thread; return whether every call has ended."""
        self._loop.call_soon_threadsafe(self._cancel_all)
        await asyncio.to_thread(self._thread.join, JOIN_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._thread.is_alive():
            return False
        self._loop.close()
        return not any(thread.is_alive() for thread in threading.enumerate() if thread.name.startswith("function_"))

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())

    def _cancel_all(self) -> None:
        # The worker has no graceful shutdown: what the app leaves open is not worth a word in the log.
        self._loop.set_exception_handler(lambda _loop, _details: None)
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        gathered = asyncio.gather(*pending, return_exceptions=True)
        gathered.add_done_callback(lambda _: self._loop.stop())

    async def _guarded(self, function: LoadedFunction, data: TriggerData, context: Context) -> Outcome:
        try:
            return await self._call(function, data, context)
        except InvocationFailed:
            raise
        except BaseException as error:  # also SystemExit: no failure of the app may end the loop
            raise InvocationFailed(_cause(error)) from error

    async def _call(self, function: LoadedFunction, data: TriggerData, context: Context) -> Outcome:
        arguments: dict[str, object] = {
            name: _decoded(parameter, data.datum, data.metadata) for name, parameter in function.inputs.items()
        }
        outs = {name: _Out() for name in function.outputs}
        arguments.update(outs)
        if function.wants_context:
            arguments["context"] = context
        returned = await self._run_user_code(function, arguments, context)
        if returned is not None and function.returns is None:
            raise RuntimeError("a function without a $return binding returned a value")
        outputs = {name: _encoded(function.outputs[name], out.get()) for name, out in outs.items() if out.get() is not None}
        if function.returns is None:
            return Outcome(None, outputs)
        datum = _encoded(function.returns, returned)
        if function.returns.binding.type == HTTP:
            return Outcome(datum, outputs)
        return Outcome(None, {**outputs, RETURN: datum})

    async def _run_user_code(self, function: LoadedFunction, arguments: dict[str, object], context: Context) -> object:
        if function.is_async:
            THREAD_LOCAL.invocation_id = context.invocation_id
            return await function.call(**arguments)

        def plain() -> object:
            THREAD_LOCAL.invocation_id = context.invocation_id
            return function.call(**arguments)

        return await self._loop.run_in_executor(self._pool, plain)


def _decoded(parameter: Parameter, datum: Datum, metadata: Metadata) -> object:
    return parameter.converter.decode(datum, trigger_metadata=metadata)


def _encoded(parameter: Parameter, value: object) -> Datum | None:
    try:
        return parameter.converter.encode(value, expected_type=parameter.annotation)
    except NotImplementedError:
        raise TypeError(f"{parameter.binding.type} cannot be made of {type(value).__name__}") from None


def _cause(error: BaseException) -> str:
    """Return the type of an exception and the place in the app's code where it came from; never its text."""
    frame = error.__traceback__
    place = ""
    while frame is not None:
        code = frame.tb_frame.f_code
        place = f" at {os.path.basename(code.co_filename)}:{frame.tb_lineno}"  # noqa: PTH119 - a name, not a file
        frame = frame.tb_next
    return f"{type(error).__name__}{place}"

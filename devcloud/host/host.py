"""One running host: listeners, timers and the HTTP front around one worker."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence

from azure.storage.queue.aio import QueueClient

from devcloud.host.connections import StorageClients
from devcloud.host.discovery import discover
from devcloud.host.http_front import HttpFront
from devcloud.host.invoker import Invoker
from devcloud.host.knobs import Knobs
from devcloud.host.loaded import LoadedFunction
from devcloud.host.message_cycle import MessageCycle, poison_queue_name
from devcloud.host.options import HostOptions
from devcloud.host.outputs import OutputWriter
from devcloud.host.plan import Plan, QueueTarget, host_options, make_plan
from devcloud.host.polling import Backoff
from devcloud.host.queue_listener import QueueListener
from devcloud.host.timer_listener import TimerListener, TimerTrigger
from devcloud.host.timer_store import TimerStore, host_id
from devcloud.host.worker import THREADS_SETTING, Worker, thread_count

logger = logging.getLogger(__name__)


class Host:
    """A function app that runs. `start` returns when everything listens; `stop` finishes what is in flight."""

    def __init__(self, knobs: Knobs, settings: Mapping[str, str], functions: Sequence[LoadedFunction] | None = None) -> None:
        """Prepare a host for the app in `knobs.app`, or for `functions` that are loaded already."""
        self._knobs = knobs
        self._settings = settings
        self._given = functions
        self._worker = Worker(thread_count(settings.get(THREADS_SETTING)))
        self._clients = StorageClients(knobs.ca_file)
        self._listeners: list[QueueListener] = []
        self._timers: list[TimerListener] = []
        self._front: HttpFront | None = None
        self._invoker: Invoker | None = None
        self._started = False

    async def start(self) -> tuple[int, list[str]]:
        """Load the app and listen; return the HTTP port and the names of the functions.

        Raises:
            HostFault: the app or its settings are wrong; nothing has been listened to.
        """
        self._worker.start()
        self._started = True
        options = host_options(self._knobs.app, self._settings)
        functions = self._given
        if functions is None:
            functions = await self._worker.load(lambda: discover(self._knobs.app, self._settings))
        plan = make_plan(functions, options, self._settings)
        self._invoker = Invoker(self._worker, self._outputs(plan, options), options.function_timeout, self._knobs.crashes)
        self._front = HttpFront(dict(plan.functions), plan.routes, plan.disabled, self._knobs.keys, self._invoker)
        self._listeners = [self._listener(name, plan, options, self._invoker) for name in _enabled(plan, plan.queues)]
        self._timers = self._timer_listeners(plan, self._invoker)
        port = await self._front.start(self._knobs.port)
        for listener in self._loops():
            listener.start()
        return port, sorted(plan.functions)

    async def stop(self) -> bool:
        """Stop fetching, let what is in flight end within the drain time; return whether everything has ended."""
        for listener in self._loops():
            await listener.stop()
        if self._front is not None:
            await self._front.stop_listening()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._drained(), self._knobs.drain)
        for listener in self._loops():
            listener.abandon()
            await listener.drained()
        if self._front is not None:
            await self._front.close()
        started, self._started = self._started, False
        ended = await self._worker.stop() if started else True
        await self._clients.__aexit__(None, None, None)
        return ended

    def _loops(self) -> list[QueueListener | TimerListener]:
        return [*self._listeners, *self._timers]

    async def _drained(self) -> None:
        for listener in self._loops():
            await listener.drained()
        if self._invoker is not None:
            await self._invoker.idle.wait()

    def _outputs(self, plan: Plan, options: HostOptions) -> OutputWriter:
        clients = {key: self._clients.queue(target.connection, target.queue) for key, target in plan.outputs.items()}
        return OutputWriter(clients, options.queues.message_encoding, self._notify)

    def _notify(self, queue: QueueClient) -> None:
        for listener in self._listeners:
            if listener.queue.url == queue.url:
                listener.notify()

    def _listener(self, name: str, plan: Plan, options: HostOptions, invoker: Invoker) -> QueueListener:
        target = plan.queues[name]
        cycle = MessageCycle(
            function=plan.functions[name],
            queue=self._clients.queue(target.connection, target.queue),
            poison_queue=self._poison_queue(target),
            options=options.queues,
            lease=self._knobs.lease,
            invoker=invoker,
            crashes=self._knobs.crashes,
            notify=self._notify,
        )
        backoff = Backoff(options.queues.max_polling_interval, self._knobs.random)
        return QueueListener(self._clients.receiver(target.connection, target.queue), cycle, backoff)

    def _poison_queue(self, target: QueueTarget) -> QueueClient | None:
        name = poison_queue_name(target.queue)
        return None if name is None else self._clients.queue(target.connection, name)

    def _timer_listeners(self, plan: Plan, invoker: Invoker) -> list[TimerListener]:
        if not plan.timers or plan.host_storage is None:
            return []
        store = TimerStore(self._clients.blobs(plan.host_storage), host_id(self._settings, self._knobs.app))
        listeners = []
        for name in _enabled(plan, plan.timers):
            target = plan.timers[name]
            trigger = TimerTrigger(
                plan.functions[name], target.schedule, target.run_on_startup, target.use_monitor, self._knobs.clock
            )
            listeners.append(TimerListener(trigger, store, store.lock(name, self._knobs.timer_lease), invoker))
        return listeners


def _enabled(plan: Plan, names: Mapping[str, object]) -> list[str]:
    return [name for name in names if name not in plan.disabled]

"""The loop of one timer trigger: hold the lock, wait for the occurrence, run, remember."""

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass

from azure.core.exceptions import AzureError
from azure.functions.meta import Datum

from devcloud.host.faults import InvocationFailed
from devcloud.host.invoker import Invoker
from devcloud.host.loaded import LoadedFunction
from devcloud.host.timer_store import ListenerLock, TimerStore
from devcloud.host.timers import NEVER, Reason, Schedule, Start, Status, after_run, at_start, payload
from devcloud.host.triggering import TriggerData

LONGEST_NAP = 1.0  # seconds between two looks at the clock, so that a clock that is set is noticed
CONTENTION_SHARE = 4  # a waiting instance asks for the lock four times in a period

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    """A timer function with what its decorator says. `clock` gives Unix seconds."""

    function: LoadedFunction
    schedule: Schedule
    run_on_startup: bool
    use_monitor: bool
    clock: Callable[[], float]

    def now(self) -> dt.datetime:
        """Return the time, in UTC."""
        return dt.datetime.fromtimestamp(self.clock(), dt.UTC)


class TimerListener:
    """Runs one timer function on the one instance that holds its lock; a failure never ends the schedule."""

    def __init__(self, trigger: TimerTrigger, store: TimerStore, lock: ListenerLock, invoker: Invoker) -> None:
        self._trigger = trigger
        self._store = store
        self._lock = lock
        self._invoker = invoker
        self._stopping = False
        self._give_up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._status = Status(NEVER, NEVER, NEVER)
        self._monitored = trigger.use_monitor

    def start(self) -> None:
        """Start to contend for the lock."""
        self._task = asyncio.create_task(self._contend(), name=f"timer:{self._trigger.function.name}")

    async def stop(self) -> None:
        """Start no further run; what runs goes on and can be awaited with `drained`."""
        self._stopping = True
        self._give_up.set()

    async def drained(self) -> None:
        """Wait until the run that is under way has ended and the lock is given back."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def abandon(self) -> None:
        """Cancel what runs; its occurrence is past due at the next start."""
        if self._task is not None:
            self._task.cancel()

    async def _contend(self) -> None:
        while not self._stopping:
            try:
                if await self._acquired():
                    await self._while_holding()
            except Exception as error:  # noqa: BLE001 - whatever happened, the next attempt may succeed
                logger.warning("timer %s: %s; trying again", self._trigger.function.name, type(error).__name__)
            if not self._stopping:
                self._give_up.clear()
            await self._nap(self._lock.period / CONTENTION_SHARE)

    async def _acquired(self) -> bool:
        await self._store.prepare()
        return await self._lock.acquire()

    async def _while_holding(self) -> None:
        renewing = asyncio.create_task(self._keep_lock())
        try:
            await self._tick()
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])
            await self._lock.release()

    async def _keep_lock(self) -> None:
        """Renew the lock; when it is lost, the run that is under way ends and no other begins here."""
        while True:
            await asyncio.sleep(self._lock.period / 2)
            try:
                held = await self._lock.renew()
            except AzureError:
                continue  # the storage may be back before the lease ends; then the next renewal says so
            if not held:
                logger.warning("timer %s: its lock is lost", self._trigger.function.name)
                self._give_up.set()
                return

    async def _tick(self) -> None:
        begin = await self._begin()
        self._status = begin.status
        if begin.run is not None:
            await self._run(begin.run)
        while await self._due():
            await self._run(Reason.SCHEDULE)

    async def _begin(self) -> Start:
        trigger, now = self._trigger, self._trigger.now()
        self._monitored = trigger.use_monitor and not trigger.schedule.fires_more_than_once_a_minute(now)
        if not self._monitored:
            status = Status(NEVER, trigger.schedule.next_after(now), NEVER)
            return Start(status, save=False, run=Reason.STARTUP if trigger.run_on_startup else None)
        begin = at_start(await self._store.read(trigger.function.name), trigger.schedule, now, trigger.run_on_startup)
        if begin.save:
            await self._store.write(trigger.function.name, begin.status)
        return begin

    async def _due(self) -> bool:
        """Wait for the next occurrence; False when the host stops or loses the lock first."""
        while not self._give_up.is_set():
            left = (self._status.next - self._trigger.now()).total_seconds()
            if left <= 0:
                return True
            await self._nap(min(left, LONGEST_NAP))
        return False

    async def _run(self, reason: Reason) -> None:
        invoked_at = self._trigger.now()
        text = payload(self._status if self._monitored else None, reason)
        # A failed run is not repeated; the invoker has logged it.
        with contextlib.suppress(InvocationFailed):
            await self._invoker.invoke(self._trigger.function, TriggerData(Datum(text, "json")))
        self._status = after_run(self._status, self._trigger.schedule, invoked_at, reason)
        if self._monitored:
            await self._store.write(self._trigger.function.name, self._status)

    async def _nap(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._give_up.wait(), seconds)

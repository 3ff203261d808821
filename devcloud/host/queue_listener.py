"""The loop of one queue trigger (azure-sdk-for-net QueueListener.cs)."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable

from azure.core.exceptions import HttpResponseError
from azure.storage.queue.aio import QueueClient

from devcloud.host.message_cycle import MessageCycle
from devcloud.host.messages import ReceivedMessage, received
from devcloud.host.polling import Backoff

CAUTIOUS_LEASES = 2  # the hidden batch comes back after one lease and must then be met one by one

logger = logging.getLogger(__name__)


class QueueListener:
    """Asks a queue for messages and runs the function for each, at most batchSize + newBatchThreshold at a time.

    Azurite 3.35.0 answers 500 to a receive whose batch holds a message that XML cannot carry (devcloud/xmltext.py), and
    hides the whole batch. After a 500 the listener therefore asks for one message at a time for two leases: the
    unreadable message then fails alone. (The real service cannot hold such a message.)
    """

    def __init__(
        self, receiver: QueueClient, cycle: MessageCycle, backoff: Backoff, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._receiver = receiver
        self._cycle = cycle
        self._backoff = backoff
        self._monotonic = monotonic
        self._one_by_one_until = -math.inf
        self._awake = asyncio.Event()
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop_task: asyncio.Task[None] | None = None

    @property
    def queue(self) -> QueueClient:
        """The queue that this listener reads."""
        return self._cycle.queue

    def start(self) -> None:
        """Start asking."""
        self._loop_task = asyncio.create_task(self._listen(), name=f"queue:{self._receiver.queue_name}")

    def notify(self) -> None:
        """Say that something was put on the queue by this host."""
        self._awake.set()

    async def stop(self) -> None:
        """Stop fetching at once; what is in flight goes on and can be awaited with `drained`."""
        self._stopping = True
        self._awake.set()
        if self._loop_task is not None:
            await asyncio.wait([self._loop_task])

    async def drained(self) -> None:
        """Wait until every message that was fetched is settled."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def abandon(self) -> None:
        """Cancel what is in flight; those messages come back when their lease ends."""
        for task in self._tasks:
            task.cancel()

    async def _listen(self) -> None:
        while not self._stopping:
            self._awake.clear()
            batch = await self._fetch()
            if not batch:
                await self._rest()
                continue
            self._backoff.found()
            for message in batch:
                task = asyncio.create_task(self._cycle.run(message))
                self._tasks.add(task)
                task.add_done_callback(self._done)
            await self._until_below_threshold()

    async def _fetch(self) -> list[ReceivedMessage]:
        size = 1 if self._monotonic() < self._one_by_one_until else self._cycle.options.batch_size
        pages = self._receiver.receive_messages(
            messages_per_page=size, visibility_timeout=math.ceil(self._cycle.lease)
        ).by_page()
        try:
            page = await anext(pages)
            return [received(message) async for message in page]
        except StopAsyncIteration:
            return []
        except Exception as error:  # noqa: BLE001 - a listener that ends would be a queue that nobody reads
            self._after_error(error)
            return []

    def _after_error(self, error: Exception) -> None:
        status = error.status_code if isinstance(error, HttpResponseError) else None
        if status == 404:
            return  # no queue yet: the same as an empty one
        if status == 500:
            self._one_by_one_until = self._monotonic() + CAUTIOUS_LEASES * self._cycle.lease
            # The next message may be readable; do not let it wait for the longest rest.
            self._backoff.found()
        logger.error("queue %s: receiving failed: %s %s", self._receiver.queue_name, type(error).__name__, status or "")

    async def _rest(self) -> None:
        if self._stopping:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._awake.wait(), self._backoff.next_rest())

    async def _until_below_threshold(self) -> None:
        while len(self._tasks) > self._cycle.options.new_batch_threshold and not self._stopping:
            stop = asyncio.create_task(self._stop_requested())
            await asyncio.wait({*self._tasks, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()

    async def _stop_requested(self) -> None:
        while not self._stopping:
            await self._awake.wait()
            self._awake.clear()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("queue %s: unexpected: %s", self._receiver.queue_name, type(error).__name__)

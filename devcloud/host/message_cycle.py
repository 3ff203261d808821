"""The life of one queue message in this host (azure-sdk-for-net QueueProcessor.cs and QueueListener.cs)."""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.queue.aio import QueueClient

from devcloud.host.crash import CrashPlan
from devcloud.host.faults import InvocationFailed
from devcloud.host.invoker import Invoker
from devcloud.host.loaded import LoadedFunction
from devcloud.host.messages import ReceivedMessage, decoded, trigger_data
from devcloud.host.options import QueueOptions
from devcloud.host.outputs import put

POISON_SUFFIX = "-poison"
MAX_QUEUE_NAME = 63  # longest name that the storage service takes
HURRIED_RENEWALS = 5  # after a failed renewal the host tries again this many times sooner

logger = logging.getLogger(__name__)


def poison_queue_name(queue: str) -> str | None:
    """Return the name of the poison queue, or None for a queue that has none (its failures stay hidden and return)."""
    if queue.endswith(POISON_SUFFIX) or len(queue) + len(POISON_SUFFIX) > MAX_QUEUE_NAME:
        return None
    return queue + POISON_SUFFIX


def is_lost(error: AzureError) -> bool:
    """Tell whether a storage error means that the message is no longer ours: gone, taken over, or its queue going."""
    if not isinstance(error, HttpResponseError):
        return False
    return error.status_code in {404, 409} or getattr(error, "error_code", None) == "PopReceiptMismatch"


@dataclass(frozen=True, slots=True)
class MessageCycle:
    """Calls one function for each message of its queue and settles the message afterwards. `lease` is in seconds."""

    function: LoadedFunction
    queue: QueueClient
    poison_queue: QueueClient | None
    options: QueueOptions
    lease: float
    invoker: Invoker
    crashes: CrashPlan
    notify: Callable[[QueueClient], None]

    async def run(self, message: ReceivedMessage) -> None:
        """Take one message through its life. Errors are logged: the message comes back when its lease ends."""
        try:
            await self._run(message)
        except Exception as error:  # noqa: BLE001 - one message must not end the others
            logger.warning("function %s: message not settled: %s", self.function.name, type(error).__name__)

    async def _run(self, message: ReceivedMessage) -> None:
        body = decoded(message.stored_text, self.options.message_encoding)
        if body is None or message.dequeue_count > self.options.max_dequeue_count:
            await self._move_to_poison(message)
            return
        data = trigger_data(message, body, binary=self.function.trigger.is_binary)
        try:
            async with self._renewed(message):
                await self.invoker.invoke(self.function, data)
        except InvocationFailed:
            await self._settle_failure(message)
            return
        self.crashes.reach("before-delete", self.function.name)
        await self._delete(message)

    async def _settle_failure(self, message: ReceivedMessage) -> None:
        if self.poison_queue is None:
            return  # stays hidden until its lease ends, so that it cannot spin
        if message.dequeue_count >= self.options.max_dequeue_count:
            await self._move_to_poison(message)
            return
        await self._set_visibility(message, self.options.visibility_timeout)

    async def _move_to_poison(self, message: ReceivedMessage) -> None:
        if self.poison_queue is None:
            return
        logger.warning(
            "Message has reached MaxDequeueCount of %d. Moving message to queue '%s'.",
            self.options.max_dequeue_count,
            self.poison_queue.queue_name,
        )
        await put(self.poison_queue, message.stored_text)
        self.notify(self.poison_queue)
        self.crashes.reach("between-poison-add-and-delete", self.function.name)
        await self._delete(message)

    async def _delete(self, message: ReceivedMessage) -> None:
        try:
            await self.queue.delete_message(message.id, message.pop_receipt)
        except HttpResponseError as error:
            if not is_lost(error):
                raise
            logger.info("function %s: message was already gone or taken over", self.function.name)

    async def _set_visibility(self, message: ReceivedMessage, seconds: float) -> None:
        try:
            updated = await self.queue.update_message(message.id, message.pop_receipt, visibility_timeout=math.ceil(seconds))
        except HttpResponseError as error:
            if not is_lost(error):
                raise
            return
        message.pop_receipt = updated.pop_receipt or message.pop_receipt

    @contextlib.asynccontextmanager
    async def _renewed(self, message: ReceivedMessage) -> AsyncIterator[None]:
        renewal = asyncio.create_task(self._renew(message))
        try:
            yield
        finally:
            # Wait for a renewal that is under way: its pop receipt is the one that the delete needs.
            renewal.cancel()
            await asyncio.wait([renewal])

    async def _renew(self, message: ReceivedMessage) -> None:
        rest = self.lease / 2
        while True:
            await asyncio.sleep(rest)
            renewal = asyncio.create_task(self._extend(message))
            try:
                done = await asyncio.shield(renewal)
            except asyncio.CancelledError:
                await asyncio.wait([renewal])
                raise
            if done is None:
                return
            rest = self.lease / 2 if done else self.lease / 2 / HURRIED_RENEWALS

    async def _extend(self, message: ReceivedMessage) -> bool | None:
        """Push the lease forward: True when done, False when it may be tried again, None when the message is lost."""
        try:
            updated = await self.queue.update_message(
                message.id, message.pop_receipt, visibility_timeout=math.ceil(self.lease)
            )
        except AzureError as error:
            return None if is_lost(error) else False
        message.pop_receipt = updated.pop_receipt or message.pop_receipt
        return True

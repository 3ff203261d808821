"""Storage queues: `sending`, the producers' queues and their poison queues."""

import math
import re
from typing import TYPE_CHECKING

from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Changed, NoContainer, Service
from shared.rules.outcome import Reason
from shared.rules.received import Received
from shared.rules.storage_errors import NotStorable

if TYPE_CHECKING:
    from azure.storage.queue import QueueMessage

LONGEST_DELAY = 7 * 24 * 3600
"""Seconds; the visibility timeout's limit (REST reference, Put Message)."""

LARGEST = 64 * 1024
"""Bytes of a message as stored (Learn, Azure Queue Storage scale targets)."""

TAKEN_AT_ONCE = 32
"""Messages of one answer (REST reference, Get Messages)."""

FOR_EVER = -1
"""Time-to-live of every message: the default of seven days would lose mails that wait for a person."""

_NOT_XML = re.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""What XML 1.0 (section 2.2) cannot hold. A queue answers with XML, so one such message would spoil every batch."""


class Queues:
    """Put messages, and take those that the host gave up. Queues are made at first use where the app may."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    async def put(self, queue: str, text: str, *, delay: float = 0.0) -> None:
        """Put a message, text as it is, that shows itself after `delay` seconds.

        A longer delay than seven days is cut to seven days: whoever takes the message finds in the ledger that the mail is
        not due. A lost answer may put a message twice: the ticket in it decides (design 3.7).
        Raises `NotStorable` for text that a queue cannot hold, else `StorageFault`.
        """
        _check(text)
        seconds = min(max(math.ceil(delay), 0), LONGEST_DELAY)

        async def write() -> None:
            await self._account.queue(queue).send_message(text, visibility_timeout=seconds, time_to_live=FOR_EVER)

        async def create() -> None:
            await self._account.queue(queue).create_queue()

        await self._account.run(Service.QUEUE, write, create=create)

    async def peek_visible(self, queue: str) -> bool:
        """Whether a message could be taken now. A queue that does not exist has none."""

        async def read() -> bool:
            return bool(await self._account.queue(queue).peek_messages(max_messages=1))

        try:
            return await self._account.run(Service.QUEUE, read)
        except NoContainer:
            return False

    async def take(self, queue: str, *, hidden: float) -> list[Received]:
        """Up to `TAKEN_AT_ONCE` messages, hidden from others for `hidden` seconds: one call.

        Messages whose answer was lost show themselves after that time. A queue that does not exist has none.
        """
        seconds = min(max(math.ceil(hidden), 1), LONGEST_DELAY)

        async def read() -> list[Received]:
            client = self._account.queue(queue)
            pages = client.receive_messages(messages_per_page=TAKEN_AT_ONCE, visibility_timeout=seconds).by_page()
            page = await anext(pages, None)
            return [] if page is None else [_received(message) async for message in page]

        try:
            return await self._account.run(Service.QUEUE, read)
        except NoContainer:
            return []

    async def delete(self, queue: str, message: Received) -> None:
        """Remove a message that was taken; fine if it is gone, or if somebody else has taken it since."""

        async def write() -> None:
            await self._account.queue(queue).delete_message(message.id, message.receipt)

        try:
            await self._account.run(Service.QUEUE, write)
        except (Absent, Changed, NoContainer):
            return


def _received(message: "QueueMessage") -> Received:
    return Received(message.id, str(message.pop_receipt), str(message.content or ""), int(message.dequeue_count or 1))


def _check(text: str) -> None:
    if _NOT_XML.search(text):
        raise NotStorable(Reason("not-xml", "the text holds a character that a queue cannot hold", "send it as Base64"))
    if len(text.encode()) > LARGEST:
        raise NotStorable(Reason("too-large", f"a queue message holds at most {LARGEST} bytes"))

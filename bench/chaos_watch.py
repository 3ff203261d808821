"""Watches a chaos run: how many mails are at rest while it runs, and in the end what the app and the inbox say of each.

Progress is read past the proxy and past the app; the answers that are judged are the app's own, as its caller gets them.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables.aio import TableClient
from azure.storage.queue.aio import QueueServiceClient

from bench.chaos_mails import HEADER, ChaosMail
from bench.chaos_verdict import MOVING, Moment, Record
from bench.fleet import Fleet
from devcloud.mail_toml import PRODUCER_QUEUE

SENDING = "sending"
"""The app's own queue."""

_QUEUES = (PRODUCER_QUEUE, SENDING)
_LEDGER = "ledger"
_TELLING = ["Ticket", "Attempts", "Unknowns", "Due", "LeaseUntil"]
_ASKING = 8  # requests at once for the states of all mails
_TRIES = 5  # of one such request


@dataclass(frozen=True, slots=True)
class Stand:
    """How it stands: rows by state, and messages in the queues, hidden ones too."""

    states: Counter[str]
    messages: int

    @property
    def at_rest(self) -> int:
        """Mails that nothing moves any more."""
        return sum(count for state, count in self.states.items() if state not in MOVING)


class Watcher:
    """Use as an async context manager."""

    def __init__(self, chaos: Fleet, http: aiohttp.ClientSession) -> None:
        self._chaos = chaos
        self._http = http
        self._ledger = TableClient.from_connection_string(chaos.direct_storage, _LEDGER, retry_total=0)
        self._queues = QueueServiceClient.from_connection_string(chaos.direct_storage, retry_total=0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ledger.close()
        await self._queues.close()

    async def look(self) -> Stand | None:
        """How it stands now; None while the storage is away or the app has not made its table yet."""
        try:
            rows = self._ledger.query_entities("RowKey eq 'mail'", select=["State"])
            states = Counter([str(row["State"]) async for row in rows])
            return Stand(states, sum([await self.messages(queue) for queue in _QUEUES]))
        except AzureError:
            return None

    async def messages(self, queue: str) -> int:
        """Messages in a queue, hidden ones too; none in one that was never made."""
        try:
            properties = await self._queues.get_queue_client(queue).get_queue_properties()
        except ResourceNotFoundError:
            return 0
        return int(properties.approximate_message_count or 0)

    async def records(self, mails: Sequence[ChaosMail]) -> dict[str, Record]:
        """What the app says of each mail that it knows, by key. Raises `TimeoutError` where it does not answer at all."""
        waiting, found = iter(mails), dict[str, Record]()
        await asyncio.gather(*(self._ask(waiting, found) for _ in range(_ASKING)))
        return found

    async def row(self, mail_id: str) -> dict[str, Any]:
        """What stands in a mail's row beside what the app shows: to find out why it does not move."""
        try:
            row = await self._ledger.get_entity(mail_id, "mail", select=_TELLING)
        except AzureError:
            return {}
        return {name: str(row[name]) for name in _TELLING if row.get(name) is not None}

    async def inbox(self) -> list[tuple[str, list[str]]]:
        """Key and recipients of every mail that Exchange took."""
        async with self._http.get(f"{self._chaos.cloud.addresses.inbox}/api/messages") as answer:
            mails = (await answer.json())["messages"]
        return [(_key(mail), list(mail["to"])) for mail in mails]

    async def _ask(self, mails: Iterator[ChaosMail], found: dict[str, Record]) -> None:
        for mail in mails:
            status = await self._status(mail.key)
            if status is not None:
                found[mail.key] = _record(status)

    async def _status(self, key: str) -> dict[str, Any] | None:
        headers = {"x-functions-key": self._chaos.cloud.run.function_key}
        for number in range(_TRIES):
            addresses = self._chaos.addresses
            url = f"{addresses[number % len(addresses)]}/api/messages/{key}"
            async with self._http.get(url, headers=headers) as answer:
                if answer.status == 404:
                    return None
                if answer.status == 200:
                    status: dict[str, Any] = await answer.json()
                    return status
            await asyncio.sleep(1.0)
        raise TimeoutError(f"no answer about mail {key}")


def _record(status: dict[str, Any]) -> Record:
    return Record(
        id=status["id"],
        state=status["state"],
        recipients=tuple(recipient["state"] for recipient in status["recipients"]),
        possible_duplicate=status["possible_duplicate"],
        timeline=tuple(Moment(moment["at"], moment["state"], moment["reason"]) for moment in status["timeline"]),
    )


def _key(mail: dict[str, Any]) -> str:
    return next((value for name, value in mail["headers"] if name.lower() == HEADER.lower()), "")

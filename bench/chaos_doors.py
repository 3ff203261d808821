"""The producers of a chaos run: each hands its mail over again and again, under the same key, until it is told yes."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import aiohttp
from azure.core.exceptions import AzureError
from azure.storage.queue.aio import QueueClient

from bench.chaos_cloud import ChaosCloud
from bench.chaos_mails import ChaosMail, Door
from devcloud.mail_toml import PRODUCER_QUEUE

PRODUCERS = 32
"""At work at the same time; one waits for its mail's time, or for its answer."""

_PAUSE = (0.3, 1.5)  # seconds before a mail is handed over again
_REQUEST_SECONDS = 15.0  # several times what a busy machine needs; a killed host breaks the connection at once
_PASSING = frozenset({408, 409, 429})  # besides all above 499: not the envelope's fault


@dataclass(slots=True)
class Producers:
    """`told` holds the keys of the mails for which the app, or the producer's queue, said yes; `refused` other answers."""

    chaos: ChaosCloud
    http: aiohttp.ClientSession
    queue: QueueClient
    random: Random
    told: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)

    async def feed(self, mails: Sequence[ChaosMail], *, began: float, patience: float) -> None:
        """Hand over each mail at its time after `began` (monotonic), and give up `patience` seconds after `began`."""
        waiting = iter(mails)
        await asyncio.gather(*(self._produce(waiting, began, began + patience) for _ in range(PRODUCERS)))

    async def _produce(self, mails: Iterator[ChaosMail], began: float, deadline: float) -> None:
        for mail in mails:
            await asyncio.sleep(max(0.0, began + mail.at - time.monotonic()))
            while time.monotonic() < deadline and not await self._offer(mail):
                self.happened["handed over again"] += 1
                await asyncio.sleep(self.random.uniform(*_PAUSE))

    async def _offer(self, mail: ChaosMail) -> bool:
        """One try; whether there is an answer that ends it."""
        said = await (self._post(mail) if mail.door is Door.HTTP else self._put(mail))
        if said:
            self.told.add(mail.key)
        return said or mail.key in self.refused

    async def _put(self, mail: ChaosMail) -> bool:
        try:
            await self.queue.send_message(json.dumps(mail.envelope()), time_to_live=-1)
        except AzureError:
            return False
        return True

    async def _post(self, mail: ChaosMail) -> bool:
        addresses = self.chaos.addresses
        if not addresses:
            return False
        headers = {"x-functions-key": self.chaos.cloud.run.function_key, "Idempotency-Key": mail.key}
        url = f"{self.random.choice(addresses)}/api/messages"
        try:
            async with self.http.post(url, json=mail.envelope(), headers=headers) as answer:
                status, text = answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        if status != 202 and status < 500 and status not in _PASSING:
            self.refused[mail.key] = f"{status} {text}"
        return status == 202


def client_session() -> aiohttp.ClientSession:
    """For requests on loopback, each bounded in time."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS))


def producer_queue(storage: str) -> QueueClient:
    """The producers' queue; repetitions are the producers' own business."""
    return QueueClient.from_connection_string(storage, PRODUCER_QUEUE, retry_total=0)

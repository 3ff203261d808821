"""The producer of a pace run: hands over arrays of mails, each again and again until it is told yes."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from bench.pace_cloud import SENDER, PaceCloud
from devcloud.processes import StartFault

ARRAY = 100
"""Mails in one request: the most that the app takes."""

_AT_ONCE = 2  # requests: the machine has to send, too
_PAUSE = 0.3  # seconds before an array is handed over again
_PASSING = frozenset({408, 409, 429})  # besides all from 500 on: not the mails' fault
_SECONDS = 300.0  # for all mails: ten times what ten hosts on two cores need

Envelope = dict[str, Any]


@dataclass(slots=True)
class Feeder:
    """`accepted` holds the ids of the mails for which the app said yes; `again` counts repeated requests."""

    fleet: PaceCloud
    http: aiohttp.ClientSession
    random: Random
    accepted: set[str] = field(default_factory=set)
    again: int = 0

    async def feed(self, mails: Sequence[Envelope]) -> None:
        """Hand over all of them. Raises `StartFault` where the app refuses one, `TimeoutError` where it takes too long."""
        arrays = iter([mails[first : first + ARRAY] for first in range(0, len(mails), ARRAY)])
        async with asyncio.timeout(_SECONDS):
            await asyncio.gather(*(self._work(arrays) for _ in range(_AT_ONCE)))

    async def _work(self, arrays: Iterator[Sequence[Envelope]]) -> None:
        for array in arrays:
            while not await self._offered(array):
                self.again += 1
                await asyncio.sleep(_PAUSE)

    async def _offered(self, array: Sequence[Envelope]) -> bool:
        addresses = self.fleet.addresses
        if not addresses:
            return False
        url = f"{self.random.choice(addresses)}/api/messages"
        try:
            async with self.http.post(url, json=array, headers=self.fleet.keyed) as answer:
                status, text = answer.status, await answer.text()
                if status == 202:
                    self.accepted.update(receipt["id"] for receipt in await answer.json())
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        if status != 202 and status < 500 and status not in _PASSING:
            raise StartFault(f"the app refused mails: {status} {text[:300]}")
        return status == 202


def envelopes(run: str, seed: int, count: int) -> list[Envelope]:
    """The mails of a run, each under a key of its own."""
    numbers = itertools.islice(itertools.count(1), count)
    return [
        {
            "id": f"pace-{run}-{seed}-{number}",
            "sender": SENDER,
            "to": ["ops@contoso.test"],
            "subject": f"Pace {run} {number}",
            "text": f"Mail {number} of run {run}.\n",
        }
        for number in numbers
    ]

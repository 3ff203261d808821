"""Carries out the plan of a chaos run, and counts what really happened."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.chaos_cloud import ChaosCloud
from bench.chaos_plan import Act, Plan, Step
from devcloud.processes import StartFault

_SIMULATOR_CONNECTIONS = 5000  # each host keeps to its own limit; the hosts do not know of each other, and some die
_RETRY_AFTER = 2.0  # seconds that the throttling identity endpoint asks for


@dataclass(slots=True)
class Disturber:
    """Speaks to the fault APIs of the local cloud and to its processes."""

    chaos: ChaosCloud
    http: aiohttp.ClientSession

    async def arm(self, plan: Plan) -> None:
        """Let Exchange and storage misbehave from now on."""
        limits = {"connections": _SIMULATOR_CONNECTIONS}
        await self._put("faults", {"scenarios": list(plan.exchange), "limits": limits})
        await self._put("storage/faults", {"scenarios": list(plan.storage)})

    async def carry_out(self, plan: Plan, *, began: float) -> None:
        """Every step at its time after `began` (monotonic); returns when all is undone and the plan's time is over."""
        await asyncio.gather(*(self._step(step, began) for step in plan.steps))
        await _sleep_until(began + plan.seconds)

    async def calm(self) -> Counter[str]:
        """Let everything behave again; gives what had happened until now."""
        self.chaos.count_the_fallen()
        happened = Counter(self.chaos.happened)
        for path, name in (("faults", "Exchange"), ("storage/faults", "storage"), ("identity/faults", "identity")):
            happened.update(_fired(name, await self._get(path)))
            await self._put(path, {"scenarios": []})
        return happened

    async def _step(self, step: Step, began: float) -> None:
        await _sleep_until(began + step.at)
        match step.act:
            case Act.KILL_HOST:
                await self.chaos.kill_host(step.host, away=step.lasts)
            case Act.RESTART_AZURITE:
                await self.chaos.restart_azurite(away=step.lasts)
            case Act.THROTTLE_IDENTITY:
                await self._throttle_identity(step.lasts)

    async def _throttle_identity(self, seconds: float) -> None:
        busy = {"name": "status", "status": 429, "retry_after": _RETRY_AFTER, "match": {"endpoint": "identity"}}
        await self._put("identity/faults", {"scenarios": [busy]})
        await asyncio.sleep(seconds)
        fired = _fired("identity", await self._get("identity/faults"))
        self.chaos.happened.update(fired)
        await self._put("identity/faults", {"scenarios": []})

    async def _get(self, path: str) -> dict[str, Any]:
        async with self.http.get(f"{self.chaos.cloud.addresses.inbox}/api/{path}") as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def _put(self, path: str, document: dict[str, Any]) -> None:
        async with self.http.put(f"{self.chaos.cloud.addresses.inbox}/api/{path}", json=document) as answer:
            if answer.status != 200:
                raise StartFault(f"the local cloud refused {path}: {await answer.text()}")


def _fired(where: str, faults: dict[str, Any]) -> Counter[str]:
    """How often each scenario hit, by its name and, where it answers a status, that status."""
    counted: Counter[str] = Counter()
    for scenario in faults["scenarios"]:
        status = f" {scenario['status']}" if scenario["name"] == "status" else ""
        counted[f"{where}: {scenario['name']}{status}"] += scenario["fired"]
    return counted


async def _sleep_until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))

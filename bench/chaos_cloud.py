"""A local cloud for a chaos run: hosts that can be killed and replaced, an Azurite that can be stopped and started again."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass

from bench.chaos_plan import Plan
from bench.fleet import START_SECONDS, Fleet, published, until
from devcloud.local_cloud import LocalCloud

LEASE_SECONDS = 5.0
"""Of a queue message: a dead host's messages come back after that; in Azure it takes ten minutes."""

_AZURITE_STOPS = 15.0  # it writes its databases down; a SIGKILL would lose the latest writes


@dataclass(slots=True, kw_only=True)
class ChaosCloud(Fleet):
    """The cloud and its hosts by number, from 1. `happened` counts what was really done to them."""

    plan: Plan

    @classmethod
    def around(cls, cloud: LocalCloud, plan: Plan, stack: ExitStack) -> "ChaosCloud":
        """With a copy of the app as it would be published; `stack` stops the hosts."""
        chaos = cls(cloud=cloud, app=published(cloud), lease_seconds=LEASE_SECONDS, plan=plan)
        chaos.stopped_by(stack)
        return chaos

    def offset_of(self, number: int) -> float:
        """As the plan says."""
        return self.plan.offset_of(number)

    async def restart_azurite(self, *, away: float) -> None:
        """SIGTERM, and after `away` seconds the same data on the same ports again."""
        azurite = self.cloud.azurite
        azurite.child.terminate()
        await until(lambda: azurite.child.has_ended() is not None, "azurite to stop", seconds=_AZURITE_STOPS)
        await asyncio.sleep(away)
        azurite.start_again()
        await until(azurite.has_started, "azurite to start again", seconds=START_SECONDS)
        self.happened["Azurite restarts"] += 1

"""A local cloud for a chaos run: hosts that can be killed and replaced, an Azurite that can be stopped and started again.

Nothing here waits in a thread: the kernel ends a child with the thread that started it, and that has to be the main one.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bench.chaos_plan import Plan
from devcloud.azurite import MAIL_ACCOUNT, connection_string
from devcloud.hosts import stand_in, stand_in_address
from devcloud.local_cloud import LocalCloud
from devcloud.processes import Child, StartFault, stop_all
from devcloud.publish import publish

LEASE_SECONDS = 5.0
"""Of a queue message: a dead host's messages come back after that; in Azure it takes ten minutes."""

_ROOT = Path(__file__).parent.parent
_START_SECONDS = 60.0  # three on an idle machine; many start on a busy one
_STOP_SECONDS = 12.0  # longer than a host's own drain time
_AZURITE_STOPS = 15.0  # it writes its databases down; a SIGKILL would lose the latest writes
_STARTS = 6  # a host that starts while Azurite is away ends, and is started again
_AGAIN = 1.0  # seconds between two such starts
_POLL = 0.05  # seconds between two looks at a child that starts or stops

Seen = TypeVar("Seen")


@dataclass(slots=True)
class ChaosCloud:
    """The cloud and its hosts by number, from 1. `happened` counts what was really done to them."""

    cloud: LocalCloud
    plan: Plan
    app: Path
    happened: Counter[str] = field(default_factory=Counter)
    _alive: dict[int, tuple[Child, str]] = field(default_factory=dict)
    _children: list[Child] = field(default_factory=list)

    @classmethod
    def around(cls, cloud: LocalCloud, plan: Plan, stack: ExitStack) -> "ChaosCloud":
        """With a copy of the app as it would be published; `stack` stops the hosts."""
        app = cloud.run.folder / "app"
        publish(_ROOT, app)
        chaos = cls(cloud, plan, app)
        stack.callback(chaos._stop_hosts)
        return chaos

    @property
    def addresses(self) -> list[str]:
        """Of the hosts that are up."""
        return [address for _child, address in self._alive.values()]

    @property
    def direct_storage(self) -> str:
        """Connection string of the mail's account past the proxy, for whoever only looks."""
        azurite = self.cloud.azurite
        return connection_string(MAIL_ACCOUNT, azurite.accounts.mail_key, azurite.ports)

    async def start_hosts(self) -> None:
        """All of them. Raises `StartFault`."""
        await asyncio.gather(*(self._start_host(number) for number in range(1, self.plan.hosts + 1)))

    async def kill_host(self, number: int, *, away: float) -> None:
        """SIGKILL for the host, and after `away` seconds another one in its place; nothing where none is up."""
        if number not in self._alive:
            return
        child, _address = self._alive.pop(number)
        child.kill()
        self.happened["hosts killed"] += 1
        await asyncio.sleep(away)
        await self._start_host(number)

    async def restart_azurite(self, *, away: float) -> None:
        """SIGTERM, and after `away` seconds the same data on the same ports again."""
        azurite = self.cloud.azurite
        azurite.child.terminate()
        await _until(lambda: azurite.child.has_ended() is not None, "azurite to stop", seconds=_AZURITE_STOPS)
        await asyncio.sleep(away)
        azurite.start_again()
        await _until(azurite.has_started, "azurite to start again", seconds=_START_SECONDS)
        self.happened["Azurite restarts"] += 1

    def count_the_fallen(self) -> None:
        """Hosts that ended although nobody killed them: that would be a finding of its own."""
        fallen = [number for number, (child, _address) in self._alive.items() if child.has_ended() is not None]
        for number in fallen:
            del self._alive[number]
        self.happened["hosts that died by themselves"] += len(fallen)

    async def _start_host(self, number: int) -> None:
        for left in reversed(range(_STARTS)):
            try:
                self._alive[number] = await self._started(self._new_host(number))
            except StartFault:
                self.happened["hosts that failed to start"] += 1
                if not left:
                    raise
                await asyncio.sleep(_AGAIN)
            else:
                return

    async def _started(self, child: Child) -> tuple[Child, str]:
        return child, await _until(lambda: child.look(stand_in_address), child.name, seconds=_START_SECONDS)

    def _new_host(self, number: int) -> Child:
        child = stand_in(
            f"host-{number}-{len(self._children) + 1}",
            self.app,
            lease_seconds=LEASE_SECONDS,
            folder=self.cloud.run.folder,
            settings=self.cloud.settings,
            clock_offset=self.plan.offset_of(number),
        )
        self._children.append(child)
        return child

    def _stop_hosts(self) -> None:
        stop_all([child for child in self._children if child.has_ended() is None], seconds=_STOP_SECONDS)


async def _until(look: Callable[[], Seen | None], what: str, *, seconds: float) -> Seen:
    """What `look` sees as soon as that is neither None nor False. Raises `StartFault` when the time is over."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise StartFault(f"{what} took longer than {seconds:g} seconds")
        await asyncio.sleep(_POLL)
    return seen

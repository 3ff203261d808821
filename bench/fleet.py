"""Hosts of a run that can be killed and replaced, each with the app as it would be published.

Nothing here waits in a thread: the kernel ends a child with the thread that started it, and that has to be the main one.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from devcloud.azurite import MAIL_ACCOUNT, connection_string
from devcloud.hosts import stand_in, stand_in_address
from devcloud.local_cloud import LocalCloud
from devcloud.processes import Child, StartFault, stop_all
from devcloud.publish import publish

START_SECONDS = 60.0
"""For one host: three on an idle machine, more where many start on a busy one."""

_ROOT = Path(__file__).parent.parent
_STOP_SECONDS = 12.0  # longer than a host's own drain time
_STARTS = 6  # a host that starts while Azurite is away ends, and is started again
_AGAIN = 1.0  # seconds between two such starts
_POLL = 0.05  # seconds between two looks at a child that starts or stops

Seen = TypeVar("Seen")


@dataclass(slots=True, kw_only=True)
class Fleet:
    """The hosts by number, from 1. `lease_seconds` is that of a queue message; `happened` counts what was done to hosts."""

    cloud: LocalCloud
    app: Path
    lease_seconds: float
    happened: Counter[str] = field(default_factory=Counter)
    _alive: dict[int, tuple[Child, str]] = field(default_factory=dict)
    _children: list[Child] = field(default_factory=list)

    def stopped_by(self, stack: ExitStack) -> None:
        """Let `stack` stop the hosts."""
        stack.callback(self._stop_hosts)

    @property
    def addresses(self) -> list[str]:
        """Of the hosts that are up."""
        return [address for _child, address in self._alive.values()]

    @property
    def numbers(self) -> list[int]:
        """Of the hosts that are up."""
        return sorted(self._alive)

    @property
    def direct_storage(self) -> str:
        """Connection string of the mail's account past the proxy, for whoever only looks."""
        azurite = self.cloud.azurite
        return connection_string(MAIL_ACCOUNT, azurite.accounts.mail_key, azurite.ports)

    def settings_of(self, number: int) -> Mapping[str, str]:  # noqa: ARG002 - here all hosts have the same
        """The environment of host `number`."""
        return self.cloud.settings

    def offset_of(self, number: int) -> float:  # noqa: ARG002 - here no clock is wrong
        """Seconds by which the clock of host `number` is wrong."""
        return 0.0

    async def start_hosts(self, count: int) -> None:
        """All of them. Raises `StartFault`."""
        await asyncio.gather(*(self._start_host(number) for number in range(1, count + 1)))

    async def kill_host(self, number: int, *, away: float) -> None:
        """SIGKILL for the host, and after `away` seconds another one in its place; nothing where none is up."""
        if number not in self._alive:
            return
        child, _address = self._alive.pop(number)
        child.kill()
        self.happened["hosts killed"] += 1
        await asyncio.sleep(away)
        await self._start_host(number)

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
        return child, await until(lambda: child.look(stand_in_address), child.name, seconds=START_SECONDS)

    def _new_host(self, number: int) -> Child:
        child = stand_in(
            f"host-{number}-{len(self._children) + 1}",
            self.app,
            lease_seconds=self.lease_seconds,
            folder=self.cloud.run.folder,
            settings=self.settings_of(number),
            clock_offset=self.offset_of(number),
        )
        self._children.append(child)
        return child

    def _stop_hosts(self) -> None:
        stop_all([child for child in self._children if child.has_ended() is None], seconds=_STOP_SECONDS)


def published(cloud: LocalCloud) -> Path:
    """A copy of the app as it would be published, in the run's folder."""
    app = cloud.run.folder / "app"
    publish(_ROOT, app)
    return app


def without_telemetry(cloud: LocalCloud) -> LocalCloud:
    """Nobody looks at the traces of thousands of mails, and the emulators' process has enough to do."""
    settings = {name: value for name, value in cloud.settings.items() if not name.startswith("OTEL_EXPORTER")}
    return LocalCloud(cloud.run, cloud.azurite, cloud.emulators, cloud.addresses, settings)


async def until(look: Callable[[], Seen | None], what: str, *, seconds: float) -> Seen:
    """What `look` sees as soon as that is neither None nor False. Raises `StartFault` when the time is over."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise StartFault(f"{what} took longer than {seconds:g} seconds")
        await asyncio.sleep(_POLL)
    return seen

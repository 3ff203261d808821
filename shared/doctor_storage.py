"""Every right that the app needs in its storage account, tried by the app's own operations.

What the app reads is read where it is; what it writes goes under the name `doctor`, which nobody else looks at.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from shared.ports import Attachments, Ledger, Queues
from shared.rules.findings import Finding, Step, fault, ok, skipped
from shared.rules.outcome import Reason
from shared.rules.quota import Count
from shared.rules.storage_errors import Conflict, StorageFault, StorageForbidden, StorageUnavailable
from shared.rules.storage_names import SENDING

NAME = "doctor"
"""Of the doctor's queue, of its row in table `quotas` and of its folders in the containers."""

NO_MAIL = "0" * 32
"""An id that no mail has."""

HIDDEN = 30.0
"""Seconds for which the doctor's message is hidden while it is being removed."""

Trial = tuple[str, Callable[[], Awaitable[object]]]
"""What is tried, in plain words, and the trial, which raises `StorageFault`."""

_OF_ONE_RIGHT = frozenset({"storage-role-missing", "storage-forbidden"})
"""Faults that concern one right only: the next one is worth a try."""

_UNREADABLE = Reason("storage-unreadable", "storage answered what the app does not understand", "look at the app's log")


class Counts(Protocol):
    """Table `quotas`."""

    async def read(self, caller: str) -> tuple[Count | None, str]:
        """A caller's row and its version."""

    async def write(self, caller: str, count: Count, version: str) -> None:
        """Raises `Conflict` where somebody else was quicker."""


class Bodies(Protocol):
    """Container `payloads`."""

    async def put(self, mail_id: str, payload_hash: str, payload: bytes) -> None:
        """Write."""

    async def get(self, mail_id: str, payload_hash: str) -> bytes | None:
        """Read."""

    async def drop(self, mail_id: str, payload_hash: str) -> None:
        """Remove."""


@dataclass(frozen=True, slots=True)
class StorageTrials:
    """The story; `producers` are the names of their queues."""

    queues: Queues
    ledger: Ledger
    counts: Counts
    bodies: Bodies
    attachments: Attachments
    producers: Sequence[str]

    async def run(self) -> list[Finding]:
        """Every right once; where storage is down altogether the rest is not tried, as each would take its time."""
        findings: list[Finding] = []
        down = False
        for what, trial in self._trials():
            finding = skipped(Step.STORAGE, what, "not tried, as storage is down") if down else await _tried(what, trial)
            down = down or (finding.reason is not None and finding.reason.code not in _OF_ONE_RIGHT)
            findings.append(finding)
        return findings

    def _trials(self) -> list[Trial]:
        looked_at = dict.fromkeys((SENDING, *self.producers))
        return [
            *((f"queue {name}: look", partial(self.queues.peek_visible, name)) for name in looked_at),
            (f"queue {NAME}: put, take, remove", self._queue),
            ("table ledger: read", partial(self.ledger.read, NO_MAIL)),
            ("table quotas: read, write", self._table),
            ("container payloads: write, read, remove", self._container),
            ("container attachments: read", partial(self.attachments.pin, NAME, "nothing")),
        ]

    async def _queue(self) -> None:
        await self.queues.put(NAME, NAME)
        for message in await self.queues.take(NAME, hidden=HIDDEN):
            await self.queues.delete(NAME, message)

    async def _table(self) -> None:
        _, version = await self.counts.read(NAME)
        try:
            await self.counts.write(NAME, Count("", 0), version)
        except Conflict:
            return  # another doctor wrote at this moment, so writing works

    async def _container(self) -> None:
        await self.bodies.put(NAME, NAME, NAME.encode())
        await self.bodies.get(NAME, NAME)
        await self.bodies.drop(NAME, NAME)


async def _tried(what: str, trial: Callable[[], Awaitable[object]]) -> Finding:
    try:
        await trial()
    except (StorageUnavailable, StorageForbidden) as refused:
        return fault(Step.STORAGE, refused.reason, what)
    except StorageFault:
        return fault(Step.STORAGE, _UNREADABLE, what)
    return ok(Step.STORAGE, what)

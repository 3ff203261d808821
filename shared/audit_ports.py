"""What the permission audit needs from outside. The adapters in `edges/` have these shapes; the wiring hands them in.

Every storage port may also raise `StorageUnavailable` and `StorageForbidden`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.rules.audit import Holder
from shared.rules.audit_rows import AuditRow
from shared.rules.grants import Grants


class Audits(Protocol):
    """The ledger of audits, the newest grants export, and when the next weekly audit is due."""

    async def newest(self, most: int) -> Sequence[AuditRow]:
        """At most so many audits, the newest first; a row edited into nonsense is left out."""

    async def add(self, row: AuditRow) -> None:
        """Keep an audit; the oldest go where there are more than `KEPT`."""

    async def export(self) -> Grants | None:
        """The export that was imported last; None where there is none that can be read."""

    async def keep_export(self, text: str) -> None:
        """Keep an export's JSON text in the place of the one before."""

    async def due(self) -> tuple[float | None, str]:
        """When the next weekly audit is due, in epoch seconds, and the version for a write; (None, '') before the first."""

    async def set_due(self, at: float, version: str) -> str:
        """Replace what was read; the new version. Raises `Conflict` where somebody else was quicker."""


class FetchClaims(Protocol):
    """One way to a token that is only looked at."""

    async def __call__(self) -> tuple[str, float]:
        """A new token's text and its expiry in epoch seconds; raises `TokenUnavailable`."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A token to look at beside the one that sends: whose, for which resource (its client id), and how to get it."""

    holder: Holder
    resource: str
    fetch: FetchClaims

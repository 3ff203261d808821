"""What never became a mail: a row that says why, with the body where nobody else has it any more.

Such a row has an id of its own, made of its caller and a key: writing it twice is one row, and the caller may use the key
again. Its sender is empty; a mail's never is.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from shared.accept import KeyConflict, Origin
from shared.ports import Ledger
from shared.rules import identifiers
from shared.rules.config import OnUnknown
from shared.rules.mail_row import MailRow, Provenance, begin
from shared.rules.outcome import Reason
from shared.rules.problems import Refused
from shared.rules.states import State
from shared.rules.storage_errors import AlreadyThere, BrokenRow, NewerRow, StorageForbidden, StorageUnavailable
from shared.telemetry import Attr, Metric, Telemetry

log = logging.getLogger("keyless_mail")

KEY_CONFLICT = "key-conflict"
"""Code of the reason where a caller used one key for two contents."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not accepted, and whose it is.

    `key` is what its caller asks by, `own_key` belongs to this message alone: it is taken where a row under `key` tells of
    something else. `attempts` counts the host's tries, where it gave up.
    """

    caller: str
    door: str
    state: State
    reason: Reason
    key: str
    own_key: str
    body: bytes = b""
    trace: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Unaccepted:
    """The story. `clock` gives epoch seconds, `version` is the package's."""

    ledger: Ledger
    telemetry: Telemetry
    clock: Callable[[], float]
    version: str

    async def keep(self, refusal: Refusal) -> None:
        """Write a row that says why, with the body; the same refusal kept twice is one row. Raises the storage's errors."""
        log.warning("a message of %s was not accepted: %s: %s", refusal.caller, refusal.reason.code, refusal.reason.text)
        row = self._row(refusal, identifiers.payload_hash(refusal.body))
        await self._write(row, refusal, refusal.key, refusal.own_key)

    async def conflict(self, caller: str, origin: Origin, conflict: KeyConflict) -> None:
        """Write a row that says that a caller, who is told so as well, used a key for two contents.

        One row for each caller, key and content, so that a caller that repeats itself does not fill the ledger. The caller's
        answer does not depend on it: where storage is out, only the log and the metric tell.
        """
        log.warning("%s used an id for two contents: mail %s", caller, conflict.mail_id)
        key = f"{conflict.mail_id}/{conflict.content_hash}"
        refusal = Refusal(
            caller, origin.door, State.REJECTED, conflict_reason(conflict), key, own_key=key, trace=origin.parent or ""
        )
        row = replace(self._row(refusal, ""), content_hash=conflict.content_hash)
        try:
            await self._write(row, refusal, key)
        except (StorageUnavailable, StorageForbidden) as trouble:
            log.warning("a conflict of keys could not be written down: %s", trouble)

    async def _write(self, row: MailRow, refusal: Refusal, *keys: str) -> None:
        attributes: dict[Attr, str | int | float | bool] = {Attr.DOOR: refusal.door, Attr.REASON: refusal.reason.code}
        self.telemetry.count(Metric.REFUSED, attributes)
        with self.telemetry.span("accept", attributes=attributes, parent=refusal.trace) as span:
            for key in dict.fromkeys(keys):
                one = replace(row, id=identifiers.refused_id(refusal.caller, key), traceparent=span.traceparent)
                if await self._written(one, refusal.body):
                    span.set({Attr.MAIL_ID: one.id})
                    return

    async def _written(self, row: MailRow, body: bytes) -> bool:
        """Whether the ledger tells of this refusal under the row's id now; False where that row tells of something else."""
        try:
            await self.ledger.insert(row, body)
        except AlreadyThere as there:
            return _tells_the_same(there.entry.row, row)
        except (BrokenRow, NewerRow):
            return False  # what stands there cannot be read
        return True

    def _row(self, refusal: Refusal, payload_hash: str) -> MailRow:
        now = self.clock()
        row = MailRow(
            id="",
            why=refusal.reason,
            state=refusal.state,
            sender="",
            provenance=Provenance(caller=refusal.caller, door=refusal.door, rule="", package_version=self.version),
            content_hash=payload_hash,
            payload_hash=payload_hash,
            message_id="",
            date=now,
            accepted_at=now,
            due=now,
            expires_at=now,
            on_unknown=OnUnknown.HOLD,
            attempts=refusal.attempts,
        )
        return begin(row, reason=f"{refusal.reason.code}: {refusal.reason.text}")


def _tells_the_same(standing: MailRow, row: MailRow) -> bool:
    """The same content refused for the same reason, and nobody has done anything about it since."""
    untouched = len(standing.timeline) == len(row.timeline) and standing.state is row.state
    return untouched and (standing.content_hash, _code(standing)) == (row.content_hash, _code(row))


def _code(row: MailRow) -> str:
    return row.why.code if row.why else ""


def refused_reason(refused: Refused) -> Reason:
    """Code and explanation, without any value of the body."""
    return Reason(refused.code, "; ".join(f"{problem.pointer or '/'} {problem.message}" for problem in refused.problems))


def conflict_reason(conflict: KeyConflict) -> Reason:
    """Which mail has the key already."""
    return Reason(KEY_CONFLICT, f"{conflict}; the first one is mail {conflict.mail_id}")

"""The ledger's row: everything we remember of one mail except its payload. No subject, no address, no reply text."""

from dataclasses import dataclass, field, replace
from typing import Any

from shared.rules.config import OnUnknown
from shared.rules.outcome import Fate, Reason, RecipientResult, Reply
from shared.rules.pace import Place
from shared.rules.states import INITIAL, State, check_move

ROW_VERSION = 1
"""Raised when a row's meaning changes; an instance that meets a newer row leaves the mail to newer instances."""

TIMELINE_LENGTH = 100
"""Entries kept: the first and the newest ones. A mail that is deferred for days must not outgrow its table row."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the timeline: epoch seconds, the state reached (or kept) and the code of the reason."""

    at: float
    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a mail came from and which rule let it in."""

    caller: str
    door: str
    rule: str
    template: str = ""
    template_hash: str = ""
    package_version: str = ""
    config_hash: str = ""


@dataclass(frozen=True, slots=True)
class MailRow:
    """One mail in the ledger. Times are epoch seconds.

    `ticket` numbers the mail's one live message on `sending`; `message_id` and `date` are made once and reused by every
    attempt; `lease_until` is set while an attempt is in `sending`; `attempt_trace` is the traceparent of the last attempt,
    to which the next one links; `why` explains the last setback; `payload_hash` is the SHA-256 of the stored payload,
    `content_hash` of what the caller sent; `recipient_refs` are the recipients' keyed hashes, in the order of `recipients`.

    Its time to live ends at `expires_at`, which moves on by every span in which nothing could be sent (`standstill` is the
    beginning of the one that lasts), and at the caller's own `deadline`, which does not. `stopped` is the key of the place
    at which it is held back; such a mail has no message on `sending`. `place` is where it stands in its mailbox's line.
    """

    id: str
    state: State
    sender: str
    provenance: Provenance
    content_hash: str
    payload_hash: str
    message_id: str
    date: float
    accepted_at: float
    due: float
    expires_at: float
    on_unknown: OnUnknown
    priority: str = "normal"
    ticket: int = 1
    attempts: int = 0
    unknowns: int = 0
    lease_until: float | None = None
    possible_duplicate: bool = False
    traceparent: str = ""
    attempt_trace: str = ""
    reply: Reply | None = None
    why: Reason | None = None
    recipients: tuple[RecipientResult, ...] = ()
    timeline: tuple[Moment, ...] = field(default_factory=tuple)
    recipient_refs: tuple[str, ...] = ()
    deadline: float | None = None
    standstill: float | None = None
    stopped: str = ""
    place: Place | None = None
    version: int = ROW_VERSION

    @property
    def ends_at(self) -> float:
        """When its time to live ends, as far as is known now."""
        return self.expires_at if self.deadline is None else min(self.expires_at, self.deadline)

    @property
    def changed_at(self) -> float:
        """The last moment of its timeline; of a final mail the time of its end, from which its retention counts."""
        return self.timeline[-1].at if self.timeline else self.accepted_at


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as read from the ledger: the row, the ETag that a conditional write needs, and the payload where asked for."""

    row: MailRow
    etag: str
    payload: bytes | None = None


def move(row: MailRow, state: State, *, at: float, reason: str, **changes: Any) -> MailRow:  # noqa: ANN401 - the row's own fields
    """The row after a step of the state table, with `changes` of other columns.

    Raises `IllegalMove` for any other step. Leaving `sending` ends the lease.
    """
    check_move(row.state, state)
    if state is not State.SENDING:
        changes["lease_until"] = None
    return replace(row, state=state, timeline=_longer(row, Moment(at=at, state=state, reason=reason)), **changes)


def note(row: MailRow, *, at: float, reason: str) -> MailRow:
    """The row with one more line in its timeline, in the state it is in."""
    return replace(row, timeline=_longer(row, Moment(at=at, state=row.state, reason=reason)))


def _longer(row: MailRow, moment: Moment) -> tuple[Moment, ...]:
    timeline = (*row.timeline, moment)
    if len(timeline) > TIMELINE_LENGTH:
        return (timeline[0], *timeline[-(TIMELINE_LENGTH - 1) :])
    return timeline


def begin(row: MailRow, *, reason: str) -> MailRow:
    """A new row with its first timeline entry; `ValueError` for a state in which no mail begins."""
    if row.state not in INITIAL:
        raise ValueError(f"a mail cannot begin as {row.state}")
    return note(row, at=row.accepted_at, reason=reason)


def pending(row: MailRow) -> tuple[int, ...]:
    """Numbers of the recipients that still have to be offered to the server."""
    return tuple(n for n, r in enumerate(row.recipients) if r.fate in (Fate.PENDING, Fate.UNKNOWN))


def woken(row: MailRow, at: float) -> MailRow:
    """The row after a standstill, if there was one: the span does not count toward its time to live."""
    lost = 0.0 if row.standstill is None else max(0.0, at - row.standstill)
    return replace(row, expires_at=row.expires_at + lost, standstill=None, stopped="")

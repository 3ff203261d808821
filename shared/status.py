"""What a caller may know of its mails, and an operator of all: states and codes, never a body, an address or reply text."""

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from shared.ports import Ledger, OpenMails
from shared.rules import identifiers
from shared.rules.callers import Caller, visible_to
from shared.rules.config import MailConfig, OnUnknown
from shared.rules.mail_row import Entry, MailRow, Provenance
from shared.rules.open_mail import OpenMail
from shared.rules.outcome import Reason
from shared.rules.states import FINAL, WAITS_FOR_A_PERSON, State
from shared.rules.storage_errors import BrokenRow, NewerRow
from shared.sweep import OVERDUE

LISTED = 500
"""Mails in one answer: more than a person reads, and each is one call to storage."""

MAIL_ID = re.compile(f"[0-9a-f]{{{identifiers.MAIL_ID_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Status:
    """The story of `GET /messages/{id}`."""

    config: MailConfig
    ledger: Ledger
    open_mails: OpenMails
    clock: Callable[[], float]

    async def find(self, caller: Caller, name: str) -> Entry | None:
        """The mail by its id, or by the caller's own key (or a key of a producer that lists the caller in `readers`).

        None for a mail that is not there and for one that is not the caller's: the two must look alike.
        """
        visible = visible_to(self.config, caller)
        for mail_id in _candidates(name, visible):
            entry = await self.ledger.read(mail_id)
            if entry is not None and entry.row.provenance.caller in visible:
                return entry
        return None

    async def attention(self) -> list[MailRow]:
        """Mails that a person should look at: those that wait for one, and those that are overdue; at most `LISTED`."""
        held = [await self._held(mail) for mail in (await self.open_mails.held())[:LISTED]]
        before = self.clock() - OVERDUE
        late = [await self._late(mail, before) for mail in (await self.open_mails.due(before))[: LISTED - len(held)]]
        return [entry.row for entry in (*held, *late) if entry is not None]

    async def _late(self, mail: OpenMail, before: float) -> Entry | None:
        """The mail if its row too says that it should have been tried before then; the index knows the first time only."""
        entry = await self._found(mail)
        late = entry is not None and entry.row.state not in FINAL and entry.row.due <= before
        return entry if late else None

    async def _held(self, mail: OpenMail) -> Entry | None:
        """The mail if it still waits for a person; otherwise its entry goes, or old ones would hide new ones."""
        entry = await self._found(mail)
        if entry is not None and entry.row.state in WAITS_FOR_A_PERSON:
            return entry
        await self.open_mails.settle(mail)
        return None

    async def _found(self, mail: OpenMail) -> Entry | None:
        """The mail; one whose row cannot be read is shown with what is wrong, and hides no other."""
        try:
            return await self.ledger.read(mail.mail_id)
        except BrokenRow as broken:
            return Entry(_unreadable(mail.mail_id, broken.reason), etag="")
        except NewerRow as newer:
            return Entry(_unreadable(mail.mail_id, Reason("newer-row", str(newer))), etag="")

    async def any_mail(self, mail_id: str) -> Entry | None:
        """Any caller's mail, for operators."""
        return await self.ledger.read(mail_id) if MAIL_ID.fullmatch(mail_id) else None


def _unreadable(mail_id: str, reason: Reason) -> MailRow:
    """What can be shown of a row that cannot be read. It waits for a person, or for a newer version; never to be written."""
    return MailRow(
        id=mail_id,
        state=State.PARKED,
        sender="",
        provenance=Provenance(caller="", door="", rule=""),
        content_hash="",
        payload_hash="",
        message_id="",
        date=0.0,
        accepted_at=0.0,
        due=0.0,
        expires_at=0.0,
        on_unknown=OnUnknown.HOLD,
        why=reason,
    )


def _candidates(name: str, visible: Iterable[str]) -> Iterable[str]:
    if MAIL_ID.fullmatch(name):
        yield name
    for make in (identifiers.mail_id, identifiers.refused_id):
        for caller in visible:
            yield make(caller, name)


def view(row: MailRow) -> dict[str, Any]:
    """The row as JSON data of design 3.5; times are ISO 8601 in UTC."""
    return {
        "id": row.id,
        "state": row.state.value,
        "attempts": row.attempts,
        "timeline": [{"at": iso(m.at), "state": m.state.value, "reason": m.reason} for m in row.timeline],
        "recipients": [
            {"n": n, "state": r.fate.value, "code": r.code, "enhanced": r.enhanced} for n, r in enumerate(row.recipients)
        ],
        "reply": row.reply
        and {"code": row.reply.code, "enhanced": row.reply.enhanced, "exchange_id": row.reply.exchange_id},
        "reason": asdict(row.why) if row.why else None,
        "trace_id": row.traceparent[3:35] or None,
        "possible_duplicate": row.possible_duplicate,
    }


def iso(seconds: float) -> str:
    """Epoch seconds as ISO 8601 with milliseconds and offset."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def provenance(row: MailRow) -> dict[str, str]:
    """Where the mail came from, for operators."""
    return asdict(row.provenance)

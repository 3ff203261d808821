"""What a caller may know of its mails: states and codes, never a body, an address or reply text."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from shared.ports import Ledger
from shared.rules import identifiers
from shared.rules.callers import Caller, visible_to
from shared.rules.config import MailConfig
from shared.rules.mail_row import Entry, MailRow
from shared.rules.outcome import Reason

MAIL_ID = re.compile(f"[0-9a-f]{{{identifiers.MAIL_ID_LENGTH}}}")
_SLASH = re.compile("%2f", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Status:
    """The story of `GET /messages/{id}`."""

    config: MailConfig
    ledger: Ledger

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

    async def any_mail(self, mail_id: str) -> Entry | None:
        """Any caller's mail, for operators."""
        return await self.ledger.read(mail_id) if MAIL_ID.fullmatch(mail_id) else None


def _candidates(name: str, visible: Sequence[str]) -> Iterable[str]:
    if MAIL_ID.fullmatch(name):
        yield name
    # The host leaves an escaped slash in a path as it is, and item n of an array has the key KEY/n.
    for key in dict.fromkeys((name, _SLASH.sub("/", name))):
        for make in (identifiers.mail_id, identifiers.refused_id):
            for caller in visible:
                yield make(caller, key)


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
        "reason": reason_view(row.why) if row.why else None,
        "trace_id": row.traceparent[3:35] or None,
        "possible_duplicate": row.possible_duplicate,
    }


def iso(seconds: float) -> str:
    """Epoch seconds as ISO 8601 with milliseconds and offset."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def reason_view(reason: Reason) -> dict[str, str]:
    """Code, text and cure."""
    return {"code": reason.code, "text": reason.text, "fix": reason.fix}


def provenance(row: MailRow) -> dict[str, str]:
    """Where the mail came from, for operators."""
    return asdict(row.provenance)

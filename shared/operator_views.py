"""What operators are shown of mails and stops: JSON data, times in ISO 8601. No recipient's address, body or reply text."""

from collections.abc import Iterable
from typing import Any

from shared.looking import Unreadable
from shared.rules.mail_row import MailRow
from shared.rules.outcome import Reason
from shared.rules.states import UNDER_WAY, State
from shared.rules.stops import Stop
from shared.status import iso, provenance, reason_view, view

_LIFTED = Reason("lifted", "the stop at which it waits is over; it is put back within minutes")


def mail_view(row: MailRow, stops: Iterable[Stop] = ()) -> dict[str, Any]:
    """A mail: what its caller sees, and where it came from, when it is due, until when it is tried, what holds it."""
    open_now = row.state in UNDER_WAY
    return {
        **view(row),
        "sender": row.sender,
        "message_id": row.message_id,
        "accepted_at": iso(row.accepted_at),
        "due": iso(row.due) if row.state is State.WAITING and not row.stopped else None,
        "expires_at": iso(row.ends_at) if open_now else None,
        "standstill_since": iso(row.standstill) if open_now and row.standstill is not None else None,
        "stopped": _stopped(row, stops),
        "provenance": provenance(row),
    }


def addressed_view(row: MailRow, ref: str, stops: Iterable[Stop] = ()) -> dict[str, Any]:
    """A mail with what became of one recipient, by number: somebody may be named twice."""
    mail = mail_view(row, stops)
    numbers = {n for n, one in enumerate(row.recipient_refs) if one == ref}
    return {**mail, "addressed": [one for one in mail["recipients"] if one["n"] in numbers]}


def stop_view(stop: Stop) -> dict[str, Any]:
    """A stop: where, why, since when, by whom, and when it is tried next whether it is over."""
    return {
        "scope": stop.place.scope.value,
        "name": stop.place.name,
        "since": iso(stop.since),
        "reason": reason_view(stop.reason),
        "by": stop.by,
        "ends": stop.trial.value,
        "next_trial": iso(stop.until) if stop.until is not None else None,
        "failed_trials": stop.trips,
    }


def unreadable_view(mail: Unreadable) -> dict[str, Any]:
    """A mail whose row cannot be read."""
    return {"id": mail.mail_id, "reason": reason_view(mail.reason)}


def _stopped(row: MailRow, stops: Iterable[Stop]) -> dict[str, Any] | None:
    if not row.stopped or row.state is not State.WAITING:
        return None
    here = next((stop for stop in stops if stop.place.key == row.stopped), None)
    if here is None:
        return {"scope": None, "name": None, "reason": reason_view(_LIFTED)}
    return {"scope": here.place.scope.value, "name": here.place.name, "reason": reason_view(here.reason)}

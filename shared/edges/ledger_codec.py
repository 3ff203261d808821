"""A ledger row as table columns and back.

Columns can be read by a person in Storage Explorer: words for states, times as Edm.DateTime (100 ns: the same float comes
back), lists as compact JSON. Reading trusts nothing: a person may have edited the row.
"""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from shared.edges.ledger_columns import ColumnReader, broken, plain, time_column
from shared.rules.config import OnUnknown
from shared.rules.identifiers import RECIPIENT_REF_LENGTH
from shared.rules.mail_row import ROW_VERSION, TIMELINE_LENGTH, MailRow, Moment, Provenance
from shared.rules.outcome import Fate, Reason, RecipientResult, Reply
from shared.rules.pace import Place
from shared.rules.states import State
from shared.rules.storage_errors import NewerRow
from shared.rules.utc_text import from_utc_text, to_utc_text

RECIPIENTS_LIMIT = 500
"""Recipients of one mail (design 3.4); bounds what a hand-edited column can make us allocate."""

REASON_LIMIT = 96
"""Characters of a reason's code in the timeline: a full timeline then stays below the 32 K characters of a column."""

ENHANCED_LIMIT = 16
"""Characters of an enhanced status code: `5.999.999` has nine (RFC 3463)."""


LISTS = frozenset({"Recipients", "RecipientRefs", "Timeline", "Reply"})
"""Columns that are bounded by their own construction: 500 references with their spaces are 12,500 characters."""

REFERENCE = re.compile(f"[0-9a-f]{{{RECIPIENT_REF_LENGTH}}}")


def to_columns(row: MailRow) -> dict[str, Any]:
    """The row's columns, without its keys. `ValueError` for a row that no column can hold (a programming error)."""
    reply = {} if row.reply is None else {"Reply": _reply_text(row.reply)}
    why = {} if row.why is None else {"Why": _why_text(row.why)}
    numbers = {"Ticket": row.ticket, "Attempts": row.attempts, "Unknowns": row.unknowns, "Version": row.version}
    columns = {
        "State": row.state.value,
        "Sender": row.sender,
        "Due": time_column(row.due),
        **_provenance_columns(row.provenance),
        "AcceptedAt": time_column(row.accepted_at),
        "ExpiresAt": time_column(row.expires_at),
        "Date": time_column(row.date),
        "MessageId": row.message_id,
        "Priority": row.priority,
        "OnUnknown": row.on_unknown.value,
        "PossibleDuplicate": row.possible_duplicate,
        "ContentHash": row.content_hash,
        "PayloadHash": row.payload_hash,
        "Traceparent": row.traceparent,
        "AttemptTrace": row.attempt_trace,
        "Recipients": _recipients_text(row.recipients),
        "Timeline": _timeline_text(row.timeline),
        **numbers,
        **_optional_times(row),
        **reply,
        **why,
        **({"RecipientRefs": " ".join(row.recipient_refs)} if row.recipient_refs else {}),
        **({"Stopped": row.stopped} if row.stopped else {}),
        **({"Line": row.place.mailbox, "Place": row.place.number} if row.place else {}),
    }
    return {name: _bounded(name, value) for name, value in columns.items()}


def from_columns(mail_id: str, columns: Mapping[str, Any]) -> MailRow:
    """The row that the columns describe. Raises `NewerRow` before anything else is read, `BrokenRow` naming a column."""
    read = ColumnReader(columns)
    version = read.number("Version")
    if version > ROW_VERSION:
        raise NewerRow(version)
    return MailRow(
        id=mail_id,
        state=read.choice("State", State),
        sender=read.text("Sender"),
        provenance=_provenance(read),
        content_hash=read.text("ContentHash"),
        payload_hash=read.text("PayloadHash"),
        message_id=read.text("MessageId"),
        date=read.time("Date"),
        accepted_at=read.time("AcceptedAt"),
        due=read.time("Due"),
        expires_at=read.time("ExpiresAt"),
        on_unknown=read.choice("OnUnknown", OnUnknown),
        priority=read.text("Priority"),
        ticket=read.number("Ticket"),
        attempts=read.number("Attempts"),
        unknowns=read.number("Unknowns"),
        lease_until=read.time_or_none("LeaseUntil"),
        possible_duplicate=read.flag("PossibleDuplicate"),
        traceparent=read.text("Traceparent"),
        attempt_trace=read.text("AttemptTrace"),
        reply=read.parse("Reply", _reply) if "Reply" in columns else None,
        why=read.parse("Why", _why) if "Why" in columns else None,
        recipients=read.parse("Recipients", _recipients),
        timeline=read.parse("Timeline", _timeline),
        recipient_refs=_references(read),
        deadline=read.time_or_none("Deadline"),
        standstill=read.time_or_none("Standstill"),
        stopped=read.text_or_none("Stopped") or "",
        place=_place(read),
        version=version,
    )


def _optional_times(row: MailRow) -> dict[str, tuple[str, str]]:
    times = {"LeaseUntil": row.lease_until, "Deadline": row.deadline, "Standstill": row.standstill}
    return {name: time_column(at) for name, at in times.items() if at is not None}


def _place(read: ColumnReader) -> Place | None:
    """A place that cannot be read costs the mail only that: it joins the line again."""
    line, number = read.text_or_none("Line"), read.decimal_or_none("Place")
    return None if not line or number is None else Place(line, number)


def _references(read: ColumnReader) -> tuple[str, ...]:
    """Rows that were written before there were references have none."""
    references = tuple((read.text_or_none("RecipientRefs") or "").split(" "))
    if references == ("",):
        return ()
    if len(references) > RECIPIENTS_LIMIT or not all(REFERENCE.fullmatch(one) for one in references):
        raise broken("RecipientRefs", "holds what is no reference")
    return references


def _provenance_columns(provenance: Provenance) -> dict[str, str]:
    return {
        "Caller": provenance.caller,
        "Door": provenance.door,
        "Rule": provenance.rule,
        "Template": provenance.template,
        "TemplateHash": provenance.template_hash,
        "PackageVersion": provenance.package_version,
        "ConfigHash": provenance.config_hash,
    }


def _provenance(read: ColumnReader) -> Provenance:
    return Provenance(
        caller=read.text("Caller"),
        door=read.text("Door"),
        rule=read.text("Rule"),
        template=read.text("Template"),
        template_hash=read.text("TemplateHash"),
        package_version=read.text("PackageVersion"),
        config_hash=read.text("ConfigHash"),
    )


def _bounded(name: str, value: Any) -> Any:  # noqa: ANN401 - a column's value
    if isinstance(value, str) and name not in LISTS:
        return plain(value)
    return value


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _reply_text(reply: Reply) -> str:
    said = {
        "code": reply.code,
        "enhanced": reply.enhanced and plain(reply.enhanced, ENHANCED_LIMIT),
        "exchange_id": reply.exchange_id and plain(reply.exchange_id),
        "host": reply.host and plain(reply.host),
    }
    return _compact({name: value for name, value in said.items() if value is not None})


def _reply(said: Any) -> Reply:  # noqa: ANN401 - JSON from a column
    texts = [said.get(name) for name in ("enhanced", "exchange_id", "host")]
    if type(said["code"]) is not int or not all(text is None or isinstance(text, str) for text in texts):
        raise broken("Reply", "is not a reply")
    return Reply(said["code"], *texts)


def _why_text(why: Reason) -> str:
    said = {"code": why.code, "text": why.text, "fix": why.fix}
    return _compact({name: plain(value) for name, value in said.items()})


def _why(said: Any) -> Reason:  # noqa: ANN401 - JSON from a column
    texts = [said[name] for name in ("code", "text", "fix")]
    if not all(isinstance(text, str) for text in texts):
        raise broken("Why", "is not a reason")
    return Reason(*texts)


def _recipients_text(recipients: Sequence[RecipientResult]) -> str:
    """Runs of equal results, in order: `[[498,"accepted",250,"2.1.5"],[2,"refused",550,"5.1.10"]]`."""
    if len(recipients) > RECIPIENTS_LIMIT:
        raise ValueError(f"a mail has at most {RECIPIENTS_LIMIT} recipients")
    runs = ((result, len(list(run))) for result, run in groupby(recipients))
    return _compact([_run(result, length) for result, length in runs])


def _run(result: RecipientResult, length: int) -> list[object]:
    enhanced = None if result.enhanced is None else plain(result.enhanced, ENHANCED_LIMIT)
    codes = [] if result.code is None and enhanced is None else [result.code, enhanced]
    return [length, result.fate.value, *codes]


def _recipients(runs: Any) -> tuple[RecipientResult, ...]:  # noqa: ANN401 - JSON from a column
    results: list[RecipientResult] = []
    for length, fate, *codes in runs:
        if type(length) is not int or not 0 < length <= RECIPIENTS_LIMIT - len(results):
            raise broken("Recipients", "holds a wrong number of recipients")
        results += [_result(fate, *codes)] * length
    return tuple(results)


def _result(fate: str, code: int | None = None, enhanced: str | None = None) -> RecipientResult:
    if not (code is None or type(code) is int) or not (enhanced is None or isinstance(enhanced, str)):
        raise broken("Recipients", "holds codes that are none")
    return RecipientResult(Fate(fate), code, enhanced)


def _timeline_text(timeline: Sequence[Moment]) -> str:
    kept = timeline if len(timeline) <= TIMELINE_LENGTH else (timeline[0], *timeline[-(TIMELINE_LENGTH - 1) :])
    return _compact([[to_utc_text(m.at), m.state.value, plain(m.reason, REASON_LIMIT)] for m in kept])


def _timeline(moments: Any) -> tuple[Moment, ...]:  # noqa: ANN401 - JSON from a column
    return tuple(_moment(*moment) for moment in moments)


def _moment(at: str, state: str, reason: str) -> Moment:
    if not isinstance(reason, str):
        raise broken("Timeline", "holds a reason that is no text")
    return Moment(from_utc_text(at), State(state), reason)

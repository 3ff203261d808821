"""Rows to columns and back: a round trip for any row, and one literal row as a person sees it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.edges.ledger_codec import RECIPIENTS_LIMIT, from_columns, to_columns
from shared.rules.config import OnUnknown
from shared.rules.mail_row import TIMELINE_LENGTH, MailRow, Moment, Provenance
from shared.rules.outcome import Fate, Reason, RecipientResult, Reply
from shared.rules.states import State
from shared.rules.storage_errors import BrokenRow, NewerRow
from shared.rules.utc_text import from_utc_text

COLUMN_LIMIT = 32 * 1024
"""UTF-16 code units of a string property (Learn, Understanding the Table service data model)."""

WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40)
TIMES = st.floats(min_value=2.0**30, max_value=4e9)
COUNTS = st.integers(min_value=0, max_value=2**31 - 1)
CODES = st.one_of(st.none(), st.integers(min_value=200, max_value=599))
ENHANCED = st.one_of(st.none(), st.from_regex(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True))
RESULTS = st.builds(RecipientResult, st.sampled_from(Fate), CODES, ENHANCED)
OPTIONAL = st.one_of(st.none(), WORDS)

ROWS = st.builds(
    MailRow,
    id=st.just("mail-1"),
    state=st.sampled_from(State),
    sender=WORDS,
    provenance=st.builds(Provenance, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS),
    content_hash=WORDS,
    payload_hash=WORDS,
    message_id=WORDS,
    date=TIMES,
    accepted_at=TIMES,
    due=TIMES,
    expires_at=TIMES,
    on_unknown=st.sampled_from(OnUnknown),
    priority=WORDS,
    ticket=COUNTS,
    attempts=COUNTS,
    unknowns=COUNTS,
    lease_until=st.one_of(st.none(), TIMES),
    possible_duplicate=st.booleans(),
    traceparent=WORDS,
    attempt_trace=WORDS,
    reply=st.one_of(st.none(), st.builds(Reply, st.integers(200, 599), ENHANCED, OPTIONAL, OPTIONAL)),
    why=st.one_of(st.none(), st.builds(Reason, WORDS, WORDS, WORDS)),
    recipients=st.lists(RESULTS, max_size=20).map(tuple),
    timeline=st.lists(st.builds(Moment, TIMES, st.sampled_from(State), WORDS), max_size=8).map(tuple),
    recipient_refs=st.lists(st.from_regex(r"[0-9a-f]{24}", fullmatch=True), max_size=20).map(tuple),
    deadline=st.one_of(st.none(), TIMES),
    standstill=st.one_of(st.none(), TIMES),
    stopped=WORDS,
)


def stored(columns: dict[str, Any]) -> dict[str, Any]:
    """The columns as the table library hands them out: times as datetimes that know their own text."""
    from azure.data.tables._deserialize import _from_entity_datetime

    read: Any = _from_entity_datetime
    return {name: read(value[0]) if isinstance(value, tuple) else value for name, value in columns.items()}


@given(ROWS)
def test_any_row_comes_back(row: MailRow) -> None:
    """Encoding and decoding give the same row."""
    assert from_columns("mail-1", stored(to_columns(row))) == row


ROW = MailRow(
    id="mail-1",
    state=State.SENT,
    sender="alerts",
    provenance=Provenance("producer:default", "queue", "producers.default"),
    content_hash="c",
    payload_hash="p",
    message_id="<1@contoso.test>",
    date=1_795_471_200.0,
    accepted_at=1_795_471_200.5,
    due=1_795_471_201.0,
    expires_at=1_795_557_600.0,
    on_unknown=OnUnknown.RESEND,
    reply=Reply(250, "2.0.0", "<1@contoso.test>", "AM0PR01"),
    recipients=(RecipientResult(Fate.ACCEPTED, 250, "2.1.5"),) * 3 + (RecipientResult(Fate.PENDING),),
    timeline=(Moment(1_795_471_200.5, State.WAITING, "accepted"),),
)


def test_a_person_can_read_a_row() -> None:
    """States are words, times are dates, lists are short JSON, and what is not there has no column."""
    columns = to_columns(ROW)
    assert columns["State"] == "sent"
    assert columns["Due"] == ("2026-11-23T22:00:01.0000000Z", "Edm.DateTime")
    assert columns["Recipients"] == '[[3,"accepted",250,"2.1.5"],[1,"pending"]]'
    assert columns["Timeline"] == '[["2026-11-23T22:00:00.5000000Z","waiting","accepted"]]'
    assert columns["Reply"] == '{"code":250,"enhanced":"2.0.0","exchange_id":"<1@contoso.test>","host":"AM0PR01"}'
    assert not columns.keys() & {"LeaseUntil", "RecipientRefs", "Deadline", "Standstill", "Stopped"}


def test_a_person_can_read_what_holds_a_row_back() -> None:
    """References stand in one text; times that are not there have no column."""
    columns = to_columns(replace(ROW, recipient_refs=("a" * 24, "b" * 24), standstill=ROW.due, stopped="c" * 16))
    assert columns["RecipientRefs"] == f"{'a' * 24} {'b' * 24}"
    assert columns["Standstill"] == ("2026-11-23T22:00:01.0000000Z", "Edm.DateTime")
    assert columns["Stopped"] == "c" * 16
    assert "Deadline" not in columns


@pytest.mark.parametrize("text", ["bob@contoso.test", f"{'a' * 24}  {'b' * 24}", "A" * 24, " ".join(["a" * 24] * 501)])
def test_references_that_are_none_are_named(text: str) -> None:
    """Keys of the index are made of them, so nothing else passes."""
    with pytest.raises(BrokenRow, match="column RecipientRefs holds"):
        from_columns("mail-1", {**stored(to_columns(ROW)), "RecipientRefs": text})


def test_the_fullest_row_stays_within_the_limits() -> None:
    """With 500 different recipients and an overlong timeline of overlong reasons no column outgrows a table."""
    results = tuple(RecipientResult(Fate.UNKNOWN, 599, f"5.{n}.{n}" + "9" * 50) for n in range(RECIPIENTS_LIMIT))
    moments = tuple(Moment(ROW.due + n, State.CANCELLED, "\U0001f4e7\x00" * 500) for n in range(3 * TIMELINE_LENGTH))
    references = tuple(f"{n:024x}" for n in range(RECIPIENTS_LIMIT))
    full = replace(ROW, recipients=results, timeline=moments, sender="\U0001f4e7" * 9_000, recipient_refs=references)
    columns = to_columns(full)
    sizes = {name: len(value.encode("utf-16-le")) // 2 for name, value in columns.items() if isinstance(value, str)}
    assert max(sizes.values()) <= COLUMN_LIMIT
    row = from_columns("mail-1", stored(columns))
    assert len(row.recipients) == RECIPIENTS_LIMIT
    assert row.recipient_refs == references
    assert [moment.at for moment in row.timeline] == [ROW.due, *(m.at for m in moments[-(TIMELINE_LENGTH - 1) :])]


def test_too_many_recipients_are_refused() -> None:
    """A mail has at most 500 recipients; more is a programming error."""
    with pytest.raises(ValueError, match="500"):
        to_columns(replace(ROW, recipients=(RecipientResult(Fate.PENDING),) * 501))


def test_a_newer_version_is_told_first() -> None:
    """Of a newer row nothing but its version is looked at."""
    with pytest.raises(NewerRow) as caught:
        from_columns("mail-1", {"Version": 2, "State": "teleported"})
    assert caught.value.version == 2


@pytest.mark.parametrize("column", sorted(set(to_columns(ROW)) - {"Reply"}))
def test_a_missing_column_is_named(column: str) -> None:
    """Every column that a row needs is named when it is gone."""
    columns = stored(to_columns(ROW))
    del columns[column]
    with pytest.raises(BrokenRow, match=f"column {column} is missing"):
        from_columns("mail-1", columns)


FULL = replace(ROW, recipient_refs=("a" * 24,), deadline=ROW.due, standstill=ROW.due, stopped="c" * 16)


@given(
    st.sampled_from(sorted(to_columns(FULL))), st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.binary())
)
def test_no_value_of_a_column_is_a_crash(column: str, value: object) -> None:
    """Whatever stands in a column: a row, or a fault that names the column."""
    named = ""
    try:
        from_columns("mail-1", {**stored(to_columns(ROW)), column: value})
    except NewerRow:
        named = "column Version "
    except BrokenRow as broken:
        named = str(broken)
    assert not named or f"column {column} " in named


def test_whole_numbers_may_be_of_the_long_kind() -> None:
    """A number that Storage Explorer saved as Int64 is still that number; a time without decimals too."""
    columns = {**stored(to_columns(ROW)), "Ticket": (7, "Edm.Int64")}
    assert from_columns("mail-1", columns).ticket == 7
    assert from_utc_text("2026-11-23T22:00:01Z") == from_columns("mail-1", columns).due

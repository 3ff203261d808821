"""The ledger's row as a value."""

from dataclasses import replace

import pytest

from shared.rules.mail_row import TIMELINE_LENGTH, MailRow, begin, move, note, pending
from shared.rules.outcome import Fate, RecipientResult
from shared.rules.states import IllegalMove, State
from tests.rows import a_row


def test_a_step_is_noted_with_time_and_reason() -> None:
    """Moving a mail adds one line to its timeline, in the new state."""
    row = move(begin(a_row(), reason="accepted"), State.SENDING, at=20.0, reason="transmitting")
    assert [(m.at, m.state, m.reason) for m in row.timeline] == [
        (10.0, State.WAITING, "accepted"),
        (20.0, State.SENDING, "transmitting"),
    ]


def test_an_illegal_step_changes_nothing() -> None:
    """A step that the table does not hold raises."""
    with pytest.raises(IllegalMove):
        move(a_row(state=State.SENT), State.WAITING, at=1.0, reason="")


def test_leaving_sending_ends_the_lease() -> None:
    """Only a row in `sending` has a lease."""
    row = replace(move(a_row(), State.SENDING, at=1.0, reason=""), lease_until=31.0)
    assert move(row, State.WAITING, at=2.0, reason="").lease_until is None


def test_a_long_timeline_keeps_its_first_and_newest_lines() -> None:
    """A mail that is deferred for days keeps a bounded row, and when it was accepted."""
    row = begin(a_row(), reason="accepted")
    for n in range(TIMELINE_LENGTH * 2):
        row = note(row, at=float(n), reason=f"paced {n}")
    assert len(row.timeline) == TIMELINE_LENGTH
    assert row.timeline[0].reason == "accepted"
    assert row.timeline[-1].reason == f"paced {TIMELINE_LENGTH * 2 - 1}"


def test_no_mail_begins_in_the_middle() -> None:
    """A row begins as waiting, or as one that only says why it was refused."""
    with pytest.raises(ValueError, match="sending"):
        begin(a_row(state=State.SENDING), reason="")


def test_who_still_has_to_be_offered() -> None:
    """Recipients that were accepted or refused for good are not offered again; unknown ones are."""
    fates = (Fate.ACCEPTED, Fate.PENDING, Fate.REFUSED, Fate.UNKNOWN)
    row: MailRow = replace(a_row(), recipients=tuple(RecipientResult(fate) for fate in fates))
    assert pending(row) == (1, 3)

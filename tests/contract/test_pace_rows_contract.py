"""What every table of paces keeps: the fake of the desk's tests and the adapter on a real Azurite."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.edges.pace_rows import PaceRows
from shared.rules.pace import Hold, Lane, Limits, Line, Pace, PaceEntry, Share, Slot, Wish, pace_key
from shared.rules.pace_day import BUCKET
from shared.rules.storage_errors import Conflict
from tests.contract.conftest import Cloud
from tests.fakes.pace_rows import FakeRows

ONE, TWO = "one@contoso.test", "two@contoso.test"

LIMITS = Limits(messages_per_minute=30, connections=3, recipients_per_day=10_000)

NOON = float(int(time.time()))
"""Whole seconds, about now: what lies far ahead is not believed."""

PACE = Pace(
    slots=(Slot(NOON - 20.5, Lane.HIGH), Slot(NOON + 0.123, Lane.BULK)),
    holds=(Hold("a", 2, NOON - 1, NOON + 2),),
    wishes=(Wish("b", Lane.NORMAL, NOON - 1, NOON + 1),),
    lines={Lane.BULK: Line(100.5, 99.25, NOON)},
    share=Share(2, NOON + 40, NOON - 9, 80.0, 0.8, NOON - 5),
    days={int(NOON // BUCKET): 5},
    external={int(NOON // BUCKET): 2},
)

Rows = PaceRows | FakeRows


def adapter(cloud: Cloud, new_id: Callable[[], str], limits: Limits = LIMITS) -> PaceRows:
    """The rows of both mailboxes on a real table."""
    return PaceRows(cloud.account, {ONE: limits, TWO: limits}, clock=time.time, new_id=new_id)


@pytest.fixture(params=["fake", "azurite"])
def rows(request: pytest.FixtureRequest, new_id: Callable[[], str]) -> Rows:
    """No row at all."""
    if request.param == "fake":
        return FakeRows()
    return adapter(request.getfixturevalue("cloud"), new_id)


async def test_a_mailbox_without_a_row_is_idle(rows: Rows) -> None:
    """An account without the table has none."""
    assert await rows.read(ONE) == PaceEntry(Pace())
    assert await rows.all() == {}


async def test_a_row_comes_back_as_it_was_written(rows: Rows) -> None:
    """Every value, with the ETag that the writer got."""
    written = await rows.write(ONE, PACE, PaceEntry(Pace()))
    assert written.pace == PACE
    assert written.etag
    assert await rows.read(ONE) == written
    assert await rows.all() == {pace_key(ONE): PACE}


async def test_mailboxes_have_rows_of_their_own(rows: Rows) -> None:
    """One's write is nothing to the other."""
    first = await rows.write(ONE, PACE, PaceEntry(Pace()))
    assert await rows.read(TWO) == PaceEntry(Pace())
    other = await rows.write(TWO, Pace(), PaceEntry(Pace()))
    assert (await rows.read(ONE), await rows.read(TWO)) == (first, other)
    assert set(await rows.all()) == {pace_key(ONE), pace_key(TWO)}


async def test_a_row_is_changed_by_who_read_it_last(rows: Rows) -> None:
    """Each write has another ETag, with which the next one can be made, without a read."""
    first = await rows.write(ONE, PACE, PaceEntry(Pace()))
    second = await rows.write(ONE, replace(PACE, holds=()), first)
    third = await rows.write(ONE, replace(PACE, slots=()), second)
    assert len({first.etag, second.etag, third.etag}) == 3
    assert await rows.read(ONE) == third


async def test_who_read_an_older_row_changes_nothing(rows: Rows) -> None:
    """Neither does who thought that there was none."""
    first = await rows.write(ONE, PACE, PaceEntry(Pace()))
    second = await rows.write(ONE, replace(PACE, holds=()), first)
    for known in (first, PaceEntry(Pace())):
        with pytest.raises(Conflict):
            await rows.write(ONE, Pace(), known)
    assert await rows.read(ONE) == second


@pytest.mark.parametrize("there", [False, True], ids=["first", "change"])
async def test_one_of_many_writers_wins(rows: Rows, *, there: bool) -> None:
    """Ten instances write what they made of the same row: one row is written, and nine hear that they lost."""
    known = await rows.write(ONE, Pace(), PaceEntry(Pace())) if there else await rows.read(ONE)
    writes = [rows.write(ONE, replace(PACE, holds=(Hold(f"a{n}", 1, NOON, NOON + 1),)), known) for n in range(10)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    (winner,) = [result for result in results if isinstance(result, PaceEntry)]
    assert sum(isinstance(result, Conflict) for result in results) == 9
    assert await rows.read(ONE) == winner

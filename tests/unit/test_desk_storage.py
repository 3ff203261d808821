"""A mailbox's desk when storage is down, says no, or lets somebody else be quicker. Time is virtual."""

import asyncio

import pytest

from bench.simulation.loop import START, run
from shared.desk_mails import AWAY, PATIENCE
from shared.desk_parts import STORAGE_PAUSE
from shared.rules.outcome import Reason
from shared.rules.pace import WINDOW, Lane, Later, Line, Pace, Slot
from shared.rules.storage_errors import NewerRow, StorageForbidden, StorageUnavailable
from tests.fakes.pace_rows import FakeRows
from tests.unit.desk_rig import Office, clock, row, sender

DOWN = StorageUnavailable(Reason("storage-busy", "too busy"), 5.0)


def calls(rows: FakeRows) -> tuple[int, int]:
    """Reads and writes since the last time."""
    counted = rows.reads, rows.writes
    rows.reads = rows.writes = 0
    return counted


@pytest.mark.parametrize("known", [False, True], ids=["first", "known"])
def test_mails_wait_while_storage_is_down_and_go_on_when_it_is_back(known: bool) -> None:  # noqa: FBT001 - a parameter
    """The minute goes on as it was: nobody pauses for what was not known for a while."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows)
        if known:
            await office.send("before")
        rows.fault = DOWN
        waiting = [asyncio.create_task(office.send(f"m{n}")) for n in range(5)]
        await asyncio.sleep(5)
        assert not any(one.done() for one in waiting)
        rows.fault = None
        sent = await asyncio.gather(*waiting)
        assert all(isinstance(at, float) and at < START + 5 + STORAGE_PAUSE + 1.5 for at in sent)

    run(story())


def test_after_a_while_without_storage_mails_go_back_to_the_queue() -> None:
    """They come back soon, and nothing of the desk is left at work."""

    async def story() -> None:
        rows = FakeRows()
        rows.fault = DOWN
        answer = await Office(rows).send()
        assert answer == Later(AWAY)
        assert START + PATIENCE <= clock() <= START + PATIENCE + 2 * STORAGE_PAUSE
        calls(rows)
        await asyncio.sleep(10)
        assert sum(calls(rows)) <= 1

    run(story())


def test_a_line_is_what_it_was_after_storage_was_down() -> None:
    """New mails waited for long although the mailbox was free; that says nothing about a line of years."""

    async def story() -> None:
        rows = FakeRows()
        row(rows, Pace(lines={Lane.BULK: Line(90_000.0, 90_000.0, START - 600)}, slots=(Slot(START - 600, Lane.BULK),)))
        office = Office(rows)
        rows.fault = DOWN
        waiting = [asyncio.create_task(office.send(f"m{n}")) for n in range(20)]
        await asyncio.sleep(PATIENCE * 2 / 3)
        rows.fault = None
        answers = await asyncio.gather(*waiting)
        assert max(answer.seconds if isinstance(answer, Later) else answer - clock() for answer in answers) < 10

    run(story())


@pytest.mark.parametrize("fault", [StorageForbidden(Reason("storage-forbidden", "no right")), NewerRow(2), KeyError("x")])
def test_what_does_not_pass_by_itself_is_raised_to_the_mail(fault: Exception) -> None:
    """At once, to each of them; when it is cured, mails go on."""

    async def story() -> None:
        rows = FakeRows()
        rows.fault = fault
        office = Office(rows)
        async with asyncio.timeout(60):
            failed = await asyncio.gather(office.send("m1"), office.send("m2"), return_exceptions=True)
        assert list(failed) == [fault, fault]
        assert clock() < START + 0.1
        rows.fault = None
        assert isinstance(await office.send("m3"), float)

    run(story())


def test_a_lost_race_is_repeated_on_what_is_there_now() -> None:
    """What the other one booked counts, and the mail leaves all the same."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows, like=sender(per_minute=2))
        await office.send("first")
        row(rows, Pace(slots=(*row(rows).slots, Slot(START + 0.5, Lane.HIGH)), holds=row(rows).holds))
        calls(rows)
        answer = await office.send("second")
        assert calls(rows) == (1, 2)
        assert isinstance(answer, Later)
        assert answer.seconds > WINDOW / 2

    run(story())

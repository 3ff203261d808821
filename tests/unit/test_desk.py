"""A mailbox's desk in a process: what it reads and writes, and when its connections end. Time is virtual."""

import asyncio

import pytest

from bench.simulation.loop import START, run
from shared.desk_parts import POLL
from shared.rules.outcome import Reason
from shared.rules.pace import WINDOW, Hold, Lane, Pace, Wish
from shared.rules.pace_turns import EXPIRES, MARGIN, WISH, live
from shared.rules.storage_errors import StorageUnavailable
from tests.fakes.pace_rows import FakeRows
from tests.unit.desk_rig import BOX, Exchange, Office, clock, row, sender, until
from tests.unit.pace_values import GRAIN, shortest_span

DOWN = StorageUnavailable(Reason("storage-busy", "too busy"), 5.0)


def calls(rows: FakeRows) -> tuple[int, int]:
    """Reads and writes since the last time."""
    counted = rows.reads, rows.writes
    rows.reads = rows.writes = 0
    return counted


def all_taken(seconds: float) -> Pace:
    """Another instance has all turns, and died."""
    return Pace(holds=(Hold("dead", 3, START - 1, START + seconds),))


def test_one_mail_costs_a_read_and_a_write_and_the_next_one_a_write() -> None:
    """On an idle mailbox, from first to last; while the turn lasts, the row is not read again."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows)
        assert await office.send("first") == pytest.approx(START, abs=0.1)
        await asyncio.sleep(1)
        assert calls(rows) == (1, 1)
        assert await office.send("second") == pytest.approx(START + 1, abs=0.2)
        await asyncio.sleep(1)
        assert calls(rows) == (0, 1)
        assert office.exchange.most == 1

    run(story())


def test_mails_of_one_moment_are_booked_together() -> None:
    """Two alerts: one write for both slots, and one connection that takes them one after the other."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows, like=sender(per_minute=60))
        await asyncio.gather(*(office.send(f"m{n}", Lane.HIGH) for n in range(2)))
        assert calls(rows) == (1, 1)
        assert len(row(rows).slots) == 2
        assert office.exchange.most == 1

    run(story())


def test_an_instance_that_is_alone_keeps_its_idle_connection_to_the_end_of_its_turn() -> None:
    """Then it is closed, before the turn is over, and nothing is written for that."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows)
        await office.send()
        calls(rows)
        await asyncio.sleep(EXPIRES - MARGIN - 1)
        assert (office.exchange.open, office.goodbyes) == (1, [])
        await asyncio.sleep(2 + MARGIN)
        (goodbye,) = office.goodbyes
        assert (office.exchange.open, goodbye.keep, goodbye.turns) == (0, 0, 1)
        assert goodbye.at < START + EXPIRES
        assert calls(rows)[1] == 0

    run(story())


def test_turns_that_others_may_want_are_given_back_after_the_goodbye() -> None:
    """First the connection is closed, then the row says so, and at once."""

    async def story() -> None:
        rows = FakeRows()
        row(rows, Pace(wishes=(Wish("b", Lane.BULK, START, START + WISH),)))
        office = Office(rows)
        await office.send()
        await until(lambda: not row(rows).holds)
        assert clock() < START + 1
        assert [(goodbye.keep, goodbye.turns) for goodbye in office.goodbyes] == [(0, 1)]
        assert office.exchange.open == 0

    run(story())


def test_a_turn_in_use_is_renewed() -> None:
    """A mail that takes longer than a turn keeps its connection."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows)
        slow = asyncio.create_task(office.send(reply=3 * EXPIRES))
        for _ in range(int(3 * EXPIRES) - 1):
            await asyncio.sleep(1)
            assert live(row(rows), clock()) == 1
        await slow
        assert office.exchange.most == 1

    run(story())


def test_a_dead_instances_turns_are_waited_for() -> None:
    """The row is looked at a few times a second, and the mail leaves soon after they are over."""

    async def story() -> None:
        rows = FakeRows()
        row(rows, all_taken(4.0))
        sent = await Office(rows).send()
        assert isinstance(sent, float)
        assert START + 4 <= sent < START + 4 + 2 * POLL
        assert 4 / POLL / 2 < rows.reads < 4 / POLL * 2

    run(story())


@pytest.mark.parametrize("skew", [0.0, 0.4, -0.4])
def test_two_processes_keep_the_limits_together(skew: float) -> None:
    """Two minutes of mails, with clocks that differ: never more connections or mails than allowed, and both send."""

    async def story() -> None:
        rows, exchange, like = FakeRows(), Exchange(), sender(per_minute=60, connections=1)
        offices = [
            Office(rows, "a", like=like, exchange=exchange),
            Office(rows, "b", like=like, exchange=exchange, skew=skew),
        ]
        backlog = [offices[n % 2].deliver(f"m{n}") for n in range(130)]
        await asyncio.gather(*backlog)
        assert len(exchange.dots) == 130
        assert exchange.most == 1
        assert shortest_span(exchange.dots, 60) >= WINDOW - GRAIN
        assert max(exchange.dots) < START + 160
        assert all(office.goodbyes for office in offices)
        await asyncio.sleep(EXPIRES + 1)
        assert (exchange.open, live(row(rows), clock())) == (0, 0)

    run(story())


def test_a_mail_that_is_in_hand_twice_is_answered_twice() -> None:
    """Queues deliver twice now and then, and a sweep puts an order again: neither of the two hangs."""

    async def story() -> None:
        rows = FakeRows()
        row(rows, all_taken(2.0))
        office = Office(rows)
        async with asyncio.timeout(60):
            answers = await asyncio.gather(office.send("same"), office.send("same"))
        assert all(isinstance(answer, float) for answer in answers)
        await asyncio.sleep(1)
        assert len(row(rows).slots) == 2

    run(story())


def test_a_mail_that_goes_away_leaves_nothing_behind() -> None:
    """Its process was told to end it while it waited for a turn: no slot, no turn, and soon no wish."""

    async def story() -> None:
        rows = FakeRows()
        row(rows, all_taken(EXPIRES))
        office = Office(rows)
        gone = asyncio.create_task(office.send())
        await asyncio.sleep(1)
        assert [wish.owner for wish in row(rows).wishes] == ["a"]
        gone.cancel()
        await asyncio.sleep(EXPIRES)
        assert all(wish.until <= clock() for wish in row(rows).wishes)
        assert (row(rows).slots, live(row(rows), clock())) == ((), 0)
        other = await Office(rows, "b").send("other")
        assert isinstance(other, float)
        assert BOX in rows.rows

    run(story())

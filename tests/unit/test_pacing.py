"""The pace as a mail meets it: places in line, slots that are missed or not used, what Exchange says, and a pool's order."""

import asyncio
from dataclasses import replace

import pytest

from bench.simulation.loop import START, run
from shared.desk_parts import EARLY, HOLD
from shared.pacing import WRITTEN_DOWN
from shared.rules.pace import LATE, WINDOW, Lane, Later, Limits, Line, Pace, Place, Request, Share, Slot
from shared.rules.pace_day import used
from shared.rules.pace_share import SLOW, SLOWER
from shared.rules.pace_slots import BURST
from tests.fakes.pace_rows import FakeRows
from tests.unit.desk_rig import BOX, KEY, Office, clock, row, sender, until

SLOWLY = sender(per_minute=30)
"""A mail every two seconds."""

INTERVAL = Limits(30, 3, 1).interval


def busy(mails: int, lane: Lane = Lane.BULK) -> Pace:
    """The last minute was evenly used, and so many mails stand in line."""
    slots = tuple(Slot(START - WINDOW + n * INTERVAL, lane) for n in range(30))
    return Pace(slots=slots, lines={lane: Line(tail=100.0 + mails * INTERVAL, head=100.0, at=START)})


def test_a_mail_far_back_comes_back_with_its_place_and_gets_its_slot() -> None:
    """It is told when, a little early, and where it stands; then it waits in place and leaves when its time has come."""

    async def story() -> None:
        rows = FakeRows()
        row(rows, busy(mails=40))
        office = Office(rows, like=SLOWLY)
        later = await office.send()
        assert isinstance(later, Later)
        assert clock() < START + 0.5
        assert later.place is not None
        assert later.place.mailbox == KEY
        assert later.place.number == pytest.approx(100.0 + 41 * INTERVAL)
        assert later.seconds == pytest.approx(40 * INTERVAL - EARLY, abs=0.5)
        await asyncio.sleep(later.seconds)
        sent = await office.send(place=later.place)
        assert isinstance(sent, float)
        assert sent <= START + later.seconds + EARLY + INTERVAL

    run(story())


def test_a_mail_whose_time_is_near_waits_in_place() -> None:
    """Going to the queue and back would take longer."""

    async def story() -> None:
        rows = FakeRows()
        row(rows, busy(mails=int(HOLD / INTERVAL) - 1))
        sent = await Office(rows, like=SLOWLY).send()
        assert isinstance(sent, float)
        assert sent <= START + HOLD + INTERVAL

    run(story())


def test_an_urgent_mail_does_not_stand_behind_others() -> None:
    """With a line of an hour, an alert leaves with the next slot."""

    async def story() -> None:
        rows = FakeRows()
        row(rows, busy(mails=1800))
        sent = await Office(rows, like=SLOWLY).send(lane=Lane.HIGH)
        assert isinstance(sent, float)
        assert sent <= START + 2 * INTERVAL

    run(story())


def test_a_place_at_another_mailbox_is_none_here() -> None:
    """The mail joins the end of this line."""

    async def story() -> None:
        rows = FakeRows()
        row(rows, busy(mails=40))
        later = await Office(rows, like=SLOWLY).send(place=Place("another", 1.0))
        assert isinstance(later, Later)
        assert later.place is not None
        assert later.place.mailbox == KEY
        assert later.place.number == pytest.approx(100.0 + 41 * INTERVAL)

    run(story())


def test_the_days_wall_is_told_in_hours() -> None:
    """The mail comes back when it is over, not every few seconds."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows, like=sender(per_day=50))
        assert isinstance(await office.send("m1", recipients=50), float)
        later = await office.send("m2", recipients=1)
        assert isinstance(later, Later)
        assert later.seconds > 80_000

    run(story())


def test_a_slot_that_was_missed_is_given_back_and_another_one_taken() -> None:
    """Its session took too long to open: the mail leaves with a slot of that moment, and counts once."""

    async def story() -> None:
        rows = FakeRows()
        sent = await Office(rows).send(prepare=LATE + 2, recipients=7)
        assert isinstance(sent, float)
        assert START + LATE + 2 <= sent <= START + LATE + 3
        await asyncio.sleep(1)
        (slot,) = row(rows).slots
        assert sent - LATE <= slot.at <= sent
        assert used(row(rows).days, clock()) == 7

    run(story())


def test_a_mail_that_missed_its_slot_in_a_full_minute_comes_back() -> None:
    """Another slot is far: the connection is for others meanwhile."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows, like=sender(per_minute=1))
        slow = asyncio.create_task(office.send("slow", prepare=3.0))
        await asyncio.sleep(1)
        taken = Slot(START + 1, Lane.HIGH)
        row(rows, replace(row(rows), slots=(*row(rows).slots, taken)))
        later = await slow
        assert isinstance(later, Later)
        assert later.place is not None
        assert later.seconds > WINDOW / 2
        await asyncio.sleep(1)
        assert row(rows).slots == (taken,)

    run(story())


def test_a_slot_that_is_not_used_is_given_back() -> None:
    """The server refused the mail before its dot: time and recipients are free again."""

    async def story() -> None:
        rows = FakeRows()
        await Office(rows).send(unused=True, recipients=7)
        await until(lambda: not row(rows).slots)
        assert clock() < START + 1
        assert used(row(rows).days, clock()) == 0

    run(story())


def test_a_slot_is_given_back_whatever_goes_wrong() -> None:
    """An error in the transaction is none of the pace's, and costs no slot."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows)
        turn = await office.pacer.turn(BOX, office.sender, Request("m", Lane.BULK, 1))
        assert not isinstance(turn, Later)
        with pytest.raises(ZeroDivisionError):
            async with turn:
                raise ZeroDivisionError
        await until(lambda: not row(rows).slots, seconds=1)
        assert isinstance(await office.send("next"), float)

    run(story())


def test_a_mail_that_left_a_little_late_is_written_down_with_the_next_booking() -> None:
    """Its minute begins when it left."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows)
        turn = await office.pacer.turn(BOX, office.sender, Request("m", Lane.BULK, 1))
        assert not isinstance(turn, Later)
        async with turn:
            assert await turn.ready() is None
            await asyncio.sleep(WRITTEN_DOWN + 0.1)
            left = clock()
            await asyncio.sleep(0.02)
            turn.dotted(0.02, 2_000, refused=False)
        await office.send("next")
        assert row(rows).slots[0].at == pytest.approx(left, abs=0.002)

    run(story())


def test_what_exchange_says_reaches_the_row() -> None:
    """A 432 halves the connections, a slow reply lowers the rate; soon after the dot, without another mail."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows)
        await office.send("refused", refused=True)
        await until(lambda: row(rows).share.connections == 1, seconds=1)
        assert row(rows).share.rate == 1.0
        await office.send("slow", reply=SLOW + 1)
        await until(lambda: row(rows).share.rate == SLOWER, seconds=1)

    run(story())


def test_a_mail_books_ahead_of_what_its_session_takes() -> None:
    """After a few mails whose sessions are slow to open, the next one still finds its slot and none is missed."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows)
        for n in range(12):
            await office.send(f"m{n}", prepare=2.0)
        began = clock()
        sent = await office.send("last", prepare=2.0)
        assert isinstance(sent, float)
        assert sent == pytest.approx(began + 2.0, abs=LATE)

    run(story())


def test_a_burst_leaves_at_once_and_the_backlog_evenly() -> None:
    """Three mails of one moment, then one every two seconds; nobody is sent away for long."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows, like=SLOWLY)
        await asyncio.gather(*(office.deliver(f"m{n}") for n in range(20)))
        dots = sorted(office.exchange.dots)
        assert dots[BURST - 1] < START + 0.5
        gaps = [later - first for first, later in zip(dots[BURST:], dots[BURST + 1 :], strict=False)]
        assert all(0.8 * INTERVAL < gap < 1.5 * INTERVAL for gap in gaps)

    run(story())


def test_a_share_of_foreign_load_is_kept_by_the_next_process() -> None:
    """What one learned is in the row: another one opens no more connections than that."""

    async def story() -> None:
        rows = FakeRows()
        row(rows, Pace(share=Share(connections=1, next_try=START + 600, patience=600.0)))
        office = Office(rows, "b")
        await asyncio.gather(*(office.deliver(f"m{n}") for n in range(30)))
        assert office.exchange.most == 1

    run(story())

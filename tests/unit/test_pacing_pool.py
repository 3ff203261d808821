"""Which mailbox of a pool a mail goes to."""

from bench.simulation.loop import START, run
from shared.pacing import ALIKE
from shared.rules.pace import Lane, Later, Line, Pace, Place, Request, pace_key
from tests.fakes.pace_rows import FakeRows
from tests.unit.desk_rig import BOX, Office, row, sender

POOL = ("one@contoso.test", "two@contoso.test", "three@contoso.test")


async def a_pool(*, lines: dict[str, float]) -> Office:
    """A process that has seen these mailboxes' lines, so many seconds long."""
    rows, like = FakeRows(), sender(per_minute=30, mailboxes=POOL)
    office = Office(rows, like=like)
    for mailbox in POOL:
        long = lines.get(mailbox, 0.0)
        row(rows, Pace(lines={Lane.BULK: Line(tail=long + 1000.0, head=1000.0, at=START)}), mailbox)
        place = Place(pace_key(mailbox), 1.0)
        turn = await office.pacer.turn(mailbox, like, Request(f"first-{mailbox}", Lane.HIGH, 1, place=place))
        assert not isinstance(turn, Later)
        async with turn:
            assert await turn.ready() is None
    return office


def test_a_mail_goes_where_it_stands_in_line_already() -> None:
    """However long that line is."""

    async def story() -> None:
        office = await a_pool(lines={POOL[1]: 10 * ALIKE})
        order = office.pacer.in_order(POOL, office.sender, Place(pace_key(POOL[1]), 1500.0))
        assert order == [POOL[1], POOL[0], POOL[2]]

    run(story())


def test_a_long_line_comes_last() -> None:
    """Lines that differ by little count as equally long, in the pool's order."""

    async def story() -> None:
        office = await a_pool(lines={POOL[0]: 2 * ALIKE, POOL[1]: ALIKE / 2})
        assert office.pacer.in_order(POOL, office.sender, None) == [POOL[1], POOL[2], POOL[0]]

    run(story())


def test_mailboxes_of_a_pool_take_turns() -> None:
    """Nine mails over three mailboxes: three each; where a mail cannot go on the first one, the others are named too."""

    async def story() -> None:
        rows, like = FakeRows(), sender(mailboxes=POOL)
        office = Office(rows, like=like)
        used_first = []
        for n in range(9):
            order = office.pacer.in_order(POOL, like, None)
            assert set(order) == set(POOL)
            used_first.append(order[0])
            turn = await office.pacer.turn(order[0], like, Request(f"m{n}", Lane.BULK, 1))
            assert not isinstance(turn, Later)
            async with turn:
                assert await turn.ready() is None
        assert {mailbox: used_first.count(mailbox) for mailbox in POOL} == dict.fromkeys(POOL, 3)

    run(story())


def test_two_spellings_of_a_mailbox_have_one_desk() -> None:
    """They are one row, and one turn after the other."""

    async def story() -> None:
        rows = FakeRows()
        office = Office(rows)
        await office.send()
        reads = rows.reads
        turn = await office.pacer.turn(BOX.upper(), office.sender, Request("other", Lane.BULK, 1))
        assert not isinstance(turn, Later)
        async with turn:
            assert await turn.ready() is None
        assert (rows.reads, set(rows.rows)) == (reads, {BOX})

    run(story())

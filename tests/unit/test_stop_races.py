"""Pausing and resuming while other processes work on the same mails: none may be left to nobody."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from shared.placing import SENDING
from shared.rules.orders import Order, encode
from shared.rules.states import State
from shared.rules.stops import EVERYTHING
from tests.fakes.ledger import FakeLedger
from tests.stage import Stage

SOON = 10.0
"""Seconds: longer than the pause after which a copied message is looked at."""


class Meanwhile:
    """The ledger; just before the first mail is noted at a stop, or settled there, something happens elsewhere."""

    def __init__(self, ledger: FakeLedger) -> None:
        self.before: dict[str, Callable[[], Awaitable[Any]]] = {}
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the ledger's
        """As the port says."""
        operation = getattr(self._ledger, name)
        happening = self.before.pop(name, None)
        if happening is None:
            return operation

        async def both(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - handed on
            await happening()
            return await operation(*arguments, **named)

        return both


def a_stage() -> tuple[Stage, Meanwhile]:
    """A stage, and what stands between the stories and its ledger."""
    between: list[Meanwhile] = []

    def around(port: object) -> object:
        if not isinstance(port, FakeLedger):
            return port
        if not between:
            between.append(Meanwhile(port))
        return between[0]

    return Stage(around=around), between[0]


async def test_an_order_that_loses_its_row_to_its_own_ticket_is_held_all_the_same() -> None:
    """Somebody puts the mail back: the message is there before the row knows its ticket, and is taken at once by a process
    that still knows of the stop. It cannot write the row, and must not drop the order: there is no other one.
    """
    stage, between = a_stage()
    await stage.accept()
    stage.queues.messages.clear()
    await stage.stops.pause(EVERYTHING, who="kim", why="now")
    await stage.queues.put(SENDING, encode(Order(id=stage.row.id, ticket=2, traceparent="")))

    async def learn_the_ticket() -> None:
        entry = stage.ledger.rows[stage.row.id]
        await stage.ledger.update(entry, replace(entry.row, ticket=2))

    between.before["stop"] = learn_the_ticket
    await stage.run()
    stage.later(SOON)
    await stage.run()
    assert stage.row.stopped == EVERYTHING.key
    await stage.stops.resume(EVERYTHING, who="kim", why="done")
    await stage.run()
    assert stage.state() is State.SENT


async def test_a_mail_that_is_held_again_while_it_is_put_back_is_put_back_again() -> None:
    """Between the message and the removal of the mail's entry another process holds it, from a view a second old."""
    stage, between = a_stage()
    await stage.stops.pause(EVERYTHING, who="kim", why="now")
    await stage.accept()
    await stage.run()
    stop = (await stage.stops.standing())[0]

    async def hold_it_again() -> None:
        entry = stage.ledger.rows[stage.row.id]
        assert entry.row.stopped == ""
        await stage.placer.hold(entry, entry.row, stop, since=stage.now)

    between.before["settle"] = hold_it_again
    await stage.stops.resume(EVERYTHING, who="kim", why="done")
    await stage.run()
    assert stage.row.stopped == EVERYTHING.key
    await stage.stops.run()
    await stage.run()
    assert stage.state() is State.SENT


async def test_a_mail_that_is_about_to_be_held_is_not_taken_off_the_list() -> None:
    """Its entry is written before its row: the tick that comes in between must leave the entry alone."""
    stage, between = a_stage()
    await stage.stops.pause(EVERYTHING, who="kim", why="now")
    await stage.accept()
    between.before["update"] = stage.stops.run
    between.before["stop"] = lambda: stage.breakers.lift(EVERYTHING)
    await stage.run()
    assert stage.row.stopped == EVERYTHING.key
    await stage.stops.run()
    await stage.run()
    assert stage.state() is State.SENT

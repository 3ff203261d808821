"""An order whose row was written by somebody else between reading and claiming: the mail must not be left to nobody."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.placing import SENDING
from shared.rules.orders import Order, decode, encode
from shared.rules.outcome import NotSent, Reason, Rejected
from shared.rules.states import State
from shared.rules.storage_errors import Conflict
from tests.fakes.smtp import FakeGateway
from tests.stage import Stage

PATIENCE = 120.0
"""Seconds: longer than any pause after which a message is looked at again."""


class Meanwhile:
    """The gateway; while the first session is opened something happens elsewhere."""

    def __init__(self, gateway: FakeGateway) -> None:
        self.happening: Callable[[], Awaitable[None]] | None = None
        self._gateway = gateway

    def login_margin(self, mailbox: str) -> float:
        """As the port says."""
        return self._gateway.login_margin(mailbox)

    async def open(self, *arguments: Any) -> Any:  # noqa: ANN401 - handed on
        """As the port says."""
        happening, self.happening = self.happening, None
        if happening:
            await happening()
        return await self._gateway.open(*arguments)


def a_stage() -> tuple[Stage, Meanwhile]:
    """A stage, and what stands between the stories and its gateway."""
    between: list[Meanwhile] = []

    def around(port: object) -> object:
        if not isinstance(port, FakeGateway):
            return port
        between.append(Meanwhile(port))
        return between[0]

    return Stage(around=around), between[0]


@pytest.mark.parametrize("refusals", [[], [Rejected(Reason("why", "made up"))]])
async def test_an_order_overtaken_by_its_own_ticket_is_not_dropped(refusals: list[NotSent]) -> None:
    """A repeated envelope puts a second message before the row learns its ticket: whoever takes it so soon finds the row
    changed under its hands, and the first message is out of date. Still the mail is sent, or refused: once.
    """
    stage, between = a_stage()
    await stage.accept()
    first = stage.queues.receive(SENDING)
    assert first is not None
    second = Order(id=stage.row.id, ticket=stage.row.ticket + 1, traceparent="")
    await stage.queues.put(SENDING, encode(second))

    async def learn_the_ticket() -> None:
        entry = stage.ledger.rows[second.id]
        await stage.ledger.update(entry, replace(entry.row, ticket=second.ticket))

    between.happening = learn_the_ticket
    stage.gateway.opens.extend(refusals * 2)
    await stage.run()
    await stage.send.process(decode(first.text))
    stage.queues.finish(first)
    stage.later(PATIENCE)
    await stage.run()
    assert stage.state() is (State.REJECTED if refusals else State.SENT)
    assert len(stage.gateway.mails) == (0 if refusals else 1)


async def test_an_order_is_not_dropped_for_a_conflict_that_is_none() -> None:
    """Storage refuses the claim although nobody wrote the row: the mail is sent all the same, once."""
    stage, between = a_stage()

    async def refuse_the_claim() -> None:
        stage.ledger.fail_next(Conflict(stage.ledger.rows[stage.row.id]))

    between.happening = refuse_the_claim
    await stage.accept()
    await stage.run()
    stage.later(PATIENCE)
    await stage.run()
    assert stage.state() is State.SENT
    assert len(stage.gateway.mails) == 1

"""Storage trouble, kills and races: nothing is removed that somebody still needs, and nothing stays for ever."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shared.retention import MOST, ROUNDS, TROUBLED
from shared.rules.mail_row import ROW_VERSION, Entry
from shared.rules.outcome import Reason
from shared.rules.states import State
from shared.rules.storage_errors import StorageForbidden, StorageUnavailable
from shared.steer import NotPossible, Steer
from tests.rows import a_row
from tests.stage import Stage
from tests.unit.test_retention import DAY, a_rejected_mail, a_sent_mail, cleanup

DOWN = StorageUnavailable(Reason("down", "made up"), 1.0)


async def test_a_mail_put_back_while_its_content_is_removed_is_refused_or_keeps_it() -> None:
    """The two cannot cross: whoever writes second sees that the row changed."""
    stage = await a_rejected_mail()
    seen = stage.ledger.rows[stage.row.id]
    stage.later(DAY)
    steer = Steer(stage.config, OpenedBefore(stage.ledger), stage.placer, stage.clock)
    await cleanup(stage).run()
    with pytest.raises(NotPossible, match="changed at this moment"):
        await steer.redrive(seen, who="ann", why="mended")
    assert stage.state() is State.REJECTED


async def test_storage_trouble_is_left_for_the_next_tick() -> None:
    """No list, no removal, no noise for the host; the next tick does it."""
    stage = await a_sent_mail()
    stage.later(DAY)
    stage.ledger.fail_next(DOWN, times=2)
    assert await cleanup(stage).run() == (0, 0)
    assert await cleanup(stage).run() == (0, 0)
    assert await cleanup(stage).run() == (1, 0)


async def test_a_mail_that_storage_will_not_let_go_does_not_hold_up_the_others() -> None:
    """A right is missing for one blob, or a legal hold lies on it: the others go, this one is tried again in an hour."""
    stage = await a_sent_mail()
    first = stage.row.id
    await stage.accept(key="k2")
    await stage.run()
    stage.later(DAY)
    refusing = Refusing(stage.ledger, first)
    assert await cleanup(stage, ledger=refusing).run() == (1, 0)
    assert set(stage.ledger.payloads) == {first}
    assert stage.ledger.resting == {first: stage.now + TROUBLED}
    stage.later(TROUBLED)
    assert await cleanup(stage).run() == (1, 0)


async def test_a_row_that_cannot_be_read_waits_for_a_person() -> None:
    """Edited by hand: nobody knows whether it is final, so nothing of it is removed."""
    stage = await a_sent_mail()
    stage.ledger.broken.add(stage.row.id)
    stage.later(DAY)
    assert await cleanup(stage).run() == (0, 0)
    assert stage.ledger.for_a_person == {stage.row.id}
    assert len(stage.ledger.payloads) == 1


async def test_a_newer_row_is_left_to_newer_instances() -> None:
    """Its entry stays where they look."""
    stage = await a_sent_mail()
    entry = stage.ledger.rows[stage.row.id]
    stage.ledger.rows[stage.row.id] = replace(entry, row=replace(entry.row, version=ROW_VERSION + 1))
    stage.later(DAY)
    assert await cleanup(stage).run() == (0, 0)
    assert set(stage.ledger.resting) == {stage.row.id}


async def test_a_tick_is_bounded_and_the_rest_is_for_the_next() -> None:
    """A backlog of thousands does not keep the function until the host ends it."""
    stage = await a_sent_mail()
    row = stage.row
    for n in range(MOST * ROUNDS):
        mail_id = f"{n:032x}"
        stage.ledger.rows[mail_id] = Entry(replace(row, id=mail_id), "etag")
        stage.ledger.resting[mail_id] = stage.now
    stage.later(DAY)
    assert await cleanup(stage).run() == (MOST * ROUNDS, 0)
    assert await cleanup(stage).run() == (1, 0)


async def test_a_tick_that_gets_nowhere_ends() -> None:
    """Rows of a newer version, and more of them than one answer holds: asking again would only list them again."""
    stage = Stage()
    newer = replace(a_row(state=State.SENT), version=ROW_VERSION + 1)
    stage.ledger.rows = {f"{n:032x}": Entry(newer, "etag") for n in range(MOST + 1)}
    stage.ledger.resting = dict.fromkeys(stage.ledger.rows, stage.now)
    assert await cleanup(stage).run() == (0, 0)
    assert stage.ledger.operations.count("spent") == 1


class Killed(BaseException):
    """SIGKILL: nobody catches it, and nothing after it runs."""


@dataclass
class Mortal:
    """Stands before the ledger and dies at call number `at`, before or after it."""

    port: Any
    at: int
    after: bool
    calls: int = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The port's operation, deadly if it is its turn."""

        async def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any call
            number, self.calls = self.calls, self.calls + 1
            if number == self.at and not self.after:
                raise Killed
            result = await getattr(self.port, name)(*args, **kwargs)
            if number == self.at:
                raise Killed
            return result

        return call


CALLS = 10
"""Calls to storage of a tick that removes one mail altogether: two lists of two answers, and three of each removal."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(CALLS))
async def test_killed_at_any_line_the_next_ticks_finish(at: int, after: bool) -> None:  # noqa: FBT001 - a table
    """Content first, row last, and nothing is left over that leads nowhere."""
    stage = await a_sent_mail()
    stage.later(90 * DAY)
    mortal = Mortal(stage.ledger, at, after)
    with pytest.raises(Killed):
        await cleanup(stage, ledger=mortal).run()
    for _ in range(2):
        await cleanup(stage).run()
    lists = (stage.ledger.rows, stage.ledger.payloads, stage.ledger.resting, stage.ledger.aging, stage.ledger.for_a_person)
    assert not any(lists)


async def test_the_sweep_of_kills_reaches_the_end() -> None:
    """There is a kill at each call of a tick, and at nothing else."""
    stage = await a_sent_mail()
    stage.later(90 * DAY)
    counter = Mortal(stage.ledger, -1, after=False)
    assert await cleanup(stage, ledger=counter).run() == (1, 1)
    assert counter.calls == CALLS


@dataclass
class OpenedBefore:
    """A ledger whose content was seen just before it was removed."""

    port: Any

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        """The port's own, except for `open`."""
        return getattr(self.port, name)

    async def open(self, mail_id: str) -> Any:  # noqa: ANN401 - an entry
        """As it was."""
        return await self.port.read(mail_id)


@dataclass
class Refusing:
    """A ledger that may not remove one mail's content."""

    port: Any
    mail_id: str

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        """The port's own, except for `drop_payload`."""
        return getattr(self.port, name)

    async def drop_payload(self, entry: Any) -> None:  # noqa: ANN401 - an entry
        """Refused for the one."""
        if entry.row.id == self.mail_id:
            raise StorageForbidden(Reason("forbidden", "made up"))
        await self.port.drop_payload(entry)

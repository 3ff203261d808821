"""Killed at any line: a process dies before or after each call to the outside, and the mail still ends as the table says.

The stage's fakes stand for what survives a process: the ledger, the queues, and Exchange. A kill is a `BaseException` that
no story catches; afterwards the producer repeats its message if it was not told yes, the host delivers what was not deleted,
the sweep runs, and time passes.
"""

import pytest

from shared.placing import SENDING
from shared.rules.orders import decode
from shared.rules.states import State
from shared.sweep import OVERDUE
from tests.killer import Killed, Killer
from tests.stage import Stage, an_envelope

MOST_CALLS = 12
"""More calls to the outside than one mail's way has; a sweep that reaches the end says so."""


async def live(stage: Stage, on_unknown: str) -> None:
    """The mail's whole way, as often as it takes: producer, host and tick, each repeating what was cut off."""
    told_yes = False
    for _ in range(30):
        try:
            if not told_yes:
                await stage.accept(an_envelope(on_unknown=on_unknown))
                told_yes = True
            while (message := stage.queues.receive(SENDING, lease=600.0)) is not None:
                await stage.send.process(decode(message.text))
                stage.queues.finish(message)
            await stage.sweep.run()
        except Killed:
            pass
        stage.later(OVERDUE)


EVERY_KILL = [(at, after) for at in range(MOST_CALLS) for after in (False, True)]
"""Before and after each call."""


@pytest.mark.parametrize(("at", "after"), EVERY_KILL)
async def test_under_hold_there_is_at_most_one_copy_and_a_state_that_explains(at: int, after: bool) -> None:  # noqa: FBT001 - a table
    """Sent once, or unknown with a reason; and never sent without a copy at Exchange."""
    stage = Stage(around=Killer(at, after).around)
    await live(stage, "hold")
    copies = len(stage.gateway.mails)
    assert stage.state() in {State.SENT, State.UNKNOWN}
    assert copies <= 1
    if stage.state() is State.SENT:
        assert copies == 1


@pytest.mark.parametrize(("at", "after"), EVERY_KILL)
async def test_under_resend_nothing_is_lost_and_a_second_copy_is_marked(at: int, after: bool) -> None:  # noqa: FBT001 - a table
    """Always at least one copy, never more than two, and two only with the mark of a possible duplicate."""
    stage = Stage(around=Killer(at, after).around)
    await live(stage, "resend")
    copies = len(stage.gateway.mails)
    assert stage.state() is State.SENT
    assert 1 <= copies <= 2
    if copies == 2:
        assert stage.row.possible_duplicate


async def test_the_sweep_of_kills_reaches_the_end() -> None:
    """There are fewer calls on a mail's way than places to die in, and most of those are reached."""
    killer = Killer(at=-1, after=False)
    stage = Stage(around=killer.around)
    await stage.accept()
    await stage.run()
    assert stage.state() is State.SENT
    assert MOST_CALLS / 2 < killer.calls <= MOST_CALLS

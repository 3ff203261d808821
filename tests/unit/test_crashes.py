"""Killed at any line: a process dies before or after each call to the outside, and the mail still ends as the table says.

The stage's fakes stand for what survives a process: the ledger, the queues, and Exchange. A kill is a `BaseException` that
no story catches; afterwards the producer repeats its message if it was not told yes, the host delivers what was not deleted,
the sweep runs, and time passes.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import pytest

from shared.placing import SENDING
from shared.rules.orders import decode
from shared.rules.states import State
from shared.sweep import OVERDUE, Sweep
from tests.stage import Stage, an_envelope

LEDGER = ("insert", "read", "open", "update")
QUEUES = ("put",)
SESSION = ("offer", "transmit", "abandon", "release")
MOST_CALLS = 12
"""More calls to the outside than one mail's way has; a sweep that reaches the end says so."""


class Killed(BaseException):
    """SIGKILL: nobody catches it, and nothing after it runs."""


@dataclass
class Killer:
    """Dies at call number `at`, before or after it; then never again."""

    at: int
    after: bool
    calls: int = 0
    dead: bool = False

    def around(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The call, deadly if it is its turn."""

        @wraps(call)
        async def deadly(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any port's call
            number, self.calls = self.calls, self.calls + 1
            if number == self.at and not self.after:
                self.dead = True
                raise Killed
            result = await call(*args, **kwargs)
            if number == self.at:
                self.dead = True
                raise Killed
            return result

        return deadly


def armed(stage: Stage, killer: Killer) -> None:
    """Let every call to ledger, queues and SMTP pass by the killer."""
    for port, names in ((stage.ledger, LEDGER), (stage.queues, QUEUES)):
        for name in names:
            setattr(port, name, killer.around(getattr(port, name)))
    open_session = stage.gateway.open

    async def opened(*args: Any) -> Any:  # noqa: ANN401 - the port's answer
        session = await open_session(*args)
        for name in SESSION:
            setattr(session, name, killer.around(getattr(session, name)))
        return session

    setattr(stage.gateway, "open", killer.around(opened))  # noqa: B010 - as for the other ports, whose names are data


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
                stage.queues.delete(message)
            await Sweep(stage.ledger, stage.ledger, stage.queues, stage.placer, stage.telemetry, stage.send.times).run()
        except Killed:
            pass
        stage.later(OVERDUE)


EVERY_KILL = [(at, after) for at in range(MOST_CALLS) for after in (False, True)]
"""Before and after each call."""


@pytest.mark.parametrize(("at", "after"), EVERY_KILL)
async def test_under_hold_there_is_at_most_one_copy_and_a_state_that_explains(at: int, after: bool) -> None:  # noqa: FBT001 - a table
    """Sent once, or unknown with a reason; and never sent without a copy at Exchange."""
    stage = Stage()
    killer = Killer(at, after)
    armed(stage, killer)
    await live(stage, "hold")
    copies = len(stage.gateway.mails)
    assert stage.state() in {State.SENT, State.UNKNOWN}
    assert copies <= 1
    if stage.state() is State.SENT:
        assert copies == 1


@pytest.mark.parametrize(("at", "after"), EVERY_KILL)
async def test_under_resend_nothing_is_lost_and_a_second_copy_is_marked(at: int, after: bool) -> None:  # noqa: FBT001 - a table
    """Always at least one copy, never more than two, and two only with the mark of a possible duplicate."""
    stage = Stage()
    armed(stage, Killer(at, after))
    await live(stage, "resend")
    copies = len(stage.gateway.mails)
    assert stage.state() is State.SENT
    assert 1 <= copies <= 2
    if copies == 2:
        assert stage.row.possible_duplicate


async def test_the_sweep_of_kills_reaches_the_end() -> None:
    """There are fewer calls on a mail's way than places to die in, and most of those are reached."""
    stage = Stage()
    killer = Killer(at=-1, after=False)
    armed(stage, killer)
    await stage.accept()
    await stage.run()
    assert stage.state() is State.SENT
    assert MOST_CALLS / 2 < killer.calls <= MOST_CALLS

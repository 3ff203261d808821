"""Killed at any line while a pause stands: an operator pauses, a mail arrives and is held, the pause ends, the mail leaves.

Kills before and after every call: of mail, index and stop records, in the doors, in the send story, in the operator's
resume and in the tick. Whoever was cut off does it again, as in `test_crashes.py`.
"""

from contextlib import suppress

import pytest

from shared.placing import SENDING
from shared.rules.orders import decode
from shared.rules.states import State
from shared.rules.stops import EVERYTHING, Phase
from shared.sweep import OVERDUE
from tests.killer import DEADLY, Killed, Killer
from tests.stage import Stage, an_envelope

INDEX = frozenset({"stop", "stopped", "settle", "hold", "look_again", "due"})
RECORDS = frozenset({"write", "all", "remove"})
MOST_CALLS = 48
"""More calls than a mail's way through a pause has; the last test says so."""

ROUNDS = 8
"""Ticks after which nothing is under way any more: 15 minutes pass in each."""


class Operator:
    """Pauses before the mail comes and resumes when it is held; repeats a command that was cut off."""

    def __init__(self, stage: Stage, on_unknown: str) -> None:
        self.stage = stage
        self.on_unknown = on_unknown
        self.told = {"pause": False, "accept": False, "resume": False}

    async def once(self) -> None:
        """One round of everybody: operator, producer, host, tick."""
        stage = self.stage
        if not self.told["pause"]:
            await stage.stops.pause(EVERYTHING, who="ann", why="test")
            self.told["pause"] = True
        if not self.told["accept"]:
            await stage.accept(an_envelope(on_unknown=self.on_unknown))
            self.told["accept"] = True
        await self.host()
        if not self.told["resume"]:
            await stage.stops.resume(EVERYTHING, who="ann", why="over")
            self.told["resume"] = True
        await self.host()
        await stage.stops.run()
        await stage.sweep.run()

    async def host(self) -> None:
        """The host delivers what can be seen on `sending`."""
        while (message := self.stage.queues.receive(SENDING)) is not None:
            await self.stage.send.process(decode(message.text))
            self.stage.queues.finish(message)


async def live(stage: Stage, on_unknown: str) -> None:
    """As often as it takes."""
    operator = Operator(stage, on_unknown)
    for _ in range(ROUNDS):
        with suppress(Killed):
            await operator.once()
        stage.later(OVERDUE)


def stage_with(killer: Killer) -> Stage:
    """A stage on which every call may be the last."""
    killer.deadly = DEADLY | INDEX | RECORDS
    return Stage(around=killer.around)


EVERY_KILL = [(at, after) for at in range(MOST_CALLS) for after in (False, True)]
"""Before and after each call."""


@pytest.mark.parametrize(("at", "after"), EVERY_KILL)
async def test_under_hold_a_paused_mail_is_sent_once_or_explained(at: int, after: bool) -> None:  # noqa: FBT001 - a table
    """No kill lets the mail through twice, keeps it at a stop that is over, or loses it."""
    stage = stage_with(Killer(at, after))
    await live(stage, "hold")
    copies = len(stage.gateway.mails)
    assert stage.state() in {State.SENT, State.UNKNOWN}
    assert copies <= 1
    assert copies == 1 or stage.state() is State.UNKNOWN
    assert not [entry for entry in stage.stop_records.records.values() if entry.stop.phase is Phase.STANDING]
    assert not any(stage.ledger.noted.values())


@pytest.mark.parametrize(("at", "after"), EVERY_KILL)
async def test_under_resend_a_paused_mail_is_sent_and_a_second_copy_is_marked(at: int, after: bool) -> None:  # noqa: FBT001 - a table
    """At least one copy and at most two; two only with the mark."""
    stage = stage_with(Killer(at, after))
    await live(stage, "resend")
    copies = len(stage.gateway.mails)
    assert stage.state() is State.SENT
    assert 1 <= copies <= 2
    assert copies == 1 or stage.row.possible_duplicate


async def test_the_mail_is_held_before_it_leaves_and_every_call_is_reached() -> None:
    """Without a kill: held once, sent once, and fewer calls than the sweep has places to die in."""
    killer = Killer(at=-1, after=False)
    stage = stage_with(killer)
    await Operator(stage, "hold").once()
    assert "stopped: paused" in stage.reasons
    assert (stage.state(), len(stage.gateway.mails)) == (State.SENT, 1)
    assert MOST_CALLS / 2 < killer.calls <= MOST_CALLS

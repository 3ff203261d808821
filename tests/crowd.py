"""Many mails on a stage, for tests of what holds them back."""

from shared.rules.outcome import Reason, Reply, Retry
from shared.rules.states import State
from shared.rules.stops import mailbox
from tests.stage import Stage, an_envelope

LOCKED_OUT = Retry(3600.0, Reason("locked-out-send-as", "made up"), Reply(550, "5.2.252"))
BOX = mailbox("alerts@contoso.test")


async def mails(stage: Stage, number: int, *, sender: str = "alerts", since: int = 0) -> list[str]:
    """That many mails come in; gives their ids."""
    keys = [f"k{n}" for n in range(since, since + number)]
    return [(await stage.accept(an_envelope(sender=sender), key=key)).row.id for key in keys]


def states(stage: Stage) -> set[State]:
    """The states of all mails."""
    return {entry.row.state for entry in stage.ledger.rows.values()}


async def until_rest(stage: Stage, *, ticks: int = 40, every: float = 60.0) -> None:
    """Ticks and the send trigger, as they would come."""
    for _ in range(ticks):
        await stage.stops.run()
        await stage.run()
        stage.later(every)

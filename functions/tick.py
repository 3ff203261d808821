"""The tick, the one timer: digests that are due, stops whose time has come, forgotten mails, what may be removed, gauges,
the weekly audit."""

from collections.abc import Awaitable, Callable

import azure.functions as func

from shared.rules.faults import NotConfigured
from shared.settings import Settings
from shared.wiring import house


def build(settings: Settings) -> func.Blueprint:
    """The timer on the schedule of `MAIL_TICK`."""
    blueprint = func.Blueprint()

    @blueprint.function_name("tick")
    @blueprint.timer_trigger(arg_name="timer", schedule=settings.tick)
    async def tick(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the worker hands it over by name
        try:
            rooms = house()
        except NotConfigured:
            return  # health names the faults; a tick that failed every few minutes would only hide them in noise
        works = (rooms.digests.close_due, rooms.stops.run, rooms.poison.run, rooms.sweep.run, rooms.cleanup.run)
        await each(*works, rooms.pace_report.measure, rooms.weekly_audit.run)

    return blueprint


async def each(*parts: Callable[[], Awaitable[object]]) -> None:
    """Run every part of the tick; what failed is raised at the end.

    A missing right for one table, or a bug in one part, must not keep the others from their work.
    """
    failures: list[Exception] = []
    for part in parts:
        try:
            await part()
        except Exception as failure:  # noqa: BLE001 - raised below, when the others have had their turn
            failures.append(failure)
    if failures:
        raise ExceptionGroup("; ".join(map(_named, failures)), failures)


def _named(failure: Exception) -> str:
    """What an operator needs, and nothing of a text that we do not know."""
    from shared.rules.storage_errors import StorageFault

    return str(failure) if isinstance(failure, StorageFault) else type(failure).__name__

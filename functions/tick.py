"""The tick, the one timer: digests that are due, stops whose time has come, forgotten mails, and what may be removed."""

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
        failures: list[Exception] = []
        for part in (rooms.digests.close_due, rooms.stops.run, rooms.sweep.run, rooms.cleanup.run):
            try:
                await part()
            except Exception as failure:  # noqa: BLE001 - what one part meets must not keep the others from their work
                failures.append(failure)
        if failures:
            raise ExceptionGroup("parts of the tick failed; the next one tries again", failures)

    return blueprint

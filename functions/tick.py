"""The tick, the one timer: closes the digest windows that are due, ends stops whose time has come, and sweeps."""

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
        await rooms.digests.close_due()
        await rooms.stops.run()
        await rooms.sweep.run()

    return blueprint

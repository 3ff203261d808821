"""`/api/operator/stops`, `pause` and `resume`: the stop button. For operators only."""

import azure.functions as func

from functions.answers import as_json, unread
from functions.operating import Route, operating, register
from shared.settings import Settings
from shared.wiring import house


@operating
async def operator_stops(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """What holds mails back now."""
    from shared.operator_views import stop_view

    return as_json(200, {"stops": [stop_view(stop) for stop in await house().overview.stops()]})


@operating
async def operator_pause(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Stop all mail, or that of one sender, caller or template; every instance knows within five seconds."""
    from shared.operator_views import stop_view
    from shared.stop_button import pause_from

    rooms = house()
    if (lost := unread(req)) is not None:
        return lost
    return as_json(200, stop_view(await rooms.stop_button.pause(pause_from(req.get_body()))))


@operating
async def operator_resume(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """End a stop and put its mails back, the first ones at once and the rest with the next ticks."""
    from shared.operator_views import stop_view
    from shared.stop_button import resume_from

    rooms = house()
    if (lost := unread(req)) is not None:
        return lost
    resumed = await rooms.stop_button.resume(resume_from(req.get_body()))
    return as_json(200, {"stops": [stop_view(stop) for stop in resumed.stops], "messages": resumed.mails})


ROUTES = (
    Route("operator_stops", "stops", "GET", operator_stops),
    Route("operator_pause", "pause", "POST", operator_pause),
    Route("operator_resume", "resume", "POST", operator_resume),
)
"""What `python -m ops` asks."""


def build(settings: Settings) -> func.Blueprint:
    """The routes, on the level that `[http] auth` asks for."""
    return register(settings, ROUTES)

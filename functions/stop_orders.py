"""`/api/operator/stops`, `pause` and `resume`: the stop button. A master key is needed."""

import azure.functions as func

from functions.answering import answering
from functions.answers import as_json, unread
from shared.wiring import house

blueprint = func.Blueprint()


@blueprint.function_name("operator_stops")
@blueprint.route("operator/stops", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
@answering
async def operator_stops(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """What holds mails back now."""
    from shared.operator_views import stop_view

    return as_json(200, {"stops": [stop_view(stop) for stop in await house().overview.stops()]})


@blueprint.function_name("operator_pause")
@blueprint.route("operator/pause", methods=["POST"], auth_level=func.AuthLevel.ADMIN)
@answering
async def operator_pause(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Stop all mail, or that of one sender, caller or template; every instance knows within five seconds."""
    from shared.operator_views import stop_view
    from shared.stop_button import pause_from

    rooms = house()
    if (lost := unread(req)) is not None:
        return lost
    return as_json(200, stop_view(await rooms.stop_button.pause(pause_from(req.get_body()))))


@blueprint.function_name("operator_resume")
@blueprint.route("operator/resume", methods=["POST"], auth_level=func.AuthLevel.ADMIN)
@answering
async def operator_resume(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """End a stop and put its mails back, the first ones at once and the rest with the next ticks."""
    from shared.operator_views import stop_view
    from shared.stop_button import resume_from

    rooms = house()
    if (lost := unread(req)) is not None:
        return lost
    resumed = await rooms.stop_button.resume(resume_from(req.get_body()))
    return as_json(200, {"stops": [stop_view(stop) for stop in resumed.stops], "messages": resumed.mails})

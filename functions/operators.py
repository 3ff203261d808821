"""`/api/operator/…`: what `python -m ops` asks. A master key is needed."""

import azure.functions as func

from functions.answering import answering
from functions.answers import as_json, problem
from shared.wiring import house

blueprint = func.Blueprint()


@blueprint.function_name("operator_message")
@blueprint.route("operator/messages/{id}", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
@answering
async def operator_message(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Any mail, by its id."""
    from shared.status import provenance, view

    entry = await house().status.any_mail(req.route_params["id"])
    if entry is None:
        return problem(404, "No such mail", "There is no mail with this id.")
    return as_json(200, {**view(entry.row), "provenance": provenance(entry.row)})

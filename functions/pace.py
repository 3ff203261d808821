"""`/api/operator/pace`: how fast the mailboxes send, and what comes. A master key is needed."""

import azure.functions as func

from functions.answering import answering
from functions.answers import as_json
from shared.wiring import house

blueprint = func.Blueprint()


@blueprint.function_name("operator_pace")
@blueprint.route("operator/pace", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
@answering
async def operator_pace(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Each mailbox's rate, backlog and forecast, and the tenant's external recipients."""
    return as_json(200, await house().pace_report.report())

"""`/api/operator/pace`: how fast the mailboxes send, and what comes. For operators only."""

import azure.functions as func

from functions.answers import as_json
from functions.operating import Route, operating, register
from shared.settings import Settings
from shared.wiring import house


@operating
async def operator_pace(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Each mailbox's rate, backlog and forecast, and the tenant's external recipients."""
    return as_json(200, await house().pace_report.report())


ROUTES = (Route("operator_pace", "pace", "GET", operator_pace),)


def build(settings: Settings) -> func.Blueprint:
    """The routes, on the level that `[http] auth` asks for."""
    return register(settings, ROUTES)

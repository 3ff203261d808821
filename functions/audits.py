"""`/api/operator/audit`: the permission audit. For operators only."""

import azure.functions as func

from functions.answers import as_json, unread
from functions.operating import Route, operating, register
from shared.settings import Settings
from shared.wiring import house


@operating
async def operator_audits(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """The audits that are kept, the newest first."""
    from shared.audit_views import audit_view

    return as_json(200, {"audits": [audit_view(row) for row in await house().audit.newest()]})


@operating
async def operator_audit(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Audit now, with the grants export that the body may hold."""
    from shared.audit_order import audit_order_from
    from shared.audit_views import audit_view

    rooms = house()
    if (lost := unread(req)) is not None:
        return lost
    return as_json(200, audit_view(await rooms.audit.order(audit_order_from(req.get_body()))))


ROUTES = (
    Route("operator_audits", "audit", "GET", operator_audits),
    Route("operator_audit", "audit", "POST", operator_audit),
)
"""What `python -m ops` asks."""


def build(settings: Settings) -> func.Blueprint:
    """The routes, on the level that `[http] auth` asks for."""
    return register(settings, ROUTES)

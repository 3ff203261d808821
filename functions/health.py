"""`GET /api/health`: whether the app could send, and if not, what to set."""

import azure.functions as func

from functions.answers import COME_BACK, as_json
from shared.wiring import health

blueprint = func.Blueprint()


@blueprint.function_name("health")
@blueprint.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def health_get(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the worker hands it over by name
    """200 with every part, or 503 with the parts and settings at fault."""
    report = await health()
    if report["status"] == "ok":
        return as_json(200, report)
    return as_json(503, report, {"Retry-After": COME_BACK})

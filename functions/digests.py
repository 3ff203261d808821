"""`POST /api/digests/{name}/events`: one more item for the open window."""

import uuid

import azure.functions as func

from functions.answering import answering
from functions.answers import as_json, problem
from functions.messages import level, unfit_body
from shared.settings import Settings
from shared.wiring import house


def build(settings: Settings) -> func.Blueprint:
    """The route, on the level that `[http] auth` asks for."""
    blueprint = func.Blueprint()

    @blueprint.function_name("digests_post")
    @blueprint.route("digests/{name}/events", methods=["POST"], auth_level=level(settings))
    @answering
    async def digests_post(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
        from shared.status import iso
        from shared.submission import digest_item

        rooms = house()
        caller = await rooms.access.caller(req.headers)
        digest = rooms.digests.digests.get(req.route_params["name"])
        if digest is None or digest.sender not in caller.senders:
            return problem(404, "No such digest", "mail.toml has no digest of this name for this caller.")
        if (unfit := unfit_body(req)) is not None:
            return unfit
        key, item = digest_item(req.get_body(), fresh_key=str(uuid.uuid4()))
        end = await rooms.digests.add(digest, key, item)
        return as_json(202, {"id": key, "window_end": iso(end)})

    return blueprint

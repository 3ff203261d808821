"""`POST /api/webhooks/{name}`: each status code is chosen by what the sender does next."""

import azure.functions as func

from functions.answering import answering
from functions.answers import COME_BACK, as_json, problem, unread
from functions.traces import invocation_trace
from shared.wiring import house

blueprint = func.Blueprint()


@blueprint.function_name("webhooks_post")
@blueprint.route("webhooks/{name}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
async def webhooks_post(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Verify, store, 202; a sender repeats after 5xx and gives up after 4xx."""
    from shared.rules.envelope import HTTP_BODY_LIMIT
    from shared.rules.webhook_signatures import SignatureRefused
    from shared.webhook import NotReady

    rooms = house()
    webhook = rooms.webhooks.webhooks.get(req.route_params["name"])
    if webhook is None:
        return problem(404, "No such webhook", "mail.toml has no webhook of this name.")
    if (lost := unread(req)) is not None:
        return lost
    body = req.get_body()
    if len(body) > HTTP_BODY_LIMIT:
        return problem(413, "Too large", f"An event has at most {HTTP_BODY_LIMIT} bytes.")
    try:
        event_id = await rooms.webhooks.receive(webhook, req.headers, body, trace=invocation_trace(context))
    except SignatureRefused as wrong:
        return problem(401, "Not verified", "The signature does not prove this event.", code=wrong.code)
    except NotReady as missing:
        return problem(503, "Webhook not ready", str(missing), headers={"Retry-After": COME_BACK})
    return as_json(202, {"id": event_id})

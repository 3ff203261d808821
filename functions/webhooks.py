"""`POST` and `OPTIONS /api/webhooks/{name}`: each status code is chosen by what the sender does next.

A proven delivery that is malformed is 400 (repeating it changes nothing), an unproven one 401, and whatever stands on our
side 503, because Event Grid never repeats after 400, 401, 403 and 413.
"""

from typing import TYPE_CHECKING

import azure.functions as func

from functions.answering import answering
from functions.answers import COME_BACK, as_json, problem, unfit_size
from functions.traces import invocation_trace
from shared.wiring import house

if TYPE_CHECKING:
    from shared.rules.event_grid import Deleted, Validation
    from shared.webhook import Malformed, Taken

blueprint = func.Blueprint()


@blueprint.function_name("webhooks_post")
@blueprint.route("webhooks/{name}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
async def webhooks_post(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Verify, store, answer."""
    from shared.event_sources import NotReady
    from shared.rules.bearer_refusals import TokenRefused
    from shared.rules.deliveries import Delivery, DeliveryRefused
    from shared.webhook import Malformed

    rooms = house()
    webhook = rooms.webhooks.webhooks.get(req.route_params["name"])
    if webhook is None:
        return _no_such_webhook()
    if (unfit := unfit_size(req)) is not None:
        return unfit
    delivery = Delivery(req.headers, req.get_body(), req.params)
    try:
        return _answer(await rooms.webhooks.receive(webhook, delivery, trace=invocation_trace(context)))
    except (DeliveryRefused, TokenRefused) as wrong:
        return problem(401, "Not verified", "Nothing proves that this delivery comes from its source.", code=wrong.code)
    except NotReady as missing:
        return problem(503, "Webhook not ready", str(missing), headers={"Retry-After": COME_BACK})
    except Malformed as malformed:
        return _malformed(malformed)


@blueprint.function_name("webhooks_options")
@blueprint.route("webhooks/{name}", methods=["OPTIONS"], auth_level=func.AuthLevel.ANONYMOUS)
@answering
async def webhooks_options(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """The handshake of CloudEvents' web hooks: consent is in the headers, and who is not listed gets none."""
    from shared.rules.cloudevents import consent

    webhook = house().webhooks.webhooks.get(req.route_params["name"])
    if webhook is None:
        return _no_such_webhook()
    agreed = consent(req.headers, webhook.origins, webhook.rate)
    if agreed is None:
        return problem(405, "No consent", "This webhook does not allow this origin.", headers={"Allow": "POST"})
    return func.HttpResponse(status_code=200, headers={**agreed})


def _answer(found: "Taken | Validation | Deleted") -> func.HttpResponse:
    """202 for what was stored. Event Grid's own two messages want a plain 200, the first one with its code."""
    from shared.rules.event_grid import Deleted, Validation

    match found:
        case Validation():
            return as_json(200, {"validationResponse": found.code})
        case Deleted():
            return as_json(200, {})
    body: dict[str, object] = {"events": len(found.keys), "passed_by": found.passed_by}
    if len(found.keys) == 1:
        body["id"] = found.keys[0]
    return as_json(202, body)


def _malformed(malformed: "Malformed") -> func.HttpResponse:
    from functions.refusals import pointed
    from shared.rules.event_bodies import TOO_LARGE, UNSUPPORTED

    errors = pointed(malformed.refusal.problems)
    if malformed.refusal.code == TOO_LARGE:
        return problem(413, "Too large", "Nothing was stored. Send smaller batches.", errors=errors)
    if malformed.refusal.code == UNSUPPORTED:
        return problem(415, "Not a media type of this webhook", "Send the type that errors names.", errors=errors)
    return problem(400, "Malformed", "Nothing was stored. The delivery does not have its form.", errors=errors)


def _no_such_webhook() -> func.HttpResponse:
    return problem(404, "No such webhook", "mail.toml has no webhook of this name.")

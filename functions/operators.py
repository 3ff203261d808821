"""`/api/operator/messages…`, `redrive` and `find`: what `python -m ops` asks. For operators only."""

import azure.functions as func

from functions.answers import as_json, problem, unread
from functions.operating import Route, operating, register
from shared.settings import Settings
from shared.wiring import house


@operating
async def operator_list(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Mails that a person should look at, filtered as asked for, and what holds mails back."""
    from shared.operator_questions import list_question
    from shared.operator_views import mail_view, stop_view, unreadable_view

    overview = house().overview
    question = list_question(req.params)
    stops = await overview.stops()
    listing = await overview.attention(question, stops, limit=question.limit)
    body = {
        "stops": [stop_view(stop) for stop in stops],
        "messages": [mail_view(row, stops) for row in listing.rows],
        "unreadable": [unreadable_view(one) for one in listing.unreadable],
        "more": listing.more,
    }
    return as_json(200, body)


@operating
async def operator_message(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Any mail, by its id."""
    from shared.operator_views import mail_view

    rooms = house()
    entry = await rooms.status.any_mail(req.route_params["id"])
    if entry is None:
        return _no_such_mail()
    return as_json(200, mail_view(entry.row, await rooms.overview.stops() if entry.row.stopped else ()))


@operating
async def operator_act(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """`redrive` or `cancel` a mail; the body says `who` and `why`, and both are kept."""
    from shared.operator_views import mail_view
    from shared.steer import order_from

    rooms = house()
    actions = {"redrive": rooms.steer.redrive, "cancel": rooms.steer.give_up}
    action = actions.get(req.route_params["action"])
    if action is None:
        return problem(404, "No such action", "Post to redrive or to cancel.")
    if (lost := unread(req)) is not None:
        return lost
    order = order_from(req.get_body())
    entry = await rooms.status.any_mail(req.route_params["id"])
    if entry is None:
        return _no_such_mail()
    return as_json(200, mail_view(await action(entry, who=order.who, why=order.why)))


@operating
async def operator_redrive(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Put back the mails that fit; `after` in the answer is for the next call, null where all were seen."""
    from shared.operator_views import mail_view, unreadable_view
    from shared.redrive import bulk_order_from

    rooms = house()
    if (lost := unread(req)) is not None:
        return lost
    order = bulk_order_from(req.get_body())
    batch = await rooms.redrive.run(order)
    body = {
        "dry_run": order.dry_run,
        "messages": [mail_view(row) for row in batch.put_back],
        "left": [{**mail_view(row), "cause": cause} for row, cause in batch.left],
        "unreadable": [unreadable_view(one) for one in batch.unreadable],
        "after": batch.after or None,
    }
    return as_json(200, body)


@operating
async def operator_find(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Mails to one address, and what became of that recipient; a body, so that no address stands in an access log."""
    from shared.operator_questions import find_question
    from shared.operator_views import addressed_view, unreadable_view

    overview = house().overview
    if (lost := unread(req)) is not None:
        return lost
    question = find_question(req.get_body())
    listing, ref = await overview.addressed(question.to, limit=question.limit)
    stops = await overview.stops() if any(row.stopped for row in listing.rows) else []
    body = {
        "messages": [addressed_view(row, ref, stops) for row in listing.rows],
        "unreadable": [unreadable_view(one) for one in listing.unreadable],
        "more": listing.more,
    }
    return as_json(200, body)


def _no_such_mail() -> func.HttpResponse:
    return problem(404, "No such mail", "There is no mail with this id.")


ROUTES = (
    Route("operator_list", "messages", "GET", operator_list),
    Route("operator_message", "messages/{id}", "GET", operator_message),
    Route("operator_act", "messages/{id}/{action}", "POST", operator_act),
    Route("operator_redrive", "redrive", "POST", operator_redrive),
    Route("operator_find", "find", "POST", operator_find),
)
"""What `python -m ops` asks."""


def build(settings: Settings) -> func.Blueprint:
    """The routes, on the level that `[http] auth` asks for."""
    return register(settings, ROUTES)

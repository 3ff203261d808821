"""`/api/operator/…`: what `python -m ops` asks. A master key is needed."""

from typing import TYPE_CHECKING, Any

import azure.functions as func

from functions.answering import answering
from functions.answers import as_json, problem
from shared.wiring import house

if TYPE_CHECKING:
    from shared.rules.mail_row import MailRow

blueprint = func.Blueprint()


@blueprint.function_name("operator_list")
@blueprint.route("operator/messages", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
@answering
async def operator_list(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Mails that a person should look at."""
    rooms = house()
    return as_json(200, {"messages": [_shown(row) for row in await rooms.status.attention()]})


@blueprint.function_name("operator_message")
@blueprint.route("operator/messages/{id}", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
@answering
async def operator_message(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """Any mail, by its id."""
    entry = await house().status.any_mail(req.route_params["id"])
    return _no_such_mail() if entry is None else as_json(200, _shown(entry.row))


@blueprint.function_name("operator_act")
@blueprint.route("operator/messages/{id}/{action}", methods=["POST"], auth_level=func.AuthLevel.ADMIN)
@answering
async def operator_act(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """`redrive` or `cancel` a mail; the body says `who` and `why`, and both are kept."""
    from shared.steer import order_from

    rooms = house()
    actions = {"redrive": rooms.steer.redrive, "cancel": rooms.steer.give_up}
    action = actions.get(req.route_params["action"])
    if action is None:
        return problem(404, "No such action", "Post to redrive or to cancel.")
    order = order_from(req.get_body())
    entry = await rooms.status.any_mail(req.route_params["id"])
    if entry is None:
        return _no_such_mail()
    return as_json(200, _shown(await action(entry, who=order.who, why=order.why)))


def _shown(row: "MailRow") -> dict[str, Any]:
    from shared.status import provenance, view

    return {**view(row), "provenance": provenance(row)}


def _no_such_mail() -> func.HttpResponse:
    return problem(404, "No such mail", "There is no mail with this id.")

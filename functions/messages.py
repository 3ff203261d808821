"""`POST /api/messages`, and `GET` and `DELETE /api/messages/{id}`."""

import uuid
from typing import TYPE_CHECKING

import azure.functions as func

from functions.answering import answering
from functions.answers import as_json, problem, rate_headers, unfit_size
from functions.traces import invocation_trace
from shared.settings import Settings
from shared.wiring import house

if TYPE_CHECKING:
    from shared.submission import Receipt


def level(settings: Settings) -> func.AuthLevel:
    """Whom the host lets through: holders of a function key, or everybody where the app itself checks the bearer token."""
    return func.AuthLevel.ANONYMOUS if settings.checks_tokens else func.AuthLevel.FUNCTION


def build(settings: Settings) -> func.Blueprint:
    """The routes, on the level that `[http] auth` asks for."""
    blueprint = func.Blueprint()

    @blueprint.function_name("messages_post")
    @blueprint.route("messages", methods=["POST"], auth_level=level(settings))
    @answering
    async def messages_post(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        from shared.accept import Origin
        from shared.submission import idempotency_key

        if (unfit := unfit_body(req)) is not None:
            return unfit
        rooms = house()
        caller = await rooms.access.caller(req.headers)
        key = req.headers.get("idempotency-key")
        origin = Origin(
            door="http", key=idempotency_key(key) if key is not None else str(uuid.uuid4()), parent=invocation_trace(context)
        )
        return _accepted(await rooms.submission.take(req.get_body(), caller, origin))

    @blueprint.function_name("messages_get")
    @blueprint.route("messages/{id}", methods=["GET"], auth_level=level(settings))
    @answering
    async def messages_get(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
        from shared.status import view

        rooms = house()
        entry = await rooms.status.find(await rooms.access.caller(req.headers), req.route_params["id"])
        if entry is None:
            return no_such_mail()
        return as_json(200, view(entry.row))

    @blueprint.function_name("messages_delete")
    @blueprint.route("messages/{id}", methods=["DELETE"], auth_level=level(settings))
    @answering
    async def messages_delete(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
        from shared.status import view

        rooms = house()
        entry = await rooms.status.find(await rooms.access.caller(req.headers), req.route_params["id"])
        if entry is None:
            return no_such_mail()
        return as_json(200, view(await rooms.steer.cancel(entry)))

    return blueprint


def no_such_mail() -> func.HttpResponse:
    """The same answer for a mail that is not there and one that is not the caller's."""
    return problem(404, "No such mail", "There is no mail of yours with this id or key.")


def unfit_body(req: func.HttpRequest) -> func.HttpResponse | None:
    """411, 413 or 415 before anything is parsed; None where the body may be read."""
    if (unfit := unfit_size(req)) is not None:
        return unfit
    content_type = req.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        return problem(415, "Not JSON", "Send the envelope as Content-Type: application/json.")
    return None


def _accepted(receipt: "Receipt") -> func.HttpResponse:
    headers = dict(rate_headers(receipt.standing)) if receipt.standing else {}
    if receipt.replayed:
        headers["Idempotency-Replayed"] = "true"
    mails = [{"id": mail.row.id, "state": mail.row.state.value} for mail in receipt.mails]
    if receipt.batch:
        return as_json(202, mails, headers)
    return as_json(202, mails[0], {**headers, "Location": f"/api/messages/{mails[0]['id']}"})

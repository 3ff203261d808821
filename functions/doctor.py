"""`POST /api/operator/doctor`: what `python -m ops doctor` asks. For operators only."""

import azure.functions as func

from functions.answering import answering
from functions.answers import as_json, unread
from functions.operating import Route, register
from shared.rules.faults import NotConfigured
from shared.settings import Settings
from shared.wiring import examine, house, settings


@answering
async def operator_doctor(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # noqa: ARG001 - the worker's shape
    """The whole way of a mail, step by step. Also where the settings have faults: they are the first step."""
    from shared.doctor import question_from

    await _check_operator(req)
    if (lost := unread(req)) is not None:
        return lost
    return as_json(200, await examine(question_from(req.get_body())))


async def _check_operator(req: func.HttpRequest) -> None:
    """With faulty settings the host's key is the only proof; it was asked for unless the app checks tokens itself."""
    try:
        await house().access.operator(req.headers)
    except NotConfigured:
        if settings().checks_tokens:
            raise


ROUTES = (Route("operator_doctor", "doctor", "POST", operator_doctor),)


def build(settings: Settings) -> func.Blueprint:
    """The route, on the level that `[http] auth` asks for."""
    return register(settings, ROUTES)

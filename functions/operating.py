"""The frame of every operator's route: who may ask, and on which level the host lets requests through."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import wraps

import azure.functions as func

from functions.answering import Answer, answering
from shared.settings import Settings
from shared.wiring import house


@dataclass(frozen=True, slots=True)
class Route:
    """One route below `operator/`: the function's name, its path and method, and what answers."""

    name: str
    path: str
    method: str
    door: Answer


def operating(door: Answer) -> Answer:
    """Ask for the operator's role where the host asked for no master key, then translate what `door` raises."""

    @answering
    @wraps(door)
    async def checked(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        await house().access.operator(req.headers)
        return await door(req, context)

    return checked


def register(settings: Settings, routes: Sequence[Route]) -> func.Blueprint:
    """The routes, with the master key or, where `[http] auth` is entra, open to the host: the app checks the token."""
    blueprint = func.Blueprint()
    level = func.AuthLevel.ANONYMOUS if settings.checks_tokens else func.AuthLevel.ADMIN
    for route in routes:
        trigger = blueprint.route(f"operator/{route.path}", methods=[route.method], auth_level=level)
        blueprint.function_name(route.name)(trigger(route.door))
    return blueprint

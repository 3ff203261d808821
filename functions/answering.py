"""The frame of every HTTP door: what the stories raise becomes an answer, the same everywhere."""

from collections.abc import Awaitable, Callable
from functools import wraps

import azure.functions as func

Answer = Callable[..., Awaitable[func.HttpResponse]]


def answering(door: Answer) -> Answer:
    """Translate what `door` raises; what has no translation is a bug, and the host has to see it."""

    @wraps(door)
    async def answered(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        try:
            return await door(req, context)
        except Exception as error:
            from functions.refusals import answer_to

            if (answer := answer_to(error)) is None:
                raise
            return answer

    return answered

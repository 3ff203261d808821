"""HTTP answers: JSON, and RFC 9457 problem details for everything that is not a success."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import azure.functions as func

from shared.accept import KeyConflict
from shared.rules.storage_errors import NotStorable, StorageForbidden, StorageUnavailable
from shared.rules.strict import Problem, Refused
from shared.wiring import NotConfigured

PROBLEM = "application/problem+json"
COME_BACK = "30"
"""Seconds in `Retry-After` where a part of us is down."""

Answer = Callable[..., Awaitable[func.HttpResponse]]


def as_json(
    status: int, body: Mapping[str, Any] | Sequence[Any], headers: Mapping[str, str] | None = None
) -> func.HttpResponse:
    """A JSON answer; states change, so nothing may be cached."""
    fixed = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return func.HttpResponse(
        json.dumps(body), status_code=status, mimetype="application/json", headers={**fixed, **(headers or {})}
    )


def problem(
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: object
) -> func.HttpResponse:
    """Problem details; `detail` holds no value that came from outside, `members` extend it (`errors`, `faults`)."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return func.HttpResponse(json.dumps(body), status_code=status, mimetype=PROBLEM, headers=dict(headers or {}))


def refused(refusal: Refused) -> func.HttpResponse:
    """422 with a JSON pointer for each fault."""
    return problem(
        422, "Not accepted", "Nothing was stored. Correct the fields named in errors.", errors=pointed(refusal.problems)
    )


def pointed(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Faults as RFC 9457's examples write them."""
    return [{"pointer": f"#{p.pointer}", "detail": p.message} for p in problems]


def answering(door: Answer) -> Answer:
    """Translate what the stories raise into answers, the same for every HTTP door."""

    @wraps(door)
    async def answered(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        try:
            return await door(req, context)
        except Refused as refusal:
            return refused(refusal)
        except NotStorable as large:
            return problem(413, "Too large to store", large.reason.text, fix=large.reason.fix)
        except KeyConflict as conflict:
            return problem(422, "Conflict of keys", str(conflict), id=conflict.mail_id)
        except NotConfigured as missing:
            faults = [{"name": f.name, "cause": f.cause, "cure": f.cure} for f in missing.faults]
            return problem(503, "Not configured", "The app's settings have faults.", headers=_later(), faults=faults)
        except (StorageUnavailable, StorageForbidden) as down:
            return problem(503, "Storage is not available", down.reason.text, headers=_later(), fix=down.reason.fix)

    return answered


def _later() -> dict[str, str]:
    return {"Retry-After": COME_BACK}

"""HTTP answers: JSON, and RFC 9457 problem details for everything that is not a success."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import azure.functions as func

if TYPE_CHECKING:
    from shared.rules.quota import Standing

PROBLEM = "application/problem+json"
FIXED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Headers of every answer: states change, so nothing may be cached."""

COME_BACK = "30"
"""Seconds in `Retry-After` where a part of us is down."""


def as_json(
    status: int, body: Mapping[str, Any] | Sequence[Any], headers: Mapping[str, str] | None = None
) -> func.HttpResponse:
    """A JSON answer."""
    return func.HttpResponse(
        json.dumps(body), status_code=status, mimetype="application/json", headers={**FIXED, **(headers or {})}
    )


def unread(req: func.HttpRequest) -> func.HttpResponse | None:
    """411 for a body that came in chunks; None otherwise.

    The host hands no body of unknown length to a worker (azure-functions-host issue 7930): it would look empty, and the
    answer would name a fault that is not there.
    """
    if req.get_body() or "chunked" not in req.headers.get("transfer-encoding", "").lower():
        return None
    return problem(411, "Length required", "The Functions host drops a body sent in chunks; send it with Content-Length.")


def unfit_size(req: func.HttpRequest) -> func.HttpResponse | None:
    """411 or 413 before anything is parsed; None where the body may be read."""
    from shared.rules.envelope import HTTP_BODY_LIMIT

    if (lost := unread(req)) is not None:
        return lost
    if len(req.get_body()) > HTTP_BODY_LIMIT:
        return problem(413, "Too large", f"A body has at most {HTTP_BODY_LIMIT} bytes; put large attachments into a blob.")
    return None


def rate_headers(standing: "Standing") -> dict[str, str]:
    """What is left of a caller's day (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4)."""
    return {
        "RateLimit-Policy": f'"day";q={standing.limit};w=86400',
        "RateLimit": f'"day";r={standing.left};t={standing.resets}',
    }


def problem(
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: object
) -> func.HttpResponse:
    """Problem details; `detail` holds no value that came from outside, `members` extend it (`errors`, `faults`)."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return func.HttpResponse(json.dumps(body), status_code=status, mimetype=PROBLEM, headers={**FIXED, **(headers or {})})

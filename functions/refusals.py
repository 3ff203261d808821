"""What the stories raise, as HTTP answers; imported by the first failure (cold start)."""

import math
from collections.abc import Sequence

import azure.functions as func

from functions.answers import COME_BACK, problem, rate_headers
from shared.accept import KeyConflict
from shared.access import NotAuthenticated, NotAuthorised
from shared.rules.faults import NotConfigured
from shared.rules.key_sets import KeysUnavailable
from shared.rules.problems import Problem, Refused
from shared.rules.quota import QuotaExceeded
from shared.rules.storage_errors import BrokenRow, Conflict, NewerRow, NotStorable, StorageForbidden, StorageUnavailable
from shared.steer import NotPossible
from shared.submission import StillRunning

_LATER = {"Retry-After": COME_BACK}


def answer_to(error: Exception) -> func.HttpResponse | None:
    """The answer that every HTTP door gives to this error; None for a bug, which the host has to see."""
    return _of_the_request(error) or _of_the_caller(error) or _of_the_moment(error)


def _of_the_request(error: Exception) -> func.HttpResponse | None:
    match error:
        case Refused():
            return refused(error)
        case NotStorable():
            return problem(413, "Too large to store", error.reason.text, fix=error.reason.fix)
        case KeyConflict():
            return problem(422, "Conflict of keys", str(error), id=error.mail_id)
    return None


def _of_the_caller(error: Exception) -> func.HttpResponse | None:
    match error:
        case NotAuthenticated():
            return not_authenticated(error)
        case NotAuthorised():
            return problem(403, "Not allowed", error.cause, code=error.code, fix=error.reason.fix)
        case QuotaExceeded():
            return exceeded(error)
    return None


def _of_the_moment(error: Exception) -> func.HttpResponse | None:
    match error:
        case StillRunning():
            return problem(409, "Still running", str(error), headers={"Retry-After": "1"})
        case KeysUnavailable():
            return keys_unavailable(error)
        case NotConfigured() | StorageUnavailable() | StorageForbidden() | BrokenRow() | NewerRow():
            return unavailable(error)
        case NotPossible() | Conflict():
            overtaken = "Somebody changed the same thing at this moment; try again."
            return problem(409, "Not possible now", error.cause if isinstance(error, NotPossible) else overtaken)
    return None


def not_authenticated(error: NotAuthenticated) -> func.HttpResponse:
    """401 with the challenge of RFC 6750 section 3."""
    headers = {"WWW-Authenticate": error.challenge}
    reason = error.reason
    return problem(401, "Not authenticated", reason.text, headers=headers, code=reason.code, fix=reason.fix)


def exceeded(error: QuotaExceeded) -> func.HttpResponse:
    """429 until the caller's day is over."""
    standing = error.standing
    headers = {**rate_headers(standing), "Retry-After": str(standing.resets)}
    fix = "wait for the next day (UTC), or raise per_day of this caller in mail.toml"
    return problem(429, "The day's amount is used up", str(error), headers=headers, fix=fix)


def keys_unavailable(error: KeysUnavailable) -> func.HttpResponse:
    """503: nobody can say whether the token is genuine. Never 401, which some senders do not repeat."""
    headers = {"Retry-After": str(math.ceil(error.retry_after))}
    return problem(503, "Tokens cannot be verified now", error.reason.text, headers=headers, fix=error.reason.fix)


def unavailable(
    error: NotConfigured | StorageUnavailable | StorageForbidden | BrokenRow | NewerRow,
) -> func.HttpResponse:
    """503 with what is missing: settings, each with its cure, storage, or a row of which this version can make something."""
    match error:
        case NotConfigured():
            faults = [{"name": f.name, "cause": f.cause, "cure": f.cure} for f in error.faults]
            return problem(503, "Not configured", "The app's settings have faults.", headers=_LATER, faults=faults)
        case NewerRow():
            detail = f"{error}; instances of the newer version answer".capitalize()
            return problem(503, "Written by a newer version", detail, headers=_LATER)
    title = "A row in storage cannot be read" if isinstance(error, BrokenRow) else "Storage is not available"
    return problem(503, title, error.reason.text, headers=_LATER, fix=error.reason.fix)


def refused(refusal: Refused) -> func.HttpResponse:
    """422 with a JSON pointer for each fault."""
    return problem(
        422, "Not accepted", "Nothing was stored. Correct the fields named in errors.", errors=pointed(refusal.problems)
    )


def pointed(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Faults as RFC 9457's examples write them."""
    return [{"pointer": f"#{p.pointer}", "detail": p.message} for p in problems]

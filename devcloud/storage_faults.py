"""What the storage proxy can be told to do wrong, and the error answers it then gives in the service's own form.

Forms: Azure Storage, "Status and error codes": XML for blobs and queues, JSON for tables, the code also in a header.
"""

import json
from typing import Any

import msgspec

from devcloud.scenarios import Scenario


class StorageScenario(Scenario, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`status` (answers `status` without asking the storage), `delay` (waits `seconds`, then goes on), `drop` (closes
    without asking the storage), `lose-answer` (the storage does it, the client is never told), `twice` (the storage does it
    twice: a message put so is delivered twice), `pretend` (says that it was done and does not ask the storage: a message
    deleted so comes back).

    `code` is the service's error code; by default the one that belongs to the status.
    """

    status: int = 503
    code: str | None = None
    seconds: float = 0.0


class StorageFaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What GET and PUT `/api/storage/faults` speak."""

    scenarios: list[StorageScenario] = []


SCENARIO_NAMES = frozenset({"status", "delay", "drop", "lose-answer", "twice", "pretend"})
SCENARIO_FACTS = frozenset({"operation", "resource"})

_CODES = {
    403: "AuthorizationFailure",
    404: "ResourceNotFound",
    409: "Conflict",
    412: "ConditionNotMet",
    500: "InternalError",
    503: "ServerBusy",
}
_TABLE_CODES = {412: "UpdateConditionNotSatisfied", 409: "EntityAlreadyExists"}


def error_code(service: str, scenario: StorageScenario) -> str:
    """The service's error code for this scenario."""
    if scenario.code is not None:
        return scenario.code
    of_service = _TABLE_CODES if service == "table" else {}
    return of_service.get(scenario.status, _CODES.get(scenario.status, "InternalError"))


def error_answer(service: str, code: str, text: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of an error answer, as the blob, queue or table service writes them."""
    headers = {"x-ms-error-code": code, "x-ms-version": "2025-11-05"}
    if service == "table":
        error: dict[str, Any] = {"odata.error": {"code": code, "message": {"lang": "en-US", "value": text}}}
        headers["Content-Type"] = "application/json;odata=minimalmetadata"
        return json.dumps(error).encode(), headers
    headers["Content-Type"] = "application/xml"
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'
    return body.encode(), headers

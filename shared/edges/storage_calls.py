"""One call to Azure Storage: bounded in time, repeated where that can help, its failures in our own words.

The SDKs' own repetitions are off (`retry_total=0`): their three policies differ (the table client does not repeat a
POST that lost its connection), and here one loop knows which answers are final. A repetition may find that the attempt
before it had already worked; whoever makes a conditional write therefore looks, after "taken" or "changed", whether its
own `write_id` is what is there.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from shared.rules.outcome import Reason
from shared.rules.storage_errors import NotStorable, StorageFault, StorageForbidden, StorageUnavailable

PAUSES = (0.1, 0.5)
"""Seconds before the second and third attempt. Short: a lease of 30 s runs while an outcome is written."""

ATTEMPT_TIMEOUT = 8.0
"""Seconds for one attempt, everything included; three attempts and their pauses stay below a lease of 30 s."""

LONGEST_PAUSE = 2.0
"""Seconds. A server that asks for more gets no repetition from us: the caller decides, with `retry_after`."""

RETRY_AFTER = 5.0
"""Seconds that a caller should leave storage alone where storage does not say."""

RETRY_AFTER_DELETION = 40.0
"""Seconds; a name that is being deleted cannot be used again for at least 30 (REST reference, Delete Queue and Table)."""

Result = TypeVar("Result")
Sleep = Callable[[float], Awaitable[None]]


class Service(StrEnum):
    """The three services of an account; the value is what texts call their containers."""

    QUEUE = "queue"
    BLOB = "container"
    TABLE = "table"


class Absent(Exception):
    """The entity or blob is not there."""


class NoContainer(Exception):
    """The table, queue or container itself is not there."""


class Empty(Exception):
    """A range of an empty blob was asked for, which storage refuses (416): there is nothing to read."""


class Taken(Exception):
    """Something with this name is there already."""


class Changed(Exception):
    """The condition of a conditional write does not hold."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a failure means, and whether another attempt may help."""

    error: Exception
    again: bool = False


_SIGNALS: dict[str, type[Exception]] = {
    "ResourceNotFound": Absent,
    "EntityNotFound": Absent,
    "BlobNotFound": Absent,
    "MessageNotFound": Absent,
    "TableNotFound": NoContainer,
    "QueueNotFound": NoContainer,
    "ContainerNotFound": NoContainer,
    "InvalidRange": Empty,
    "EntityAlreadyExists": Taken,
    "BlobAlreadyExists": Taken,
    "ResourceAlreadyExists": Taken,
    "TableAlreadyExists": Taken,
    "QueueAlreadyExists": Taken,
    "ContainerAlreadyExists": Taken,
    "UpdateConditionNotSatisfied": Changed,
    "ConditionNotMet": Changed,
    "PopReceiptMismatch": Changed,
}

_TOO_LARGE = frozenset({"RequestBodyTooLarge", "PropertyValueTooLarge", "EntityTooLarge", "ContentLengthExceedsLimit"})

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})

_ROLES = {
    Service.QUEUE: "Storage Queue Data Contributor",
    Service.BLOB: "Storage Blob Data Contributor",
    Service.TABLE: "Storage Table Data Contributor",
}

_GRANT = (
    "az role assignment create --assignee-object-id <object id> --assignee-principal-type ServicePrincipal "
    "--role '{role}' --scope $(az storage account show --name <storage account> --query id --output tsv)"
)
"""What gives a role of Azure Storage; both commands are of the Azure CLI."""

_CODE = re.compile(r"[A-Za-z]{1,80}")
"""What an error code looks like; anything else from outside stays out of our texts."""


async def call(operation: Callable[[], Awaitable[Result]], *, service: Service, sleep: Sleep) -> Result:
    """Run a storage operation, up to three times.

    Raises `Absent`, `NoContainer`, `Empty`, `Taken`, `Changed` for the edge, and `StorageFault` for everybody else.
    """
    for pause in (*PAUSES, None):
        try:
            async with asyncio.timeout(ATTEMPT_TIMEOUT):
                return await operation()
        except Exception as error:  # noqa: BLE001 - nothing of the libraries may cross the edge
            verdict = judge(error, service)
        wait = pause if pause is None or not verdict.again else _wait(pause, verdict.error)
        if wait is None or not verdict.again:
            # Without its cause: that one's text holds addresses, ids and bodies, and tracebacks are logged.
            raise verdict.error from None
        await sleep(wait)
    raise AssertionError("unreachable: the last attempt returns or raises")


def judge(error: Exception, service: Service) -> Verdict:
    """What a failure of a storage library means, in our own words."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    if isinstance(error, StorageFault):
        return Verdict(error)
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        return _judge_answer(error.status_code, _code(error), _retry_after(error), service)
    if isinstance(error, ClientAuthenticationError):
        return _unavailable("storage-credential", "the credential for storage cannot be used", "check MailStorage")
    return _judge_silence(error)


def _judge_answer(status: int, code: str, retry_after: float | None, service: Service) -> Verdict:
    signal = _SIGNALS.get(code)
    if signal is not None:
        return Verdict(signal())
    if status == 403:
        return Verdict(StorageForbidden(_missing_right(code, service)))
    if status == 413 or code in _TOO_LARGE:
        return Verdict(NotStorable(Reason("too-large", f"larger than a {service} can hold")))
    if code.endswith("BeingDeleted"):
        text = f"the {service} is being deleted"
        return _unavailable("storage-being-deleted", text, retry_after=RETRY_AFTER_DELETION)
    if status in _TRANSIENT:
        text = f"storage answered {status} {code}".rstrip()
        return _unavailable("storage-busy", text, retry_after=retry_after or RETRY_AFTER, again=True)
    return _unavailable("storage-refused", f"storage answered {status} {code}".rstrip())


def _judge_silence(error: Exception) -> Verdict:
    import ssl

    import aiohttp
    from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

    inner = getattr(error, "inner_exception", None)
    if isinstance(error, ssl.SSLError) or isinstance(inner, aiohttp.ClientSSLError | ssl.SSLError):
        return _unavailable("storage-tls", "no trusted TLS connection to storage", "is its certificate authority known?")
    if isinstance(error, TimeoutError):
        return _unavailable("storage-timeout", f"no answer from storage within {ATTEMPT_TIMEOUT:g} seconds", again=True)
    broken = (ServiceRequestError, ServiceResponseError, HttpResponseError, aiohttp.ClientError, OSError)
    if isinstance(error, broken):
        return _unavailable("storage-unreachable", "no connection to storage, or it broke", again=True)
    return _unavailable("storage-unexpected", f"the storage library failed with {type(error).__name__}")


def _missing_right(code: str, service: Service) -> Reason:
    grant = _GRANT.format(role=_ROLES[service])
    if code in ("AuthorizationPermissionMismatch", "InsufficientAccountPermissions"):
        text = f"the app's identity may not do this with a {service}"
        return Reason("storage-role-missing", text, grant)
    if code == "AuthenticationFailed":
        text = "storage does not accept the app's token or key"
        return Reason("storage-not-authenticated", text, "check MailStorage and the identity's client id")
    if code == "KeyBasedAuthenticationNotPermitted":
        text = "the storage account takes no keys"
        return Reason("storage-keys-off", text, "set MailStorage__accountName instead of a connection string")
    text = f"storage refuses the app's access to a {service}"
    return Reason("storage-forbidden", text, f"let the app's network through the account's firewall, or {grant}")


def _unavailable(code: str, text: str, fix: str = "", *, retry_after: float = RETRY_AFTER, again: bool = False) -> Verdict:
    return Verdict(StorageUnavailable(Reason(code, text, fix), retry_after), again)


def _wait(pause: float, error: Exception) -> float | None:
    asked = error.retry_after if isinstance(error, StorageUnavailable) else RETRY_AFTER
    if asked == RETRY_AFTER:
        return pause
    return max(pause, asked) if asked <= LONGEST_PAUSE else None


def _code(error: Exception) -> str:
    said = getattr(error, "error_code", None) or _header(error, "x-ms-error-code")
    text = str(getattr(said, "value", said) or "")
    return text if _CODE.fullmatch(text) else ""


def _retry_after(error: Exception) -> float | None:
    text = _header(error, "Retry-After")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _header(error: Exception, name: str) -> str:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    return str(headers.get(name, ""))

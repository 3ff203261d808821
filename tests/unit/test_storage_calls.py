"""Every failure of the storage libraries becomes one of ours, and a call is repeated only where that can help."""

import asyncio
import ssl
from collections.abc import Iterator

import aiohttp
import azure.data.tables
import azure.identity
import azure.storage.blob
import azure.storage.queue
import pytest
from azure.core import exceptions
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.rest import HttpRequest

from shared.edges.storage_calls import Absent, Changed, NoContainer, Service, Taken, call, judge
from shared.rules.storage_errors import NotStorable, StorageFault, StorageForbidden, StorageUnavailable

SECRET = "bob@contoso.test"

LIBRARIES = (azure.data.tables, azure.identity, azure.storage.blob, azure.storage.queue)
"""Imported so that their exception classes are among the subclasses below."""


class Answer:
    """As much of an HTTP response as the libraries' exceptions look at."""

    def __init__(self, status: int, code: str = "", retry_after: str = "") -> None:
        self.status_code = status
        self.reason = SECRET
        self.headers = {"x-ms-error-code": code, "Retry-After": retry_after}
        self.request = HttpRequest("GET", f"http://127.0.0.1/{SECRET}")

    def text(self) -> str:
        """The body."""
        return SECRET


def family(root: type[Exception]) -> Iterator[type[Exception]]:
    """A class and all its subclasses that are loaded."""
    yield root
    for child in root.__subclasses__():
        yield from family(child)


def answered(status: int, code: str = "", retry_after: str = "") -> HttpResponseError:
    """The libraries' exception for an answer of the storage."""
    return HttpResponseError(SECRET, response=Answer(status, code, retry_after))


CLASSES = sorted(set(family(AzureError)), key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
OTHERS: list[Exception] = [
    exceptions.SerializationError(SECRET),
    exceptions.DeserializationError(SECRET),
    aiohttp.ClientError(SECRET),
    aiohttp.ServerDisconnectedError(SECRET),
    aiohttp.ClientPayloadError(SECRET),
    aiohttp.InvalidURL(SECRET),
    ssl.SSLCertVerificationError(SECRET),
    ConnectionResetError(SECRET),
    TimeoutError(SECRET),
    RuntimeError(SECRET),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, SECRET),
    KeyError(SECRET),
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_of_the_libraries_is_mapped(kind: type[Exception]) -> None:
    """No exception class of azure-core and the libraries upon it crosses the edge, or takes its text along."""
    error = kind.__new__(kind, SECRET)
    error.__dict__ |= {"status_code": None, "response": None, "inner_exception": None, "message": SECRET}
    verdict = judge(error, Service.TABLE)
    assert isinstance(verdict.error, StorageFault)
    assert SECRET not in str(verdict.error)


@pytest.mark.parametrize("error", OTHERS, ids=lambda error: type(error).__name__)
def test_every_other_failure_is_mapped(error: Exception) -> None:
    """Whatever else a call may raise is unavailable storage, without its text."""
    verdict = judge(error, Service.BLOB)
    assert isinstance(verdict.error, StorageUnavailable)
    assert SECRET not in str(verdict.error)


def test_the_list_of_classes_is_not_empty() -> None:
    """The sweep above sees the libraries' own classes, not only azure-core's."""
    names = {kind.__name__ for kind in CLASSES}
    assert {"TableTransactionError", "CredentialUnavailableError", "ServiceRequestError"} <= names
    assert all(library.__name__ for library in LIBRARIES)


ANSWERS = [
    (404, "ResourceNotFound", Absent),
    (404, "BlobNotFound", Absent),
    (404, "TableNotFound", NoContainer),
    (404, "QueueNotFound", NoContainer),
    (404, "ContainerNotFound", NoContainer),
    (409, "EntityAlreadyExists", Taken),
    (412, "UpdateConditionNotSatisfied", Changed),
    (413, "RequestBodyTooLarge", NotStorable),
    (400, "PropertyValueTooLarge", NotStorable),
    (403, "AuthorizationFailure", StorageForbidden),
    (403, "", StorageForbidden),
    (404, "", StorageUnavailable),
    (404, "AccountNotFound", StorageUnavailable),
    (409, "TableBeingDeleted", StorageUnavailable),
    (409, "", StorageUnavailable),
    (412, "", StorageUnavailable),
    (401, "InvalidAuthenticationInfo", StorageUnavailable),
    (400, "InvalidInput", StorageUnavailable),
    (503, "ServerBusy", StorageUnavailable),
    (200, "", StorageUnavailable),
]


@pytest.mark.parametrize(("status", "code", "meaning"), ANSWERS)
def test_answers_mean_what_their_codes_say(status: int, code: str, meaning: type[Exception]) -> None:
    """Only the storage's own code decides that something is missing, taken or changed: a stray 404 is an outage."""
    assert type(judge(answered(status, code), Service.TABLE).error) is meaning


def test_every_status_has_a_meaning() -> None:
    """Whatever number an answer has, it is one of our faults; only the six transient ones are worth a repetition."""
    verdicts = {status: judge(answered(status, f"<{SECRET}>"), Service.QUEUE) for status in range(200, 600)}
    assert all(isinstance(verdict.error, StorageFault) for verdict in verdicts.values())
    assert not any(SECRET in str(verdict.error) for verdict in verdicts.values())
    assert {status for status, verdict in verdicts.items() if verdict.again} == {408, 429, 500, 502, 503, 504}


def test_the_storages_own_pause_is_kept() -> None:
    """Retry-After becomes `retry_after`; nonsense there is passed over."""
    asked = judge(answered(503, "ServerBusy", "17"), Service.QUEUE).error
    vague = judge(answered(503, "ServerBusy", "Mon, 23 Nov 2026"), Service.QUEUE).error
    assert isinstance(asked, StorageUnavailable)
    assert isinstance(vague, StorageUnavailable)
    assert asked.retry_after == 17.0
    assert 0 < vague.retry_after < 60


class Flaky:
    """An operation that fails with each of `errors`, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.pauses: list[float] = []

    async def __call__(self) -> str:
        """One attempt."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    async def sleep(self, seconds: float) -> None:
        """Notes the pause."""
        self.pauses.append(seconds)

    async def run(self) -> str:
        """The operation, as the edges call it."""
        return await call(self, service=Service.TABLE, sleep=self.sleep)


async def test_a_passing_fault_is_repeated() -> None:
    """Two broken connections cost two pauses."""
    flaky = Flaky(ConnectionResetError(), answered(500))
    assert await flaky.run() == "done"
    assert flaky.pauses == [0.1, 0.5]


async def test_the_third_fault_is_the_last() -> None:
    """Three attempts are all there are."""
    flaky = Flaky(*[answered(503)] * 4)
    with pytest.raises(StorageUnavailable):
        await flaky.run()
    assert flaky.calls == 3


@pytest.mark.parametrize("error", [answered(403), answered(409, "EntityAlreadyExists"), answered(400), KeyError("x")])
async def test_a_final_answer_is_not_repeated(error: Exception) -> None:
    """What another attempt cannot change is said at once."""
    flaky = Flaky(error)
    with pytest.raises((StorageFault, Taken)):
        await flaky.run()
    assert flaky.calls == 1


async def test_a_short_pause_is_granted() -> None:
    """A server that asks for one second gets it."""
    flaky = Flaky(answered(503, "ServerBusy", "1"))
    assert await flaky.run() == "done"
    assert flaky.pauses == [1.0]


async def test_a_long_pause_is_left_to_the_caller() -> None:
    """A server that asks for a minute is not asked again: the caller knows what to do with the time."""
    flaky = Flaky(answered(503, "ServerBusy", "60"))
    with pytest.raises(StorageUnavailable) as caught:
        await flaky.run()
    assert caught.value.retry_after == 60.0
    assert flaky.calls == 1


async def test_a_cancelled_call_stays_cancelled() -> None:
    """Cancellation is not mistaken for a storage that does not answer."""

    async def never() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(call(never, service=Service.BLOB, sleep=asyncio.sleep))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

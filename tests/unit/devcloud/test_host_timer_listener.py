"""Timer triggers of the stand-in host against a real Azurite."""

import asyncio
import datetime as dt
import itertools
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import azure.functions as func
import pytest
from azure.storage.blob.aio import BlobServiceClient

from devcloud.host.timer_store import CONTAINER, ListenerLock, TimerStore
from devcloud.host.timers import Status
from tests.unit.devcloud.host_azurite import Ports
from tests.unit.devcloud.host_fixtures import Queues, eventually, running

HOUR = dt.timedelta(hours=1)


@pytest.fixture
async def blobs(host_azurite: Ports) -> AsyncIterator[BlobServiceClient]:
    """The blobs of Azurite."""
    async with BlobServiceClient.from_connection_string(host_azurite.connection_string, retry_total=0) as service:
        yield service


@pytest.fixture
async def store(blobs: BlobServiceClient, queues: Queues) -> TimerStore:
    """The timers of this test's host id."""
    made = TimerStore(blobs, queues.prefix)
    await made.prepare()
    return made


def timer_app(schedule: str, seen: list[func.TimerRequest], **options: bool) -> func.FunctionApp:
    """Return an app whose only function keeps what it gets, then fails."""
    app = func.FunctionApp()

    @app.timer_trigger(arg_name="timer", schedule=schedule, **options)  # type: ignore[arg-type]  # only flags are passed
    async def tick(timer: func.TimerRequest) -> None:
        seen.append(timer)
        raise ValueError("a failure does not end the schedule")

    return app


async def until(condition: list[func.TimerRequest], count: int) -> None:
    """Wait until the list has `count` entries."""

    async def enough() -> bool:
        return len(condition) >= count

    await eventually(enough)


async def test_a_timer_fires_again_and_again_although_it_fails(queues: Queues, tmp_path: Path) -> None:
    """A schedule of every second fires on time, without a status because it is not monitored."""
    seen: list[func.TimerRequest] = []
    async with running(timer_app("* * * * * *", seen), tmp_path, queues):
        await until(seen, 2)
    assert [timer.past_due for timer in seen[:2]] == [False, False]
    assert not getattr(seen[0], "schedule_status", None)


async def test_a_missed_occurrence_runs_once_and_is_not_run_again_after_its_failure(
    queues: Queues, store: TimerStore, tmp_path: Path
) -> None:
    """Past due at the start gives one run; its failure is remembered as done, so the next start runs nothing."""
    hour = dt.datetime(2026, 11, 23, 22, tzinfo=dt.UTC)
    knobs = {"clock": lambda: hour.timestamp() + 60}
    last = hour - 5 * HOUR
    await store.write("tick", Status(last, last + HOUR, last))
    seen: list[func.TimerRequest] = []
    async with running(timer_app("0 0 * * * *", seen), tmp_path, queues, knobs=knobs):
        await until(seen, 1)
    assert seen[0].past_due
    status = await store.read("tick")
    assert status is not None
    assert status.next == hour + HOUR
    later: list[func.TimerRequest] = []
    async with running(timer_app("0 0 * * * *", later, run_on_startup=True), tmp_path, queues, knobs=knobs):
        await until(later, 1)
    assert [timer.past_due for timer in (*seen, *later)] == [True, False]


async def test_the_first_start_writes_a_status_and_fires_nothing(
    queues: Queues, store: TimerStore, blobs: BlobServiceClient, tmp_path: Path
) -> None:
    """The status blob appears where the real host puts it, and the function is not called."""
    seen: list[func.TimerRequest] = []
    async with running(timer_app("0 0 0 1 1 *", seen), tmp_path, queues):
        status = await eventually(lambda: store.read("tick"))
    assert seen == []
    assert status is not None
    assert (status.next.month, status.next.day) == (1, 1)
    blob = blobs.get_blob_client(CONTAINER, f"timers/{queues.prefix}/Host.Functions.tick/status")
    written = json.loads(await (await blob.download_blob()).readall())
    assert set(written) == {"Last", "Next", "LastUpdated"}


async def test_of_two_hosts_only_one_runs_a_timer_and_the_other_takes_over_when_it_stops(
    queues: Queues, tmp_path: Path
) -> None:
    """While the first host holds the lock the second runs nothing; a polite stop hands the lock over."""
    first: list[func.TimerRequest] = []
    second: list[func.TimerRequest] = []
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    async with running(timer_app("* * * * * *", first), folders[0], queues) as one:
        await until(first, 1)
        async with running(timer_app("* * * * * *", second), folders[1], queues):
            await until(first, 3)
            assert second == []
            await one.host.stop()
            await until(second, 1)


async def test_the_lock_of_a_silent_holder_is_broken_after_its_period(store: TimerStore) -> None:
    """A contender that sees no renewal for a whole period gets the lock; the old holder cannot renew any more."""
    clock = itertools.count(start=0.0, step=1.0)
    dead = store.lock("tick", 1.5)
    other = ListenerLock(dead._blob, 1.5, lambda: next(clock))  # noqa: SLF001 - the same blob, seen by another instance
    assert await dead.acquire()
    assert await dead.renew()
    assert not await other.acquire()  # looks for the first time, at 0 s
    assert await dead.renew()
    assert not await other.acquire()  # a renewal was seen at 1 s
    assert not await other.acquire()  # silent since 1 s, at 2 s
    assert not await other.acquire()  # silent since 2 s at 3 s: broken
    assert await other.acquire()
    assert not await dead.renew()
    await other.release()
    assert await dead.acquire()


async def test_a_real_lease_excludes_others(store: TimerStore) -> None:
    """With a period of 15 s or more the blob lease alone decides."""
    name = uuid.uuid4().hex
    one, other = store.lock(name, 15), store.lock(name, 15)
    assert await asyncio.wait_for(one.acquire(), 5)
    assert not await other.acquire()
    await one.release()
    assert await other.acquire()

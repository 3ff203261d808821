"""The host as a process of its own: start, polite end, sudden death, faults, a wrong clock."""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from tests.unit.devcloud.host_fixtures import DEADLINE_SECONDS, ROOT, Queues, eventually, host_process, spawn

EVERY_KIND = Path(__file__).parent / "apps" / "every_kind"
STUBBORN = Path(__file__).parent / "apps" / "stubborn"
HOUR = 3600.0


def environment(queues: Queues, **more: str) -> dict[str, str]:
    """Return the app settings of the sample apps."""
    return {
        "AzureWebJobsStorage": queues.ports.connection_string,
        "SampleStorage": queues.ports.connection_string,
        "AzureFunctionsWebHost__hostid": queues.prefix,
        "JOBS_QUEUE": queues.name("jobs"),
        "RESULTS_QUEUE": queues.name("results"),
        "TICKS_QUEUE": queues.name("ticks"),
        "TICK": "* * * * * *",
        "DEVCLOUD_FUNCTION_KEY": "function-key",
        "DEVCLOUD_MASTER_KEY": "master-key",
        "DEVCLOUD_TIMER_LEASE_SECONDS": "2",
    } | more


async def lines(file: Path, count: int) -> list[str]:
    """Wait until a file has `count` lines and return them."""

    def read() -> list[str]:
        found = file.read_text().splitlines() if file.exists() else []
        return found if len(found) >= count else []

    async def enough() -> list[str]:
        return await asyncio.to_thread(read)

    return await eventually(enough)


async def test_one_function_of_each_kind_runs_and_sigterm_ends_the_host_politely(queues: Queues, tmp_path: Path) -> None:
    """A queue message, an HTTP call and a timer each reach their function, and SIGTERM gives exit code 0."""
    await queues.create("jobs")
    async with host_process(["--app", str(EVERY_KIND)], environment(queues), tmp_path / "log") as host:
        assert host.ready["ready"] is True
        assert host.ready["functions"] == ["things", "tick", "work"]
        await queues["jobs"].send_message("hello")
        result = json.loads(await queues.taken("results"))
        assert (result["body"], result["count"]) == ("hello", 1)
        async with aiohttp.ClientSession() as session:
            url = f"{host.url}/api/things/book/a%20b/c?code=function-key"
            async with session.post(url, data=b"body") as answer:
                assert answer.status == 201
                assert (await answer.json())["route"] == {"kind": "book", "rest": "a b/c"}
        assert await queues.taken("ticks") == "on time"
        assert await host.end(signal.SIGTERM) == 0
    assert await queues.length("jobs") == 0


async def test_a_killed_host_leaves_its_message_to_the_next_one_after_the_lease(queues: Queues, tmp_path: Path) -> None:
    """SIGKILL during a call: the message is hidden until the lease ends and then comes with dequeue count 2."""
    started = tmp_path / "started"
    settings = environment(queues, STARTED_FILE=str(started), SECONDS="60")
    arguments = ["--app", str(STUBBORN), "--lease-seconds", "2"]
    await queues.create("jobs")
    await queues["jobs"].send_message("x")
    async with host_process(arguments, settings, tmp_path / "log") as first:
        assert await lines(started, 1) == ["1"]
        assert await first.end(signal.SIGKILL) == -signal.SIGKILL
    assert [message async for message in queues["jobs"].receive_messages()] == []
    async with host_process(arguments, settings, tmp_path / "log"):
        assert await lines(started, 2) == ["1", "2"]
        await queues.emptied("jobs")


async def test_a_polite_stop_waits_for_what_is_in_flight(queues: Queues, tmp_path: Path) -> None:
    """SIGTERM during a call: the function ends, its message is deleted, and the exit code is 0."""
    started = tmp_path / "started"
    settings = environment(queues, STARTED_FILE=str(started), SECONDS="1")
    await queues.create("jobs")
    await queues["jobs"].send_message("x")
    async with host_process(["--app", str(STUBBORN)], settings, tmp_path / "log") as host:
        await lines(started, 1)
        assert await host.end(signal.SIGTERM) == 0
    assert await queues.length("jobs") == 0


async def test_a_stop_is_bounded_even_when_a_function_never_ends(queues: Queues, tmp_path: Path) -> None:
    """After the drain time the host exits with 0 and leaves the message to come back."""
    started = tmp_path / "started"
    settings = environment(queues, STARTED_FILE=str(started), SECONDS="600", DEVCLOUD_DRAIN_SECONDS="0.2")
    await queues.create("jobs")
    await queues["jobs"].send_message("x")
    async with host_process(["--app", str(STUBBORN)], settings, tmp_path / "log") as host:
        await lines(started, 1)
        assert await host.end(signal.SIGINT) == 0
    assert await queues.length("jobs") == 1


@pytest.mark.parametrize(
    ("point", "results", "left"),
    [("before-call", 0, 1), ("after-call", 0, 1), ("before-delete", 1, 1)],
)
async def test_a_crash_happens_exactly_where_it_was_asked_for(
    queues: Queues, tmp_path: Path, point: str, results: int, left: int
) -> None:
    """Before the call and after it no output exists yet; before the delete it does; the message is always left."""
    await queues.create("jobs", "results")
    await queues["jobs"].send_message("x")
    settings = environment(queues, DEVCLOUD_CRASH=point, TICK="0 0 0 1 1 *")
    async with host_process(["--app", str(EVERY_KIND)], settings, tmp_path / "log") as host:
        assert await asyncio.wait_for(host.process.wait(), DEADLINE_SECONDS) == -signal.SIGKILL
    assert (await queues.length("results"), await queues.length("jobs")) == (results, left)


async def test_a_crash_between_poison_add_and_delete_leaves_both(queues: Queues, tmp_path: Path) -> None:
    """The copy is added before the original is deleted, so a crash in between leaves two messages."""
    await queues.create("jobs")
    await queues["jobs"].send_message("never base64 !")
    settings = environment(
        queues,
        DEVCLOUD_CRASH="between-poison-add-and-delete",
        AzureFunctionsJobHost__extensions__queues__messageEncoding="base64",
    )
    async with host_process(["--app", str(EVERY_KIND)], settings, tmp_path / "log") as host:
        assert await asyncio.wait_for(host.process.wait(), DEADLINE_SECONDS) == -signal.SIGKILL
    assert (await queues.length("jobs"), await queues.length("jobs-poison")) == (1, 1)


async def test_the_clock_of_one_host_can_be_wrong(queues: Queues, tmp_path: Path) -> None:
    """With --clock-offset 3600 the app sees a time one hour ahead, and storage still works."""
    await queues.create("jobs")
    await queues["jobs"].send_message("what time is it")
    arguments = ["--app", str(EVERY_KIND), "--clock-offset", "3600"]
    async with host_process(arguments, environment(queues), tmp_path / "log"):
        result = json.loads(await queues.taken("results"))
    assert result["at"] - time.time() == pytest.approx(HOUR, abs=60)


@pytest.mark.parametrize(
    ("missing", "named"),
    [("SampleStorage", "SampleStorage"), ("JOBS_QUEUE", "JOBS_QUEUE"), ("AzureWebJobsStorage", "AzureWebJobsStorage")],
)
async def test_a_missing_setting_is_named_and_the_exit_code_is_1(
    queues: Queues, tmp_path: Path, missing: str, named: str
) -> None:
    """The host refuses to start, says nothing on standard output and names the setting in its log."""
    settings = environment(queues)
    del settings[missing]
    process = await spawn(["--app", str(EVERY_KIND)], settings, tmp_path / "log")
    output, _ = await asyncio.wait_for(process.communicate(), DEADLINE_SECONDS)
    assert (process.returncode, output) == (1, b"")
    assert named in (tmp_path / "log").read_text()


async def test_a_host_dies_with_its_parent(queues: Queues, tmp_path: Path) -> None:
    """When the process that started the host is killed, the host is gone too."""
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1], *sys.argv[2:]], stdout=subprocess.PIPE)\n"
        "print(child.stdout.readline().decode().strip(), child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    inner = "import sys; from devcloud.host.main import main; sys.exit(main(sys.argv[1:]))"
    settings = {"PYTHONPATH": str(ROOT), "DEVCLOUD_PARENT_DEATH": "1", **environment(queues)}
    with (tmp_path / "log").open("ab") as log:
        parent = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code, inner, "--app", str(EVERY_KIND)),
            env=settings,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    assert parent.stdout is not None
    line = await asyncio.wait_for(parent.stdout.readline(), DEADLINE_SECONDS)
    status = Path("/proc") / line.split()[-1].decode() / "cmdline"
    assert b"every_kind" in status.read_bytes()
    parent.kill()
    await parent.wait()

    async def gone() -> bool:
        return not status.exists() or status.read_bytes() == b""

    await eventually(gone)

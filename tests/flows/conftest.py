"""One local cloud for all tests of this room, and a second one in which happens what takes long."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from devcloud.processes import Child, stop_all
from tests.flows import storm
from tests.flows.client import Client
from tests.flows.flow_config import fresh_sender_names, mail_toml
from tests.flows.processes import STOP_SECONDS, Cloud, HostProcess, ready_cloud, start_cloud

LATE = "aftermath"
"""The fixture of tests that look at what took long: they come last, and what they look at is started first."""

CLIENT_ID = "5b0d0f0c-6f0e-4d7a-9a55-1f2d7a3c9e11"
"""Of the identity whose endpoint is down; the other apps have the system-assigned one."""

RATE = ("--messages-per-minute", "6000")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the tests of what takes long to the end."""
    items.sort(key=lambda item: LATE in getattr(item, "fixturenames", ()))


@dataclass(frozen=True, slots=True)
class Clouds:
    """Both clouds, starting."""

    calm: Child
    stormy: Child | None


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `mail.toml` of these tests."""
    path = tmp_path_factory.mktemp("config") / "mail.toml"
    path.write_text(mail_toml())
    return path


@pytest.fixture(scope="session")
def starting(request: pytest.FixtureRequest, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clouds]:
    """Both clouds are started at the same time; the second one only where a test of this run looks at it."""
    folder = tmp_path_factory.mktemp("clouds")
    settings = {"MAIL_CONFIG": str(config)}
    calm = start_cloud("calm", RATE, settings, folder)
    stormy = None
    if any(LATE in getattr(item, "fixturenames", ()) for item in request.session.items):
        options = (*RATE, "--connections", "12", "--lease-seconds", f"{storm.LEASE:g}")
        stormy = start_cloud("stormy", options, {**settings, "MAIL_ATTEMPT_LEASE": f"{storm.LEASE:g}"}, folder)
    yield Clouds(calm, stormy)
    stop_all([child for child in (calm, stormy) if child], seconds=STOP_SECONDS)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What becomes of the mails in the second cloud; each answer is waited for where it is asked."""

    client: Client
    crash: "Future[dict[str, storm.Retried]]"
    retried: "Future[dict[str, storm.Retried]]"
    race: "Future[dict[str, storm.Retried]]"
    outages: "Future[dict[str, storm.Outage]]"


@pytest.fixture(scope="session")
def begun(starting: Clouds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath | None]:
    """The long stories, begun in the background; None where no test of this run looks at them."""
    if starting.stormy is None:
        yield None
        return
    cloud, folder = ready_cloud(starting.stormy), tmp_path_factory.mktemp("hosts")
    with ExitStack() as stack:
        dying = _client(stack, cloud)
        keys = storm.kill_the_host(dying)
        hosts = [HostProcess(name, cloud, cloud.settings, folder, lease=storm.LEASE) for name in ("first", "second")]
        hosts.append(HostProcess("no-tokens", cloud, storm.no_tokens(cloud, CLIENT_ID), folder))
        for host in hosts:
            stack.callback(host.stop)
        first, second, other = (host.wait_ready()[0] for host in hosts)
        one, two = _client(stack, cloud, functions=first), _client(stack, cloud, functions=second)
        poor = _client(stack, cloud, functions=other, storage=cloud.second_account)
        provoked = storm.provoke(one)
        raced = storm.race(one, two)
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=4))
        yield Aftermath(
            client=one,
            crash=pool.submit(storm.after_the_kill, one, keys),
            retried=pool.submit(storm.after_the_pauses, one, provoked),
            race=pool.submit(storm.after_the_pauses, one, {mail: mail for mail in raced}),
            outages=pool.submit(storm.without_identity, poor, CLIENT_ID),
        )


def _client(stack: ExitStack, cloud: Cloud, *, functions: str | None = None, storage: str | None = None) -> Client:
    client = Client(cloud, functions=functions, storage=storage)
    stack.callback(client.close)
    return client


@pytest.fixture(scope="session")
def cloud(starting: Clouds, begun: Aftermath | None) -> Cloud:  # noqa: ARG001 - asked for so that it begins early
    """The cloud of the other tests, with one host."""
    return ready_cloud(starting.calm)


@pytest.fixture(scope="session")
def client(cloud: Cloud) -> Iterator[Client]:
    """Everybody around the app."""
    client = Client(cloud)
    yield client
    client.close()


@pytest.fixture
def exchange(client: Client) -> Iterator[Client]:
    """The same, for a test that lets Exchange misbehave; afterwards it behaves again."""
    yield client
    client.faults()


@pytest.fixture(scope="session")
def fresh_senders() -> Iterator[str]:
    """Names of senders whose mailbox nobody has used yet."""
    return fresh_sender_names()


@pytest.fixture
def fresh_sender(fresh_senders: Iterator[str]) -> str:
    """A sender whose mailbox nobody has used yet, so that its first mail needs a connection and a login."""
    return next(fresh_senders)


@pytest.fixture
def aftermath(begun: Aftermath | None) -> Aftermath:
    """What took long, for the tests that come last."""
    assert begun is not None, "the second cloud was not started"
    return begun


@pytest.fixture
def mail_environment(cloud: Cloud) -> dict[str, str]:
    """The settings of the cloud's host, for a host of a test's own; to be changed by the test."""
    return cloud.settings

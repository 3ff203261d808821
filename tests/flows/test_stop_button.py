"""The stop button: `python -m ops pause` and `resume`, with two hosts that share one queue."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.flows.client import Client, reasons
from tests.flows.operating import answered, ops
from tests.flows.processes import Cloud, HostProcess
from tests.flows.waiting import wait_for

EVERYWHERE = 5
"""Seconds within which every host knows of a pause."""


@pytest.fixture(scope="module")
def other_host(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a second host on the same storage account."""
    host = HostProcess("second", cloud, cloud.settings, tmp_path_factory.mktemp("stops"))
    yield host.wait_ready()[0]
    host.stop()


def held(client: Client, mail: str) -> list[str]:
    """The reasons of a mail as soon as it was taken up, be it to hold it or to send it."""

    def look() -> list[str] | None:
        status = client.status(mail)
        return reasons(status) if status and len(status["timeline"]) > 1 else None

    return wait_for(f"mail {mail} to be taken up", look)


def test_a_pause_works_on_every_host_and_loses_nothing(
    client: Client, cloud: Cloud, other_host: str, fresh_sender: str
) -> None:
    """Mails due five seconds later are held, by whichever host takes them; a resume on the other host sends them."""
    sent = client.settled(client.submit(sender=fresh_sender))
    assert sent["state"] == "sent"
    stop = answered(ops(cloud, "pause", "--sender", fresh_sender, "--why", "work", "--who", "ann", "--json"))
    assert (stop["scope"], stop["name"], stop["by"]) == ("sender", fresh_sender, "ann: work")
    due = datetime.fromtimestamp(time.time() + EVERYWHERE, UTC).isoformat()
    mails = [client.submit(sender=fresh_sender, send_at=due) for _ in range(6)]
    assert all("stopped: paused" in held(client, mail) for mail in mails)
    listed = answered(ops(cloud, "list", "--sender", fresh_sender, "--state", "waiting", "--json", host=other_host))
    assert fresh_sender in {one["name"] for one in listed["stops"]}
    assert {one["id"] for one in listed["messages"]} == set(mails)
    assert {(one["attempts"], one["stopped"]["name"]) for one in listed["messages"]} == {(0, fresh_sender)}
    shown = ops(cloud, "show", mails[0])
    assert f"sender {fresh_sender}" in shown.stdout
    assert "its time stands still" in shown.stdout
    resumed = answered(ops(cloud, "resume", "--sender", fresh_sender, "--why", "done", "--json", host=other_host))
    # How many this call put back is not said: the other host's tick may have been at it already.
    assert [one["name"] for one in resumed["stops"]] == [fresh_sender]
    assert {client.settled(mail)["state"] for mail in mails} == {"sent"}


def test_a_pause_stops_nobody_else(client: Client, cloud: Cloud, fresh_sender: str) -> None:
    """Others go on; a resume where nothing stands is fine."""
    ops(cloud, "pause", "--template", "alert", "--why", "work")
    assert client.settled(client.submit(sender=fresh_sender))["state"] == "sent"
    for told in ("resumed: template alert", "nothing was stopped there"):
        assert told in ops(cloud, "resume", "--template", "alert", "--why", "done").stdout

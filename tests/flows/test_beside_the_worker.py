"""The app in one process with the grpc and the protobuf that the Functions worker brings, older than the app's own.

On Python 3.11 and 3.12 the worker shares its process with the app, and its libraries come first: whatever the app exports
its spans with has to work with them.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devcloud.processes import Child, stop_all
from devcloud.publish import publish
from tests.fakes.ingestion import Ingestion, running_ingestion
from tests.flows.client import Client, span_names
from tests.flows.processes import START_SECONDS, STOP_SECONDS, Cloud, ready_cloud, start_cloud
from tests.flows.waiting import wait_for
from tests.worker_libraries import FOLDER, pins

ROOT = Path(__file__).parents[2]

SPANS = {"accept", "send sending", "process sending", "token fetch", "smtp connect", "smtp auth", "smtp transaction"}
"""From the door to Exchange's reply."""

QUIET = {"APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true", "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true"}
"""Azure Monitor's exporters would also report on themselves to their maker, and ask it for settings."""


@dataclass(frozen=True, slots=True)
class Story:
    """What became of one mail, what of its trace came where, and what the process was made of when it ended."""

    status: Mapping[str, Any]
    mails: list[dict[str, Any]]
    exported: set[str]
    monitored: set[str]
    libraries: Mapping[str, Mapping[str, Any]]
    log: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One mail through a host that has the worker's libraries, with both exporters on."""
    assert FOLDER.is_dir(), "the worker's libraries are not installed: run `make setup`"
    folder = tmp_path_factory.mktemp("beside-the-worker")
    up = start_cloud("up", ("--no-host",), {}, folder)
    try:
        publish(ROOT, folder / "app")
        with running_ingestion() as ingestion:
            yield tell(ready_cloud(up), folder, ingestion)
    finally:
        stop_all([up], seconds=STOP_SECONDS)


def tell(cloud: Cloud, folder: Path, ingestion: Ingestion) -> Story:
    """Send the mail, wait until both collectors have its trace, and end the process to hear what it had loaded."""
    settings = {**cloud.settings, **QUIET, "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string}
    path = os.pathsep.join([str(FOLDER), *filter(None, [settings.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "tests.worker_process", "--app", str(folder / "app")]
    host = Child("host", command, environment={**settings, "PYTHONPATH": path}, folder=folder, cwd=ROOT)
    try:
        port = host.wait_ready(first_line, seconds=START_SECONDS)["port"]
        with closing(Client(cloud, functions=f"http://127.0.0.1:{port}")) as client:
            status = client.settled(client.submit())
            trace = str(status["trace_id"])
            exported = wait_for("the spans at the devcloud", lambda: whole(exported_spans(client, trace)))
            monitored = wait_for("the spans at Application Insights", lambda: whole(ingestion.names(trace)))
            mails = client.of(status)
    finally:
        stop_all([host], seconds=STOP_SECONDS)
    last_line = (folder / "host.out").read_text().splitlines()[-1]
    log = (folder / "host.err").read_text()
    return Story(status, mails, exported, monitored, json.loads(last_line), log)


def first_line(output: str) -> dict[str, Any] | None:
    """What a host says when it is ready."""
    line, complete, _ = output.partition("\n")
    said: dict[str, Any] | None = json.loads(line) if complete else None
    return said


def exported_spans(client: Client, trace: str) -> set[str]:
    """Names of a trace's spans that came to the devcloud over OTLP so far."""
    return {name for found in client.traces(trace_id=trace) for name in span_names(found["spans"])}


def whole(names: set[str]) -> set[str] | None:
    """The names once none is missing."""
    return names if names >= SPANS else None


@pytest.mark.parametrize(("module", "library"), [("grpc", "grpcio"), ("google.protobuf", "protobuf")])
def test_the_process_has_the_workers_library(story: Story, module: str, library: str) -> None:
    """From its first import to its end the process has the worker's version, out of the worker's folder."""
    found = story.libraries[module]
    assert found["version"] == pins()[library]
    assert Path(found["file"]).is_relative_to(FOLDER)
    assert found["kept"]


def test_the_mail_is_sent_beside_the_worker(story: Story) -> None:
    """Exchange has the mail exactly once, and the ledger says so."""
    assert story.status["state"] == "sent"
    assert len(story.mails) == 1


def test_spans_are_exported_beside_the_worker(story: Story) -> None:
    """The whole trace, door to reply, comes over OTLP in protobuf."""
    assert story.exported >= SPANS


def test_azure_monitor_works_beside_the_worker(story: Story) -> None:
    """Its exporter loads there as well, and sends the same trace to Application Insights."""
    assert story.monitored >= SPANS
    assert "ERROR azure.monitor" not in story.log

"""The processes of these tests: whole local clouds, and single hosts with settings of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcloud.processes import Child
from tests.flows.waiting import wait_for

START_SECONDS = 120.0
"""Six on an idle machine; `up` gives each of its own children a minute."""

STOP_SECONDS = 30.0
"""`up` stops its children in order, each with a deadline of its own."""

_OWN = ("MAIL_", "MailStorage", "AZURE_", "DEVCLOUD_", "OTEL_")
"""What `up` passes on to the app: the settings of whoever runs the tests must not reach it."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """A running local cloud: the line that `up` prints (design 3.1), and what follows from it."""

    line: Mapping[str, Any]

    @property
    def settings(self) -> dict[str, str]:
        """The exact environment of its hosts."""
        return dict(self.line["settings"])

    @property
    def folder(self) -> Path:
        """The run's folder: the app's copy, and what each process wrote."""
        return Path(self.line["smtp"]["ca_file"]).parent

    @property
    def app(self) -> Path:
        """The app as it would be published."""
        return self.folder / "app"

    @property
    def inbox(self) -> str:
        """Address of the inbox server."""
        return str(self.line["inbox"])

    @property
    def second_account(self) -> str:
        """Connection string of the storage account that the mail does not use: for an app that shares nothing with it."""
        return self.settings["AzureWebJobsStorage"]


def start_cloud(name: str, options: Sequence[str], settings: Mapping[str, str], folder: Path) -> Child:
    """Start `python -m devcloud up` and return at once; `settings` are those of the app."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_OWN)}
    command = [sys.executable, "-m", "devcloud", "up", *options]
    return Child(name, command, environment={**inherited, **settings}, folder=folder)


def ready_cloud(starting: Child) -> Cloud:
    """Wait for the line of a cloud that was started."""
    return starting.wait_ready(_cloud, seconds=START_SECONDS)


def _cloud(output: str) -> Cloud | None:
    line, complete, _ = output.partition("\n")
    return Cloud(json.loads(line)) if complete else None


class HostProcess:
    """One more host: `python -m devcloud host` with the app of a cloud and settings of its own.

    Started from the main thread only: the kernel ends it with the thread that started it.
    """

    def __init__(self, name: str, cloud: Cloud, settings: Mapping[str, str], folder: Path, *, lease: float = 600.0) -> None:
        """Start it and return at once; `settings` is its whole environment, `lease` is of a queue message in seconds."""
        self.log = folder / f"{name}.err"
        self._out = folder / f"{name}.out"
        command = [sys.executable, "-m", "devcloud", "host", "--app", str(cloud.app), "--lease-seconds", f"{lease:g}"]
        with self._out.open("wb") as out, self.log.open("wb") as err:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                command, env={**settings, "DEVCLOUD_PARENT_DEATH": "1"}, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )

    def wait_ready(self) -> tuple[str, list[str]]:
        """Its address and the names of the functions that it loaded."""
        said = wait_for(f"a host that starts; see {self.log}", self._said, seconds=START_SECONDS)
        return f"http://127.0.0.1:{said['port']}", list(said["functions"])

    def _said(self) -> dict[str, Any] | None:
        assert self._process.poll() is None, f"the host ended: {self.log.read_text()[-2000:]}"
        line, complete, _ = self._out.read_text().partition("\n")
        said: dict[str, Any] | None = json.loads(line) if complete else None
        return said

    def stop(self) -> None:
        """End it politely, or by force when that takes too long."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

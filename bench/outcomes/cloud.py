"""The devcloud of this benchmark: one host, and the simulator with a mailbox for each program and incident."""

import json
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.outcomes.incidents import Incident
from devcloud.processes import Child, StartFault, stop_all

RESOURCE = "https://outlook.office365.com"
"""Whom the token is for (Exchange reference, SMTP AUTH)."""

POLICIES = ("resend", "hold")
"""Values of `on_unknown`: what our project does when nobody can know."""

_START_SECONDS = 120.0  # for `up`, which gives each of its own children a minute
_STOP_SECONDS = 30.0  # it stops its children in order
_REQUEST_SECONDS = 20.0  # the app answers in a tenth of a second, unless the machine is very busy
_OWN = ("MAIL_", "MailStorage", "AZURE_", "DEVCLOUD_", "OTEL_")  # settings of whoever runs this must not reach the app

_HEAD = """\
[cloud]
name = "custom"

[identity]
way = "managed-identity"
model = "rbac"

[http]
auth = "function-key"
"""

_SENDER = """
[senders.{name}]
from = "{name}@contoso.test"
mailboxes = ["{name}@contoso.test"]
on_unknown = "{policy}"
allow_recipients = ["contoso.test"]
"""


def mail_toml(incidents: Sequence[Incident]) -> str:
    """The app's configuration: a sender for each policy and incident, each with a mailbox of its own."""
    pairs = [(policy, incident) for policy in POLICIES for incident in incidents]
    senders = [_SENDER.format(name=sender_name(policy, incident), policy=policy) for policy, incident in pairs]
    return "".join([_HEAD, *senders])


def sender_name(program: str, incident: Incident) -> str:
    """Of a program's sender for one incident: the local part of its mailbox too."""
    return f"{program}-{incident.name}"


@contextmanager
def running(incidents: Sequence[Incident], folder: Path) -> Iterator[Mapping[str, Any]]:
    """A devcloud while the block runs: the line that `up` prints. Raises `StartFault`."""
    config = folder / "mail.toml"
    config.write_text(mail_toml(incidents))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    environment = {**inherited, "MAIL_CONFIG": str(config)}
    up = Child("up", [sys.executable, "-m", "devcloud", "up"], environment=environment, folder=folder)
    try:
        yield up.wait_ready(_first_json_line, seconds=_START_SECONDS)
    finally:
        stop_all([up], seconds=_STOP_SECONDS)


def _first_json_line(output: str) -> Mapping[str, Any] | None:
    line, complete, _rest = output.partition("\n")
    document: Mapping[str, Any] | None = json.loads(line) if complete else None
    return document


@dataclass(frozen=True, slots=True)
class Cloud:
    """The running devcloud, asked over HTTP. `line` is what `up` printed."""

    line: Mapping[str, Any]
    http: httpx.AsyncClient

    @classmethod
    @asynccontextmanager
    async def of(cls, line: Mapping[str, Any]) -> AsyncIterator["Cloud"]:
        """The devcloud that printed this line."""
        async with httpx.AsyncClient(timeout=_REQUEST_SECONDS, trust_env=False) as http:
            yield cls(line, http)

    async def token(self) -> str:
        """A token of the app's own identity, as the simulator takes it."""
        identity = self.line["identity"]
        answer = await self.http.get(
            identity["endpoint"],
            params={"resource": RESOURCE, "api-version": "2019-08-01"},
            headers={"X-IDENTITY-HEADER": identity["header"]},
        )
        return str(answer.raise_for_status().json()["access_token"])

    async def misbehave(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """From now on these scenarios, and no other."""
        answer = await self.http.put(f"{self.line['inbox']}/api/faults", json={"scenarios": list(rules)})
        answer.raise_for_status()

    async def fired(self) -> list[int]:
        """How often each scenario in force has happened."""
        answer = await self.http.get(f"{self.line['inbox']}/api/faults")
        return [rule["fired"] for rule in answer.raise_for_status().json()["scenarios"]]

    async def taken(self) -> Mapping[str, tuple[str, ...]]:
        """Message-IDs of the mails that the simulator has taken, by mailbox, oldest first."""
        answer = await self.http.get(f"{self.line['inbox']}/api/messages")
        found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for mail in answer.raise_for_status().json()["messages"]:
            found[mail["mailbox"].lower()] += (mail["message_id"],)
        return found

    async def submit(self, envelope: Mapping[str, Any]) -> str:
        """Have our project accept a mail; gives its id. Raises `StartFault` where it does not."""
        answer = await self.http.post(f"{self._functions}/messages", json=envelope, headers=self._key)
        if answer.status_code != httpx.codes.ACCEPTED:
            raise StartFault(f"the app did not accept a mail: {answer.status_code}")
        return str(answer.json()["id"])

    async def status(self, mail_id: str) -> Mapping[str, Any]:
        """What our project says of a mail."""
        answer = await self.http.get(f"{self._functions}/messages/{mail_id}", headers=self._key)
        status: Mapping[str, Any] = answer.raise_for_status().json()
        return status

    @property
    def _functions(self) -> str:
        return f"{self.line['functions'][0]}/api"

    @property
    def _key(self) -> dict[str, str]:
        return {"x-functions-key": str(self.line["function_key"])}

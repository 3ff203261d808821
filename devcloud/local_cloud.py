"""The local cloud without its hosts: Azurite and the emulators' process, started together and configured for each other."""

import contextlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from devcloud.azurite import MAIL_ACCOUNT, Azurite, connection_string
from devcloud.handshake import CloudAddresses, CloudConfig
from devcloud.mail_toml import producer_queues, render, send_as
from devcloud.processes import Child, stop_all
from devcloud.run_settings import HostKnobs, Run, host_settings, mail_config, mail_storage, process_environment

_START_SECONDS = 60.0  # a few seconds on an idle machine; generous for one that is busy
_STOP_SECONDS = 10.0  # the emulators have nothing to finish


@dataclass(frozen=True, slots=True)
class Limits:
    """The simulator's limits of each mailbox; they stand in the `mail.toml` of the run too."""

    messages_per_minute: int
    connections: int


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """What runs, where it listens, and the exact environment that its hosts get."""

    run: Run
    azurite: Azurite
    emulators: Child
    addresses: CloudAddresses
    settings: Mapping[str, str]

    @property
    def storage(self) -> str:
        """Connection string of the mail's account as the hosts have it: by way of the proxy, unless the caller gave one."""
        return self.settings.get("MailStorage", mail_storage(self.azurite, self.addresses))


def start_cloud(
    folder: Path, limits: Limits, knobs: HostKnobs, *, caller: Mapping[str, str], stack: contextlib.ExitStack
) -> LocalCloud:
    """Start both in `folder` and wait until they are ready; `stack` stops them again. Raises `StartFault`.

    `caller` is the environment of whoever starts them; what passes on to the hosts says `run_settings`.
    """
    run, environment = Run.random(folder), process_environment(caller)
    azurite = Azurite(folder, environment=environment)
    stack.callback(azurite.stop)
    emulators = Child(
        "cloud", [sys.executable, "-m", "devcloud", "cloud"], environment=environment, folder=folder, stdin=subprocess.PIPE
    )
    stack.callback(stop_all, [emulators], seconds=_STOP_SECONDS)
    azurite.wait_ready()
    run.mail_toml.write_text(render(messages_per_minute=limits.messages_per_minute, connections=limits.connections))
    emulators.tell(msgspec.json.encode(_config(azurite, run, limits, caller)).decode())
    addresses = emulators.wait_ready(_addresses, seconds=_START_SECONDS)
    settings = host_settings(caller, run, azurite, addresses, knobs)
    return LocalCloud(run, azurite, emulators, addresses, settings)


def _config(azurite: Azurite, run: Run, limits: Limits, caller: Mapping[str, str]) -> CloudConfig:
    return CloudConfig(
        azurite=azurite.origins(),
        connection=connection_string(MAIL_ACCOUNT, azurite.accounts.mail_key, azurite.ports),
        queues=sorted(producer_queues(mail_config(caller, run))),
        ca_file=str(run.ca_file),
        identity_header=run.identity_header,
        messages_per_minute=limits.messages_per_minute,
        connections=limits.connections,
        send_as=send_as(mail_config(caller, run)),
    )


def _addresses(output: str) -> CloudAddresses | None:
    line, complete, _rest = output.partition("\n")
    return msgspec.json.decode(line, type=CloudAddresses) if complete else None

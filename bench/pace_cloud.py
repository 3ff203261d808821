"""The local cloud of a pace run: as many hosts as it wants, each of which signs its mails in the display name of From.

That name comes from the `mail.toml` of whoever sends, so that the inbox shows which host sent a mail.
"""

import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.fleet import Fleet, published, without_telemetry
from bench.pace_plan import Setup
from devcloud.local_cloud import Limits, start_cloud
from devcloud.mail_toml import render
from devcloud.run_settings import HostKnobs, process_environment

SENDER = "alerts"
"""The sender of all mails."""

MAILBOX = "alerts@contoso.test"
"""Its address, and the mailbox that logs in where there is no pool."""

_NAMED = "Contoso Alerts"  # in the local cloud's own mail.toml
_SIGNED = re.compile(r"\bhost-(\d+)\b")
_TICK = "*/10 * * * * *"  # rare enough to cost nothing; it closes digests and sweeps, which is not measured here


@dataclass(slots=True, kw_only=True)
class PaceCloud(Fleet):
    """The hosts of a run; `toml` is the text of the `mail.toml` from which each host's own is made."""

    toml: str

    @classmethod
    def start(cls, folder: Path, setup: Setup, *, seed: int, stack: ExitStack) -> "PaceCloud":
        """Start the cloud without its hosts, all data in `folder`; `stack` stops everything. Raises `StartFault`."""
        toml, path = config(setup), folder / "pace.toml"
        path.write_text(toml)
        caller = {**process_environment(os.environ), "MAIL_CONFIG": str(path), "MAIL_TICK": _TICK}
        if setup.attempt_lease is not None:
            caller["MAIL_ATTEMPT_LEASE"] = str(setup.attempt_lease)
        knobs = HostKnobs(seed=seed, lease_seconds=setup.lease_seconds)
        limits = Limits(messages_per_minute=setup.per_minute, connections=setup.connections)
        cloud = start_cloud(folder, limits, knobs, caller=caller, stack=stack)
        quiet = cloud if setup.traced else without_telemetry(cloud)
        fleet = cls(cloud=quiet, app=published(cloud), lease_seconds=setup.lease_seconds, toml=toml)
        fleet.stopped_by(stack)
        return fleet

    def settings_of(self, number: int) -> Mapping[str, str]:
        """The run's environment with a `mail.toml` of its own."""
        path = self.cloud.run.folder / f"mail-{number}.toml"
        path.write_text(self.toml.replace(_NAMED, f"host-{number}"))
        return {**self.cloud.settings, "MAIL_CONFIG": str(path)}

    @property
    def keyed(self) -> dict[str, str]:
        """Headers of a caller with the function key."""
        return {"x-functions-key": self.cloud.run.function_key}

    def api(self, path: str) -> str:
        """Address of one of the inbox server's APIs."""
        return f"{self.cloud.addresses.inbox}/api/{path}"


def config(setup: Setup) -> str:
    """The `mail.toml` of a run: the local cloud's own, with a pool of mailboxes where the run has several."""
    text = render(messages_per_minute=setup.per_minute, connections=setup.connections)
    if setup.mailboxes == 1:
        return text
    pool = ", ".join(f'"pool-{number}@contoso.test"' for number in range(1, setup.mailboxes + 1))
    return text.replace(f'mailboxes = ["{MAILBOX}"]', f"mailboxes = [{pool}]")


def host_of(sender: str) -> int:
    """The number of the host that sent a mail with this From; 0 where it does not say."""
    signed = _SIGNED.search(sender)
    return int(signed[1]) if signed else 0

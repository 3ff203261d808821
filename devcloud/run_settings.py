"""The environment of the hosts of one run: what an app in Azure has as app settings, plus the least a process needs."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devcloud.azurite import HOST_ACCOUNT, MAIL_ACCOUNT, Azurite, connection_string
from devcloud.handshake import CloudAddresses
from devcloud.mail_toml import DEMO_SECRET, secret_names

_PROCESS_NAMES = frozenset(
    {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH"}
)
_PROCESS_PREFIXES = ("LC_", "SSL_")
_CALLER_WINS = ("MAIL_", "MailStorage")
_CALLER_ALSO = frozenset({"AZURE_CLIENT_ID"})  # a user-assigned identity, which the emulator has whatever its id

_SPAN_DELAY_MS = "200"  # a trace shall be on the page when a person looks at the mail
_METRIC_INTERVAL_MS = "2000"
_DRAIN_SECONDS = "8"  # a stopped host finishes what is in flight, but a run must end while somebody waits for it
_REAL_LEASE_SECONDS = 600.0  # of a queue message, fixed in the real host
_REAL_TIMER_LEASE_SECONDS = 60.0  # of the blob by which one of several hosts runs the timers
_SHORTEST_BLOB_LEASE = 15.0  # what the blob service allows


@dataclass(frozen=True, slots=True)
class HostKnobs:
    """How the hosts of a run behave: the seed of their jitter, and a queue lease that may be shorter than the real one."""

    seed: int
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """What is random or chosen in one run: its secrets and where its files are."""

    folder: Path
    identity_header: str
    function_key: str
    master_key: str
    webhook_secret: str

    @classmethod
    def random(cls, folder: Path) -> "Run":
        """New secrets for a run in this folder."""
        return cls(
            folder=folder,
            identity_header=secrets.token_hex(16).upper(),
            function_key=secrets.token_urlsafe(32),
            master_key=secrets.token_urlsafe(32),
            webhook_secret=f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        )

    @property
    def ca_file(self) -> Path:
        """Certificate of the run's authority (PEM)."""
        return self.folder / "ca.pem"

    @property
    def mail_toml(self) -> Path:
        """The `mail.toml` that was written for the run."""
        return self.folder / "mail.toml"


def process_environment(caller: Mapping[str, str]) -> dict[str, str]:
    """The least that a child process needs of the caller's environment: no proxies, no credentials."""
    return {name: value for name, value in caller.items() if name in _PROCESS_NAMES or name.startswith(_PROCESS_PREFIXES)}


def host_settings(
    caller: Mapping[str, str], run: Run, azurite: Azurite, cloud: CloudAddresses, knobs: HostKnobs
) -> dict[str, str]:
    """The exact environment of a host. What the caller set of `MAIL_…`, `MailStorage…` and webhook secrets wins."""
    own = {
        **_storage(azurite, cloud),
        **_mail(run, cloud),
        **_identity(run, cloud),
        **_telemetry(cloud),
        **_host(run, knobs),
    }
    given = {name: value for name, value in caller.items() if _passes(name)}
    if any(name.startswith("MailStorage") for name in given):
        # Two descriptions of one storage would contradict each other.
        del own["MailStorage"]
    names = secret_names(mail_config(caller, run))
    given.update({name: caller[name] for name in names if name in caller})
    return {**process_environment(caller), **own, **given}


def mail_config(caller: Mapping[str, str], run: Run) -> Path:
    """The `mail.toml` that the hosts will read."""
    return Path(caller.get("MAIL_CONFIG", run.mail_toml))


def mail_storage(azurite: Azurite, cloud: CloudAddresses) -> str:
    """Connection string of the mail's account, by way of the proxy."""
    return connection_string(MAIL_ACCOUNT, azurite.accounts.mail_key, cloud.storage)


def _passes(name: str) -> bool:
    return name.startswith(_CALLER_WINS) or name in _CALLER_ALSO


def _storage(azurite: Azurite, cloud: CloudAddresses) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": connection_string(HOST_ACCOUNT, azurite.accounts.host_key, azurite.ports),
        "MailStorage": mail_storage(azurite, cloud),
    }


def _mail(run: Run, cloud: CloudAddresses) -> dict[str, str]:
    return {
        "MAIL_CONFIG": str(run.mail_toml),
        "MAIL_TICK": "*/2 * * * * *",
        "MAIL_SMTP_HOST": "localhost",
        "MAIL_SMTP_PORT": str(cloud.smtp),
        "MAIL_CA_FILE": str(run.ca_file),
        "MAIL_AUTHORITY": cloud.authority,
        "MAIL_TOKEN_SCOPE": "https://outlook.office365.com/.default",
        "MAIL_TENANT_ID": cloud.tenant_id,
        DEMO_SECRET: run.webhook_secret,
    }


def _identity(run: Run, cloud: CloudAddresses) -> dict[str, str]:
    return {"IDENTITY_ENDPOINT": cloud.identity_endpoint, "IDENTITY_HEADER": run.identity_header}


def _telemetry(cloud: CloudAddresses) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": cloud.inbox,
        "OTEL_SERVICE_NAME": "keyless-mail",
        "OTEL_BSP_SCHEDULE_DELAY": _SPAN_DELAY_MS,
        "OTEL_METRIC_EXPORT_INTERVAL": _METRIC_INTERVAL_MS,
    }


def _host(run: Run, knobs: HostKnobs) -> dict[str, str]:
    scale = min(1.0, knobs.lease_seconds / _REAL_LEASE_SECONDS)
    return {
        "DEVCLOUD_FUNCTION_KEY": run.function_key,
        "DEVCLOUD_MASTER_KEY": run.master_key,
        "DEVCLOUD_SEED": str(knobs.seed),
        "DEVCLOUD_DRAIN_SECONDS": _DRAIN_SECONDS,
        "DEVCLOUD_TIMER_LEASE_SECONDS": f"{max(_SHORTEST_BLOB_LEASE, scale * _REAL_TIMER_LEASE_SECONDS):g}",
    }

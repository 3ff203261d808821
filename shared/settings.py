"""Settings: the environment and mail.toml, read once, every fault named at once. Nothing else reads the environment.

`read` never raises for what somebody wrote into a setting: the functions must load, so that health can say what is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.rules.config import HttpAuth, MailConfig
from shared.rules.faults import Fault
from shared.rules.secret import Secret
from shared.rules.storage_config import StorageSettings
from shared.settings_environ import Site, TelemetryTargets, read_lease, read_site, read_telemetry, read_tick, unread
from shared.settings_mail import in_azure, read_mail
from shared.settings_secrets import read_secrets
from shared.settings_storage import Surroundings, read_storage

__all__ = ["Fault", "Secret", "Settings", "TelemetryTargets", "read"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was set. With `faults` the app cannot work: what they concern is None, or its default.

    `tick` is a timer expression, `attempt_lease` is in seconds; `secrets` holds those of the webhooks' secrets that can be
    used, by app setting. Warnings do not stop the app: limits above Exchange's, a webhook without its secret, telemetry.
    """

    mail: MailConfig | None
    storage: StorageSettings | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    tick: str
    attempt_lease: float
    client_id: str | None = None
    tenant_id: str | None = None
    identity_client_id: str | None = None
    ca_file: str | None = None
    site: Site = field(default_factory=Site)
    telemetry: TelemetryTargets = field(default_factory=TelemetryTargets)
    secrets: Mapping[str, Secret] = field(default_factory=dict)

    @property
    def checks_tokens(self) -> bool:
        """Whether the app itself verifies who calls, by bearer token; otherwise the host does, by its keys."""
        return self.mail is not None and self.mail.http_auth is HttpAuth.ENTRA


def read(environ: Mapping[str, str], *, root: Path) -> Settings:
    """All settings; `root` is the folder of `function_app.py`. An app setting without a value counts as not set."""
    given = {name: value.strip() for name, value in environ.items() if value.strip()}
    part = read_mail(given, root)
    storage, storage_faults = read_storage(given, Surroundings(in_azure(given), part.tables.cloud), part.ca_file)
    tick, tick_faults = read_tick(given)
    lease, lease_faults = read_lease(given)
    telemetry, telemetry_warnings = read_telemetry(given)
    secrets, secret_warnings = read_secrets(environ, part.tables.webhooks.values())
    # Without the file nobody knows the names of the webhooks' secrets, which may have our prefix too.
    stray_faults, stray_warnings = unread(given, part.tables.secret_names) if part.parsed else ([], [])
    return Settings(
        mail=part.mail,
        storage=storage,
        faults=(*part.faults, *storage_faults, *tick_faults, *lease_faults, *stray_faults),
        warnings=(*part.warnings, *secret_warnings, *telemetry_warnings, *stray_warnings),
        tick=tick,
        attempt_lease=lease,
        client_id=part.registration.client_id,
        tenant_id=part.registration.tenant_id,
        identity_client_id=part.registration.identity_client_id,
        ca_file=part.ca_file,
        site=read_site(given),
        telemetry=telemetry,
        secrets=secrets,
    )

"""The app settings besides the storage's: custom cloud, app registration, tick, lease, telemetry, webhook secrets.

Each reader takes the environment as it was handed in and gives a value and the faults that stand in its way.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shared.rules.clouds import CLOUDS, CUSTOM
from shared.rules.config import Cloud, HttpAuth, IdentityWay, Server
from shared.rules.faults import KEYLESS_CAUSE, KEYLESS_CURE, Fault, looks_secret, nearest, printable
from shared.rules.mail_toml import Tables
from shared.rules.patterns import GUID, HOST_NAME, https_address, is_port, is_timer, is_web_address
from shared.settings_table import (
    APP_SETTINGS,
    APPLICATION_INSIGHTS,
    ATTEMPT_LEASE,
    AUTHORITY,
    CA_FILE,
    CLIENT_ID,
    CUSTOM_ONLY,
    FOREIGN_SECRETS,
    IDENTITY_CLIENT_ID,
    OPERATOR_SETTINGS,
    OTLP_ENDPOINT,
    OWN_PREFIXES,
    RESOURCE_GROUP,
    SITE_NAME,
    SMTP_HOST,
    SMTP_PORT,
    TENANT_ID,
    TICK,
    TOKEN_SCOPE,
    AppSetting,
)

LONGEST_LEASE = 600.0
"""Seconds. After ten minutes the host itself gives the message of a dead instance to another one."""

Environ = Mapping[str, str]
_EVERY_SCOPE: Final = "/.default"


@dataclass(frozen=True, slots=True)
class TelemetryTargets:
    """Where spans and metrics go; None for a target that is not used. The connection string holds a key and never prints."""

    application_insights: str | None = field(default=None, repr=False)
    otlp_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """What the function app is called in Azure, as the platform tells it; '' elsewhere. Only for commands that are shown."""

    app: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """The app registration and the user-assigned identity, None where they are not set."""

    client_id: str | None
    tenant_id: str | None
    identity_client_id: str | None


def read_cloud(environ: Environ, name: str, *, needs_authority: bool) -> tuple[Cloud | None, list[Fault]]:
    """The cloud of mail.toml's name; from the environment only with `custom`, where its settings are faults otherwise."""
    if name == CUSTOM:
        return _custom_cloud(environ, needs_authority=needs_authority)
    cause = 'is set although mail.toml does not say [cloud] name = "custom": a token must not be sent to a host of a setting'
    cure = 'remove the setting (or say name = "custom", if this is not Exchange Online)'
    faults = [Fault(setting.name, cause, cure) for setting in CUSTOM_ONLY if setting.name in environ]
    return (None if faults else CLOUDS.get(name)), faults


def _custom_cloud(environ: Environ, *, needs_authority: bool) -> tuple[Cloud | None, list[Fault]]:
    host, port = environ.get(SMTP_HOST.name, ""), environ.get(SMTP_PORT.name, SMTP_PORT.default or "")
    authority, scope = environ.get(AUTHORITY.name), environ.get(TOKEN_SCOPE.name, "")
    origin = https_address(authority) if authority else None
    faults: list[Fault] = []
    if not HOST_NAME.fullmatch(host):
        faults.append(_wrong(SMTP_HOST, environ, "a host name", "set the relay's host name, such as localhost"))
    if not is_port(port):
        faults.append(_wrong(SMTP_PORT, environ, "a port", "set a number from 1 to 65535, such as 587"))
    if origin is None and (authority or needs_authority):
        cure = "set the https address of the token service"
        faults.append(_wrong(AUTHORITY, environ, "an https address without user or query", cure))
    if not scope.removesuffix(_EVERY_SCOPE).strip() or not scope.endswith(_EVERY_SCOPE):
        cure = "set the scope of the relay's token, such as https://outlook.office365.com/.default"
        faults.append(_wrong(TOKEN_SCOPE, environ, "a scope that ends in /.default", cure))
    if faults:
        return None, faults
    server = Server(host, int(port))  # of both endpoints: a relay or the local cloud is one server
    return Cloud(CUSTOM, server.host, server.port, origin or "", scope, high_volume=server), []


def _wrong(setting: AppSetting, environ: Environ, wanted: str, cure: str) -> Fault:
    cause = f"is not {wanted}" if setting.name in environ else f"is missing; the custom cloud needs {wanted}"
    return Fault(setting.name, cause, cure)


def read_ca_file(environ: Environ, cloud: str, root: Path) -> tuple[str | None, list[Fault]]:
    """The extra certificate authority, only with the custom cloud; a file that cannot be read is a fault."""
    path = environ.get(CA_FILE.name)
    if path is None or cloud != CUSTOM:
        return None, []
    if not (root / path).is_file():
        return None, [Fault(CA_FILE.name, "names no file that can be read", "set the path of a PEM file")]
    return str(root / path), []


def read_registration(environ: Environ, tables: Tables) -> tuple[Registration, list[Fault]]:
    """The ids of the app registration and of a user-assigned identity, and what is missing for the way of mail.toml."""
    ids = {setting.name: environ.get(setting.name) for setting in (CLIENT_ID, TENANT_ID, IDENTITY_CLIENT_ID)}
    faults: list[Fault] = []
    for name, value in ids.items():
        # Another relay's issuer may number its clients as it likes; Entra's ids are always GUIDs.
        if value is not None and tables.cloud != CUSTOM and not GUID.fullmatch(value):
            faults.append(Fault(name, "is not an id (a GUID)", "copy the id from the Entra admin centre"))
    for name, reason in _needed(tables).items():
        if ids[name] is None:
            faults.append(Fault(name, f"is missing, but {reason} needs it", "copy the id from the Entra admin centre"))
    return Registration(ids[CLIENT_ID.name], ids[TENANT_ID.name], ids[IDENTITY_CLIENT_ID.name]), faults


def _needed(tables: Tables) -> dict[str, str]:
    needed: dict[str, str] = {}
    if any(webhook.audience for webhook in tables.webhooks.values()):
        needed |= {TENANT_ID.name: "a webhook that is proven by Entra's tokens"}
    if tables.http_auth is HttpAuth.ENTRA:
        needed |= dict.fromkeys((CLIENT_ID.name, TENANT_ID.name), '[http] auth = "entra"')
    if tables.identity.way is IdentityWay.FEDERATED:
        # Only a user-assigned identity can be the credential of an app registration (Exchange reference, section 3).
        needed |= dict.fromkeys((CLIENT_ID.name, TENANT_ID.name, IDENTITY_CLIENT_ID.name), '[identity] way = "federated"')
    return needed


def read_tick(environ: Environ) -> tuple[str, list[Fault]]:
    """The schedule of the tick; the default where the setting cannot be read, so that the functions still load."""
    default = TICK.default or ""
    text = environ.get(TICK.name, default)
    if is_timer(text):
        return text, []
    cause = "is not a timer expression of five or six fields (second minute hour day month day-of-week)"
    return default, [Fault(TICK.name, cause, f"set one such as {default!r}")]


def read_site(environ: Environ) -> Site:
    """The app's name and resource group (Learn, "Environment variables and app settings in Azure App Service")."""
    return Site(environ.get(SITE_NAME, ""), environ.get(RESOURCE_GROUP, ""))


def read_lease(environ: Environ) -> tuple[float, list[Fault]]:
    """The lease of one attempt in seconds; the default where the setting cannot be read."""
    default = float(ATTEMPT_LEASE.default or 0)
    try:
        seconds = float(environ.get(ATTEMPT_LEASE.name, default))
    except ValueError:
        seconds = math.nan
    if 0 < seconds <= LONGEST_LEASE:
        return seconds, []
    cause = f"is not a number of seconds above 0 and up to {LONGEST_LEASE:.0f}"
    return default, [Fault(ATTEMPT_LEASE.name, cause, f"set one such as {ATTEMPT_LEASE.default}")]


def read_telemetry(environ: Environ) -> tuple[TelemetryTargets, list[Fault]]:
    """The telemetry targets, and warnings: a wrong target must not keep mail from being sent."""
    insights, endpoint = environ.get(APPLICATION_INSIGHTS.name), environ.get(OTLP_ENDPOINT.name)
    warnings: list[Fault] = []
    if insights is not None and "instrumentationkey=" not in insights.lower():
        cause = "has no InstrumentationKey, so nothing is sent to Application Insights"
        warnings.append(Fault(APPLICATION_INSIGHTS.name, cause, "copy the connection string of the resource"))
        insights = None
    if endpoint is not None and not is_web_address(endpoint):
        cause = "is not an http(s) address, so nothing is exported over OTLP"
        warnings.append(Fault(OTLP_ENDPOINT.name, cause, "set the collector's address, such as http://localhost:4318"))
        endpoint = None
    return TelemetryTargets(insights, endpoint), warnings


def unread(environ: Environ, secret_names: Collection[str]) -> tuple[list[Fault], list[Fault]]:
    """Faults and warnings for settings under our prefixes that nobody reads: typing errors, secrets that we never take."""
    known = {setting.name for setting in APP_SETTINGS}
    faults: list[Fault] = []
    cause, cure = "is never read: this app takes no password and no client secret", "remove it"
    warnings = [Fault(name, cause, cure) for name in FOREIGN_SECRETS if name in environ]
    for name in environ:
        if not name.startswith(OWN_PREFIXES) or name in known or name in secret_names or name in OPERATOR_SETTINGS:
            continue
        meant = nearest(name, known)
        if looks_secret(name):
            faults.append(Fault(printable(name), KEYLESS_CAUSE, KEYLESS_CURE))
        elif meant is not None:
            faults.append(Fault(printable(name), "is not a setting that this app reads", f"did you mean {meant}?"))
        else:
            warnings.append(Fault(printable(name), "is not a setting that this app reads", "remove it"))
    return faults, warnings

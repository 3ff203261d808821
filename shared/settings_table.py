"""The app settings that this app reads: the one list behind the reader, the faults and `docs/settings.md`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AppSetting:
    """One name of the environment; `default` is None where nothing is assumed, `custom_only` ones belong to cloud custom."""

    name: str
    default: str | None = None
    custom_only: bool = False


STORAGE = "MailStorage"
STORAGE_PREFIX = "MailStorage__"
CONFIG = AppSetting("MAIL_CONFIG", default="mail.toml")
CLIENT_ID = AppSetting("MAIL_CLIENT_ID")
TENANT_ID = AppSetting("MAIL_TENANT_ID")
IDENTITY_CLIENT_ID = AppSetting("AZURE_CLIENT_ID")
TICK = AppSetting("MAIL_TICK", default="0 */5 * * * *")
ATTEMPT_LEASE = AppSetting("MAIL_ATTEMPT_LEASE", default="30")
SMTP_HOST = AppSetting("MAIL_SMTP_HOST", custom_only=True)
SMTP_PORT = AppSetting("MAIL_SMTP_PORT", default="587", custom_only=True)
CA_FILE = AppSetting("MAIL_CA_FILE", custom_only=True)
AUTHORITY = AppSetting("MAIL_AUTHORITY", custom_only=True)
TOKEN_SCOPE = AppSetting("MAIL_TOKEN_SCOPE", custom_only=True)
APPLICATION_INSIGHTS = AppSetting("APPLICATIONINSIGHTS_CONNECTION_STRING")
OTLP_ENDPOINT = AppSetting("OTEL_EXPORTER_OTLP_ENDPOINT")

STORAGE_SETTINGS = (
    AppSetting(STORAGE),
    AppSetting(f"{STORAGE_PREFIX}accountName"),
    AppSetting(f"{STORAGE_PREFIX}queueServiceUri"),
    AppSetting(f"{STORAGE_PREFIX}blobServiceUri"),
    AppSetting(f"{STORAGE_PREFIX}tableServiceUri"),
    AppSetting(f"{STORAGE_PREFIX}credential"),
    AppSetting(f"{STORAGE_PREFIX}clientId"),
)

APP_SETTINGS = (
    *STORAGE_SETTINGS,
    CONFIG,
    CLIENT_ID,
    TENANT_ID,
    IDENTITY_CLIENT_ID,
    TICK,
    ATTEMPT_LEASE,
    SMTP_HOST,
    SMTP_PORT,
    CA_FILE,
    AUTHORITY,
    TOKEN_SCOPE,
    APPLICATION_INSIGHTS,
    OTLP_ENDPOINT,
)

CUSTOM_ONLY = tuple(setting for setting in APP_SETTINGS if setting.custom_only)

OPERATOR_SETTINGS = ("MAIL_OPS_URL", "MAIL_OPS_KEY", "MAIL_OPS_TOKEN")
"""Read by `python -m ops` on the operator's machine; not ours, but no mistake either."""

OWN_PREFIXES = ("MAIL_", STORAGE_PREFIX)
"""Names that nobody else uses: an unknown one among them is a typing error."""

FOREIGN_SECRETS = ("AZURE_CLIENT_SECRET", "AZURE_PASSWORD", "SMTP_PASSWORD")
"""Passwords and secrets that other tools take; worth a warning, because somebody may believe that this app uses them."""

SITE_NAME = "WEBSITE_SITE_NAME"
RESOURCE_GROUP = "WEBSITE_RESOURCE_GROUP"
"""What the platform calls the app and its resource group."""

AZURE_MARKS = (SITE_NAME, "WEBSITE_INSTANCE_ID")
"""Set by the platform on every Functions plan, by no tool on a developer's machine."""

"""The app settings one by one: custom cloud, app registration, tick, lease, telemetry, and those that nobody reads."""

from pathlib import Path

import pytest

from shared.rules.config import Server
from shared.settings import read
from shared.settings_table import CUSTOM_ONLY, AppSetting
from tests.unit.settings_folder import SENDER, STORAGE, furnish, load, names

GUID = "11111111-2222-3333-4444-555555555555"
CUSTOM = {**STORAGE, "MAIL_SMTP_HOST": "localhost", "MAIL_TOKEN_SCOPE": "https://outlook.office365.com/.default"}
CUSTOM_CLOUD = '[cloud]\nname = "custom"\n' + SENDER


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app's folder with one template and a minimal mail.toml."""
    return furnish(tmp_path)


@pytest.mark.parametrize("setting", CUSTOM_ONLY, ids=lambda setting: setting.name)
@pytest.mark.parametrize("cloud", ["", '[cloud]\nname = "worldwide"\n', '[cloud]\nname = "china"\n'])
def test_a_custom_setting_beside_a_fixed_cloud_is_a_fault_and_gives_no_cloud(
    app: Path, setting: AppSetting, cloud: str
) -> None:
    """Whoever can edit app settings cannot have a token sent to a host of their own."""
    settings = load(app, cloud + SENDER, {**STORAGE, setting.name: "https://evil.test"})
    assert names(settings.faults) == [setting.name]
    assert settings.mail is None
    assert settings.ca_file is None


def test_the_custom_cloud_comes_from_the_environment(app: Path) -> None:
    """With cloud custom, host, port, authority, scope and certificate authority are the settings'."""
    (app / "ca.pem").write_text("certificate")
    environ = {
        **CUSTOM,
        "MAIL_SMTP_PORT": "2587",
        "MAIL_AUTHORITY": "https://localhost:8443/",
        "MAIL_CA_FILE": "ca.pem",
    }
    settings = load(app, CUSTOM_CLOUD, environ)
    assert settings.faults == ()
    assert settings.mail is not None
    cloud = settings.mail.cloud
    assert (cloud.name, cloud.smtp_host, cloud.smtp_port) == ("custom", "localhost", 2587)
    assert (cloud.authority, cloud.scope) == ("https://localhost:8443", CUSTOM["MAIL_TOKEN_SCOPE"])
    assert (cloud.high_volume, cloud.graph) == (Server("localhost", 2587), "https://graph.microsoft.com")
    assert settings.storage is not None
    assert settings.ca_file == settings.storage.ca_file == str(app / "ca.pem")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_SMTP_HOST", "a host"),
        ("MAIL_SMTP_HOST", "-x.test"),
        ("MAIL_SMTP_HOST", "relay.test:25"),
        ("MAIL_SMTP_PORT", "0"),
        ("MAIL_SMTP_PORT", "65536"),
        ("MAIL_SMTP_PORT", "9" * 5000),
        ("MAIL_SMTP_PORT", "٢٥"),
        ("MAIL_AUTHORITY", "http://localhost"),
        ("MAIL_AUTHORITY", "https://user@localhost"),
        ("MAIL_AUTHORITY", "https://localhost:99999"),
        ("MAIL_TOKEN_SCOPE", "https://outlook.office365.com"),
        ("MAIL_TOKEN_SCOPE", "/.default"),
        ("MAIL_CA_FILE", "no/such/file.pem"),
    ],
)
def test_a_wrong_custom_setting_is_named(app: Path, name: str, value: str) -> None:
    """Each of the custom cloud's settings is checked for its form."""
    settings = load(app, CUSTOM_CLOUD, {**CUSTOM, name: value})
    assert names(settings.faults) == [name]
    assert settings.mail is None


def test_the_custom_cloud_names_what_it_lacks(app: Path) -> None:
    """Host and scope have no default; the authority is needed only where something asks it."""
    assert names(load(app, CUSTOM_CLOUD).faults) == ["MAIL_SMTP_HOST", "MAIL_TOKEN_SCOPE"]
    entra = load(
        app, CUSTOM_CLOUD + '[http]\nauth = "entra"\n', {**CUSTOM, "MAIL_CLIENT_ID": "app", "MAIL_TENANT_ID": "tenant"}
    )
    assert names(entra.faults) == ["MAIL_AUTHORITY"]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ('[http]\nauth = "entra"\n', ["MAIL_CLIENT_ID", "MAIL_TENANT_ID"]),
        ('[identity]\nway = "federated"\n', ["MAIL_CLIENT_ID", "MAIL_TENANT_ID", "AZURE_CLIENT_ID"]),
    ],
)
def test_a_way_that_needs_ids_names_those_that_are_missing(app: Path, text: str, missing: list[str]) -> None:
    """Entra callers and federated tokens need the app registration, the latter a user-assigned identity too."""
    assert names(load(app, SENDER + text).faults) == missing
    complete = load(app, SENDER + text, {**STORAGE, **dict.fromkeys(missing, GUID)})
    assert complete.faults == ()
    assert complete.client_id == complete.tenant_id == GUID
    assert complete.identity_client_id == (GUID if "AZURE_CLIENT_ID" in missing else None)


@pytest.mark.parametrize("name", ["MAIL_CLIENT_ID", "MAIL_TENANT_ID", "AZURE_CLIENT_ID"])
def test_an_id_is_a_guid(app: Path, name: str) -> None:
    """Entra's ids are GUIDs; a name in their place is refused."""
    assert names(read({**STORAGE, name: "contoso"}, root=app).faults) == [name]


@pytest.mark.parametrize(
    "name", ["MAIL_PASSWORD", "MAIL_CLIENT_SECRET", "MailStorage__clientSecret", "MAIL_SMTP_PASSWD", "MAIL_SMTP_PASS"]
)
def test_a_setting_that_looks_like_a_secret_is_refused_as_keyless(app: Path, name: str) -> None:
    """The app takes no password, and says so instead of ignoring it."""
    environ = {"MailStorage__accountName": "contosomail", name: "hunter2"}
    faults = read(environ, root=app).faults
    assert names(faults) == [name]
    assert "managed identity" in faults[0].cause
    assert "hunter2" not in str(faults)


def test_a_setting_that_nobody_knows_is_a_warning(app: Path) -> None:
    """Far from every known name it may be somebody else's; near one it is a typing error and a fault."""
    settings = read(
        {**STORAGE, "MAIL_ZEBRA": "1", "MAIL_OPS_URL": "x", "MAIL_OPS_KEY": "y", "AZURE_CLIENT_SECRET": "z"}, root=app
    )
    assert settings.faults == ()
    assert sorted(names(settings.warnings)) == ["AZURE_CLIENT_SECRET", "MAIL_ZEBRA"]
    assert "MAIL_TICK" in read({**STORAGE, "MAIL_TIK": "1"}, root=app).faults[0].cure


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "APPLICATIONINSIGHTS_CONNECTION_STRING"])
def test_a_wrong_telemetry_target_is_a_warning(app: Path, name: str) -> None:
    """Mail goes out even where nobody can watch it."""
    settings = read({**STORAGE, name: "localhost:4318"}, root=app)
    assert settings.faults == ()
    assert names(settings.warnings) == [name]
    assert settings.telemetry.otlp_endpoint is None
    assert settings.telemetry.application_insights is None


@pytest.mark.parametrize(
    "tick", ["0 */5 * * * *", "*/2 * * * * *", "*/5 * * * *", "0 30 9-17 * Jan-Mar Mon-Fri", "0 0 6,18 * * 0"]
)
def test_the_host_s_timer_expressions_are_read(app: Path, tick: str) -> None:
    """Five or six fields with steps, ranges, lists and names."""
    settings = read({**STORAGE, "MAIL_TICK": tick}, root=app)
    assert settings.faults == ()
    assert settings.tick == tick


@pytest.mark.parametrize(
    "tick",
    [
        "00:05:00",
        "* * * *",
        "60 * * * * *",
        "0 0 24 * * *",
        "*/0 * * * * *",
        "0 5-1 * * * *",
        "x y z a b c",
        f"*/{'9' * 5000} * * * * *",
    ],
)
def test_other_timer_expressions_are_faults(app: Path, tick: str) -> None:
    """What the host could not read is caught here, and the default keeps the function loading."""
    settings = read({**STORAGE, "MAIL_TICK": tick}, root=app)
    assert names(settings.faults) == ["MAIL_TICK"]
    assert settings.tick == "0 */5 * * * *"


@pytest.mark.parametrize(("text", "seconds"), [("30", 30.0), ("0.5", 0.5), ("600", 600.0)])
def test_the_lease_is_in_seconds(app: Path, text: str, seconds: float) -> None:
    """Fractions are fine, for tests."""
    assert read({**STORAGE, "MAIL_ATTEMPT_LEASE": text}, root=app).attempt_lease == seconds


@pytest.mark.parametrize("text", ["0", "-1", "601", "nan", "inf", "30s"])
def test_a_lease_out_of_range_is_a_fault(app: Path, text: str) -> None:
    """Longer than the host's own ten minutes it would protect nothing."""
    assert names(read({**STORAGE, "MAIL_ATTEMPT_LEASE": text}, root=app).faults) == ["MAIL_ATTEMPT_LEASE"]

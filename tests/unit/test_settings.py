"""Settings: everything that was set, and every fault at once, by name, with what to set."""

import base64
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.clouds import CLOUDS
from shared.rules.config import IdentityWay, OnUnknown
from shared.settings import read
from shared.settings_table import APP_SETTINGS
from tests.unit.settings_folder import SENDER, STORAGE, WEBHOOK, furnish, load, names

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app's folder with one template and a minimal mail.toml."""
    return furnish(tmp_path)


def test_a_minimal_file_gets_every_default(app: Path) -> None:
    """One sender is enough; cloud, identity, limits, tick and lease have their defaults."""
    settings = read(STORAGE, root=app)
    assert settings.faults == ()
    assert settings.warnings == ()
    assert settings.mail is not None
    assert settings.mail.cloud == CLOUDS["worldwide"]
    assert settings.mail.identity.way is IdentityWay.MANAGED_IDENTITY
    sender = settings.mail.senders["alerts"]
    assert (sender.from_name, sender.from_address) == ("Contoso Alerts", "Alerts@contoso.test")
    assert sender.on_unknown is OnUnknown.RESEND
    assert sender.allow_recipients == ("contoso.test",)
    assert sender.expires_after == 86_400
    assert (sender.messages_per_minute, sender.connections, sender.recipients_per_day) == (30, 3, 10_000)
    assert (settings.tick, settings.attempt_lease) == ("0 */5 * * * *", 30.0)


def test_the_config_carries_the_hash_of_the_file(app: Path) -> None:
    """The hash is the SHA-256 of the file's bytes, so that a row of the ledger leads to one version of it."""
    settings = read(STORAGE, root=app)
    assert settings.mail is not None
    assert settings.mail.digest_of_file == hashlib.sha256((app / "mail.toml").read_bytes()).hexdigest()


def test_all_faults_are_named_at_once(app: Path) -> None:
    """File, cloud, storage, tick, lease and stray settings are all checked in one reading."""
    text = SENDER.replace('"resend"', '"maybe"') + WEBHOOK.replace('"event"', '"evnt"')
    environ = {"MAIL_TICK": "often", "MAIL_ATTEMPT_LEASE": "0", "MAIL_SMTP_HOST": "relay.test", "MAIL_CONFG": "x"}
    settings = load(app, text, environ)
    assert set(names(settings.faults)) == {
        "senders.alerts.on_unknown",
        "webhooks.demo.template",
        "MAIL_SMTP_HOST",
        "MailStorage",
        "MAIL_TICK",
        "MAIL_ATTEMPT_LEASE",
        "MAIL_CONFG",
    }
    assert settings.mail is None
    assert settings.storage is None
    assert (settings.tick, settings.attempt_lease) == ("0 */5 * * * *", 30.0)
    assert all(fault.cause and fault.cure for fault in settings.faults)


def test_a_missing_file_is_a_fault_and_nothing_else_is_blamed(app: Path) -> None:
    """Without mail.toml there is one fault for the file, and the rest is read all the same."""
    (app / "mail.toml").unlink()
    settings = read({**STORAGE, "MAIL_TICK": "0 * * * * *", "MAIL_HOOK_SECRET": "x"}, root=app)
    assert names(settings.faults) == ["mail.toml"]
    assert settings.tick == "0 * * * * *"
    assert settings.storage is not None


def test_another_file_can_be_named(app: Path) -> None:
    """MAIL_CONFIG is relative to the app's folder, and named as the culprit when it leads nowhere."""
    (app / "other.toml").write_text(SENDER.replace("alerts]", "other]"))
    settings = read({**STORAGE, "MAIL_CONFIG": "other.toml"}, root=app)
    assert settings.mail is not None
    assert list(settings.mail.senders) == ["other"]
    assert names(read({**STORAGE, "MAIL_CONFIG": "gone.toml"}, root=app).faults) == ["MAIL_CONFIG"]


@pytest.mark.parametrize("outside", ["/etc/hostname", "../mail.toml"])
def test_in_azure_only_a_file_of_the_package_counts(app: Path, outside: str) -> None:
    """On the platform a path that leads out of the package is refused, also through '..'."""
    environ = {"MailStorage__accountName": "contosomail", "MAIL_CONFIG": outside, "WEBSITE_SITE_NAME": "app"}
    assert names(read(environ, root=app).faults) == ["MAIL_CONFIG"]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"[cloud]\nname = \n", "line 2"),
        (b"[cloud]\n\n[cloud]\n", "line 3"),
        (b'[cloud]\nname = "w\xff"\n', "line 2"),
        (b"a = [\n", "end of document"),
    ],
)
def test_a_file_that_cannot_be_parsed_says_where(app: Path, content: bytes, place: str) -> None:
    """A syntax fault, a table twice and bytes that are no text are named with their line."""
    (app / "mail.toml").write_bytes(content)
    settings = read(STORAGE, root=app)
    assert names(settings.faults) == ["mail.toml"]
    assert place in settings.faults[0].cause


def test_a_file_of_any_editor_is_read(app: Path) -> None:
    """A byte order mark and Windows line ends do no harm."""
    (app / "mail.toml").write_bytes(b"\xef\xbb\xbf" + SENDER.replace("\n", "\r\n").encode())
    assert read(STORAGE, root=app).faults == ()


def test_the_secrets_of_webhooks_may_have_our_prefix(app: Path) -> None:
    """A name that mail.toml lists as a webhook's secret is no stray setting, whatever it looks like."""
    text = SENDER + WEBHOOK.replace("DEMO_SECRET", "MAIL_DEMO_SECRET")
    settings = load(app, text, {**STORAGE, "MAIL_DEMO_SECRET": SECRET})
    assert settings.faults == ()
    assert list(settings.secrets) == ["MAIL_DEMO_SECRET"]


def test_a_secret_is_there_but_cannot_be_printed(app: Path) -> None:
    """The value comes out only by asking for it."""
    settings = load(app, SENDER + WEBHOOK, {**STORAGE, "DEMO_SECRET": SECRET, "OTHER": "x"})
    assert settings.warnings == ()
    assert settings.secrets["DEMO_SECRET"].reveal() == SECRET
    assert set(settings.secrets) == {"DEMO_SECRET"}
    assert SECRET not in f"{settings!r}{settings.secrets['DEMO_SECRET']}{settings.secrets['DEMO_SECRET']!r}"


def test_nothing_secret_is_in_the_representation(app: Path) -> None:
    """Connection strings hold keys, so they do not print either."""
    environ = {
        "MailStorage": "AccountName=a;AccountKey=c3RvcmFnZWtleQ==;BlobEndpoint=http://127.0.0.1:1/a",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=telemetrykey",
    }
    settings = read(environ, root=app)
    assert settings.faults == ()
    assert settings.telemetry.application_insights == environ["APPLICATIONINSIGHTS_CONNECTION_STRING"]
    assert "c3RvcmFnZWtleQ" not in repr(settings)
    assert "telemetrykey" not in repr(settings)


@pytest.mark.parametrize("value", ["", "@Microsoft.KeyVault(SecretUri=https://v.test/x)", "whsec_c2hvcnQ=", "whsec_***"])
@pytest.mark.parametrize("verify", ["standard-webhooks", "github"])
def test_a_webhook_without_a_usable_secret_is_a_warning(app: Path, value: str, verify: str) -> None:
    """One webhook answers 503 until its secret is there; the app works."""
    settings = load(app, SENDER + WEBHOOK.replace("standard-webhooks", verify), {**STORAGE, "DEMO_SECRET": value})
    assert settings.faults == ()
    assert names(settings.warnings) == ["webhooks.demo.secrets"]
    assert "DEMO_SECRET" in settings.warnings[0].cause
    assert dict(settings.secrets) == {}


def test_a_secret_that_was_written_into_the_file_is_not_repeated(app: Path) -> None:
    """Whoever puts the secret where its name belongs does not find it in the log."""
    for written in (SECRET, "d41d8cd98f00b204e9800998ecf8427e"):
        settings = load(app, SENDER + WEBHOOK.replace("DEMO_SECRET", written))
        assert settings.faults + settings.warnings
        assert written not in str(settings.faults + settings.warnings)


def test_an_empty_setting_counts_as_not_set(app: Path) -> None:
    """Deployment tools leave empty values behind; they say nothing."""
    settings = read(
        {**STORAGE, **{setting.name: " " for setting in APP_SETTINGS if setting.name != "MailStorage"}}, root=app
    )
    assert settings.faults == ()


def test_the_environment_of_this_process_is_not_looked_at(app: Path) -> None:
    """What is read is what was handed in."""
    assert "PATH" in os.environ
    assert names(read({}, root=app).faults) == ["MailStorage"]


_SETTING_NAMES = st.sampled_from([s.name for s in APP_SETTINGS] + ["MAIL_PASSWORD", "MAIL_X", "WEBSITE_SITE_NAME"])


@given(environ=st.dictionaries(_SETTING_NAMES, st.text(max_size=40)))
def test_no_environment_makes_reading_raise(environ: dict[str, str]) -> None:
    """Whatever stands in the settings, there is an answer, and no mail with a fault."""
    settings = read(environ, root=Path(__file__).resolve().parents[2])
    assert settings.mail is not None or settings.faults
    assert settings.storage is not None or settings.faults

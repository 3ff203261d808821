"""docs/settings.md says what the code reads, all of it and nothing else; the shipped settings are sound."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from shared.rules.clouds import CLOUDS
from shared.rules.mail_toml_schema import CURES, NAMED, SINGLE, ConditionTable, RecipientsTable, Table
from shared.settings import read
from shared.settings_table import APP_SETTINGS

ROOT = Path(__file__).resolve().parents[2]
TABLES = {**SINGLE, **NAMED}

# Defaults that mail.toml writes in another form than the struct holds, or that come from another key.
WORDED_DEFAULTS = {
    ("senders", "allow_recipients"): "the sender's own domain",
    ("senders", "expires_after"): '"24h"',
    ("retention", "payload"): '"1d"',
    ("retention", "rows"): '"90d"',
    ("webhooks", "sender"): "the digest's",
    ("webhooks", "to"): "the digest's",
    ("callers", "templates"): "any content",
    ("callers", "recipients"): "the sender's",
    ("callers", "reply_to"): "the sender's own",
    ("callers", "per_day"): "no limit",
}


def _section(heading: str) -> str:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"docs/settings.md has no heading {heading!r}"
    return re.split(r"\n#{2,3} ", rest)[0]


def _rows(heading: str) -> dict[str, list[str]]:
    """The first table below a heading: name → the other cells."""
    table = next(block for block in _section(heading).strip().split("\n\n") if block.startswith("| "))
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    return {row[0].strip().strip("`"): row[1:] for row in cells}


def _heading(section: str) -> str:
    return f"### `[{section}]`" if section in SINGLE else f"### `[{section}.NAME]`"


def _default_of(section: str, field: msgspec.structs.FieldInfo) -> str:
    if (section, field.encode_name) in WORDED_DEFAULTS:
        return WORDED_DEFAULTS[section, field.encode_name]
    if field.required:
        return "required"
    value = [] if field.default is msgspec.NODEFAULT else field.default
    return "\N{EN DASH}" if value is None else json.dumps(value)


def test_every_app_setting_stands_in_the_docs_and_no_other() -> None:
    """The table of app settings has the names that the code reads."""
    assert set(_rows("## App settings")) == {setting.name for setting in APP_SETTINGS}


def test_the_docs_say_the_defaults_of_the_app_settings() -> None:
    """The default of each app setting is the one that the code assumes."""
    documented = {name: cells[2] for name, cells in _rows("## App settings").items()}
    assert documented == {s.name: f"`{s.default}`" if s.default else "\N{EN DASH}" for s in APP_SETTINGS}


@pytest.mark.parametrize(("section", "table"), TABLES.items(), ids=str)
def test_every_key_of_the_file_stands_in_the_docs_with_its_default(section: str, table: type[Table]) -> None:
    """Each table of mail.toml is documented key by key, with the default that the code has."""
    documented = {name: cells[2].strip("`") for name, cells in _rows(_heading(section)).items()}
    assert documented == {field.encode_name: _default_of(section, field) for field in msgspec.structs.fields(table)}


@pytest.mark.parametrize("heading", ["## App settings", *map(_heading, TABLES)])
def test_every_row_says_meaning_type_default_and_example(heading: str) -> None:
    """No cell of the settings' tables is empty."""
    assert all(len(cells) == 4 and all(cells) for cells in _rows(heading).values())


def test_every_key_has_a_cure() -> None:
    """A fault of any key of the file can say what to write there, and no cure is for a key that is gone."""
    tables: list[type[Table]] = [*TABLES.values(), ConditionTable, RecipientsTable]
    keys = {field.encode_name for table in tables for field in msgspec.structs.fields(table)}
    assert set(CURES) == keys


def test_the_docs_list_the_clouds_of_the_code() -> None:
    """Host, authority and scope of each cloud are the same in docs and code."""
    section = _section("### `[cloud]`")
    for cloud in CLOUDS.values():
        assert f"| {cloud.name} | `{cloud.smtp_host}` | `{cloud.authority}` | `{cloud.scope}` |" in section


def test_the_shipped_mail_toml_has_no_fault() -> None:
    """mail.toml as it is deployed loads; the only warning is the webhook's secret, which nobody has set yet."""
    settings = read({"MailStorage__accountName": "contosomail"}, root=ROOT)
    assert settings.faults == ()
    assert settings.mail is not None
    assert [warning.name for warning in settings.warnings] == ["webhooks.monitor.secrets"]


def test_the_sample_of_local_settings_has_no_fault() -> None:
    """local.settings.sample.json is enough to start the app on a developer's machine."""
    values = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    settings = read(values, root=ROOT)
    assert settings.faults == ()
    assert settings.storage is not None
    assert settings.storage.connection_string == values["AzureWebJobsStorage"]


def test_host_json_keeps_the_promises_of_the_code() -> None:
    """The host hands over raw bodies, moves nothing to poison early, and leaves tracing to OpenTelemetry."""
    host = json.loads((ROOT / "host.json").read_text("utf-8"))
    queues = host["extensions"]["queues"]
    assert queues["messageEncoding"] == "none"
    assert queues["maxDequeueCount"] == 20
    assert queues["batchSize"] == 32
    assert host["extensions"]["http"]["routePrefix"] == "api"
    assert host["telemetryMode"] == "OpenTelemetry"

"""The complete app settings of docs/examples: their folders, and what their pages say to set."""

import base64
import re
import tomllib
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
"""What the Key Vault references of the pages stand for: sound for every kind of webhook."""

_REFERENCE = "@Microsoft.KeyVault("
_ROW = re.compile(r"^\| `(?P<name>\w+)` \| `(?P<value>[^`]+)` \|", re.MULTILINE)


def names() -> list[str]:
    """The examples, by the names of their folders."""
    return sorted(path.parent.name for path in EXAMPLES.glob("*/mail.toml"))


def mail_toml(name: str) -> Path:
    """An example's file."""
    return EXAMPLES / name / "mail.toml"


def app_settings(name: str) -> dict[str, str]:
    """The table of app settings in an example's README, with Key Vault references resolved."""
    page = (EXAMPLES / name / "README.md").read_text("utf-8")
    _, _, section = page.partition("\n## App settings\n")
    rows = _ROW.findall(section.partition("\n## ")[0])
    return {setting: SECRET if value.startswith(_REFERENCE) else value for setting, value in rows}


def tables(name: str) -> dict[str, dict[str, dict[str, object]]]:
    """An example's file as it was written, section by section."""
    return tomllib.loads(mail_toml(name).read_text("utf-8"))

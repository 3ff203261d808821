"""docs/webhooks.md shows what really happens to an event's texts and links."""

import re
import tomllib
from pathlib import Path

from shared.rules.event_conditions import check_path
from shared.rules.event_text import tamed

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")


def _section(heading: str) -> str:
    _, found, rest = PAGE.partition(f"## {heading}\n")
    assert found, f"docs/webhooks.md has no heading {heading!r}"
    return rest.partition("\n## ")[0]


def test_each_row_of_the_table_of_texts_is_true() -> None:
    """Left what somebody wrote, right what the mail shows, with `links = ["github.com"]`."""
    rows = re.findall(r"^\| `(.*)` \| `(.*)` \|$", _section("What is shown"), re.MULTILINE)
    assert len(rows) > 5
    assert [(written, tamed(written, ["github.com"])) for written, _ in rows] == rows


def test_the_settings_of_the_page_can_be_read() -> None:
    """Every block of settings is TOML, and its fields are paths."""
    blocks = re.findall(
        r"```toml\n(.*?)```", "".join(_section(name) for name in ("Which events count", "Who gets the mail")), re.DOTALL
    )
    tables = [tomllib.loads(block)["webhooks"]["github"] for block in blocks]
    fields = [condition["field"] for table in tables for condition in table.get("when", [])]
    fields += [table["recipients"]["field"] for table in tables if "recipients" in table]
    assert len(fields) == 4
    for field in fields:
        check_path(field)

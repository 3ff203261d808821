"""The examples of docs/examples are complete: the app reads each without a fault, with the settings that its page names."""

import re
from pathlib import Path

import pytest

from shared.settings import Settings, read
from tests.example_settings import EXAMPLES, app_settings, mail_toml, names

ROOT = Path(__file__).parents[2]

PAGES = [ROOT / "docs" / "producers.md", *sorted(EXAMPLES.glob("*/README.md"))]
"""Those whose links are looked at here."""


def settings(name: str, without: str = "") -> Settings:
    """What the app makes of an example, as on Azure's worldwide cloud; one setting may be forgotten."""
    environ = {setting: value for setting, value in app_settings(name).items() if setting != without}
    return read({**environ, "MAIL_CONFIG": str(mail_toml(name))}, root=ROOT)


@pytest.mark.parametrize("name", names())
def test_an_example_has_no_fault_and_no_warning(name: str) -> None:
    """Whoever copies the file and sets what the page says has a working app."""
    found = settings(name)
    assert found.faults == ()
    assert found.warnings == ()
    assert found.mail is not None
    assert found.mail.cloud.name == "worldwide"


@pytest.mark.parametrize(("name", "setting"), [(name, setting) for name in names() for setting in app_settings(name)])
def test_every_setting_of_the_page_is_needed(name: str, setting: str) -> None:
    """Each row of the page's table is missed by name where it is forgotten: none is there for nothing."""
    found = settings(name, without=setting)
    missed = [f"{fault.name} {fault.cause}" for fault in (*found.faults, *found.warnings)]
    assert [text for text in missed if setting.partition("__")[0] in text]


@pytest.mark.parametrize("name", names())
def test_the_page_names_every_door(name: str) -> None:
    """Each webhook of the file has its address in the page, each producer its queue, each audience its registration."""
    mail = settings(name).mail
    assert mail is not None
    page = (EXAMPLES / name / "README.md").read_text("utf-8")
    assert set(mail.webhooks) == set(re.findall(r"/api/webhooks/([a-z0-9-]+)", page))
    assert {producer.queue for producer in mail.producers.values() if f"`{producer.queue}`" not in page} == set()
    assert {audience for audience in _audiences(name) if audience not in page} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT / "docs")))
def test_links_between_the_pages_lead_somewhere(page: Path) -> None:
    """Every link to a file of this project finds it."""
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")) if "://" not in link]
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []


def _audiences(name: str) -> set[str]:
    return set(re.findall(r'^audience = "([^"]+)"', mail_toml(name).read_text("utf-8"), re.MULTILINE))

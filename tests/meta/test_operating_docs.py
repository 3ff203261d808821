"""The operator's page names commands, options and routes that exist, and all of them."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from functions import audits, doctor, operators, pace, stop_orders
from ops.__main__ import program

PAGE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
LINES = [line.removeprefix("$ python -m ops ") for line in PAGE.splitlines() if line.startswith("$ python -m ops ")]
ASKED = ["--url", "https://contoso.test", "--key", "k"]


@pytest.mark.parametrize("line", LINES)
def test_every_command_of_the_page_is_one(line: str) -> None:
    """It parses as it stands there: no option is missing, none is unknown."""
    name, *arguments = shlex.split(line)
    commands = get_command(program).commands  # type: ignore[attr-defined]  # a group, as there are several commands
    assert commands[name].make_context(name, [*arguments, *ASKED]).params["url"] == ASKED[1]


def test_the_page_shows_every_command() -> None:
    """What cannot be found there does not exist for an operator."""
    commands = get_command(program).commands  # type: ignore[attr-defined]  # a group, as there are several commands
    assert {line.split()[0] for line in LINES} == set(commands)


def test_the_page_lists_every_route() -> None:
    """With the host's prefix left out, as the page says."""
    routes = {f"/{route.path}" for room in (operators, pace, stop_orders, audits, doctor) for route in room.ROUTES}
    listed = {found.partition("?")[0] for found in re.findall(r"`(?:GET|POST) (/[^`]*)`", PAGE)}
    assert {route.replace("{action}", "redrive") for route in routes} == listed - {"/messages/{id}/cancel"}

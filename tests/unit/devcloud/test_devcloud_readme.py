"""That `devcloud/README.md` is true where a machine can tell."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from devcloud import directory, storage_faults
from devcloud.exchange import Limits
from devcloud.exchange.access import Access
from devcloud.exchange.faults_document import read_all
from devcloud.exchange.scenarios import REGISTRY

DEVCLOUD = Path(__file__).parents[3] / "devcloud"
TEXT = (DEVCLOUD / "README.md").read_text()


def section(title: str) -> str:
    """The text below a heading that begins with this title."""
    return TEXT.partition(f"### {title}")[2].partition("\n##")[0]


def test_every_scenario_of_the_simulator_is_listed() -> None:
    """The names in the list are those that can be armed, each once."""
    rows = [line for line in section("Exchange").splitlines() if line.startswith("| ")]
    listed = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert sorted(listed) == sorted(REGISTRY)


def test_every_scenario_of_storage_and_identity_is_described() -> None:
    """Each name and each fact that can be matched stands in its section."""
    for title, names in (
        ("Storage", storage_faults.SCENARIO_NAMES | storage_faults.SCENARIO_FACTS),
        ("Identity", directory.SCENARIO_NAMES | directory.SCENARIO_FACTS),
    ):
        missing = [name for name in names if f"`{name}`" not in section(title)]
        assert missing == []


def test_every_field_of_the_identity_is_described() -> None:
    """Each field of its faults has a row of its own."""
    described = set(re.findall(r"^\| `(\w+)` \|", section("Identity"), re.MULTILINE))
    assert {field.name for field in msgspec.structs.fields(directory.IdentityFaults)} <= described


def test_every_fault_of_identity_and_permissions_can_be_put() -> None:
    """The route in the last column takes the documents of its row."""
    takers: dict[str, Callable[[bytes], object]] = {
        "/api/faults": lambda body: read_all(body, Limits(), Access()),
        "/api/identity/faults": lambda body: msgspec.json.decode(body, type=directory.IdentityFaults),
        "/api/storage/faults": lambda body: msgspec.json.decode(body, type=storage_faults.StorageFaults),
    }
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| `(/api/[a-z/]+)` \|$", section("Faults of identity"), re.MULTILINE)
    documents = [(route, body) for put, route in rows for body in re.findall(r"`(\{.*?\})`", put)]
    assert {route for route, _ in documents} == set(takers)
    assert all(takers[route](body.encode()) for route, body in documents)


def test_every_link_leads_somewhere() -> None:
    """A link to a file of this folder leads to one that exists."""
    links = re.findall(r"\]\((?!https:)([^)#]+)", TEXT)
    assert links
    assert [link for link in links if not (DEVCLOUD / link).is_file()] == []

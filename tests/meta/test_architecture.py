"""The house rules: who may import whom, no cycles, the budgets of files and functions, no mocks, and a quiet import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from shared.telemetry_names import Attr, Metric

ROOT = Path(__file__).parents[2]
OURS = ("functions", "shared", "devcloud", "ops", "infra", "tests", "bench")
FILE_LINES = 250
FUNCTION_LINES = 50
MEDIAN_FUNCTION_LINES = 12

OUTSIDE_RULES = {"socket", "ssl", "os", "time", "random", "azure", "secrets", "asyncio", "pathlib", "subprocess", "aiohttp"}
"""What a pure module may not touch: the network, the clock, chance, files and the environment."""

CLOCKS = {("time", "time"), ("time", "monotonic"), ("datetime", "now"), ("datetime", "utcnow"), ("random", "random")}
"""Reading the clock or chance: only where the graph is built."""


def python_files(*rooms: str) -> list[Path]:
    """The Python files of the rooms, without what package managers put there."""
    found = [path for room in rooms for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts]
    return sorted(found)


def module_of(path: Path) -> str:
    """`shared/rules/mime.py` → `shared.rules.mime`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[str]:
    """Modules that a file imports, anywhere in it; `from a import b` gives `a.b` where that is a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                is_module = (ROOT / (deeper.replace(".", "/") + ".py")).exists()
                yield deeper if is_module else node.module


def room_of(module: str) -> str:
    """The room of the import table that a module of ours stands in; '' for a library."""
    if module.startswith("shared.rules"):
        return "rules"
    if module.startswith("shared.edges"):
        return "edges"
    if module in {"shared.telemetry", "shared.telemetry_names"}:
        return "telemetry"
    if module == "shared.wiring" or module.startswith("shared.wiring_"):
        return "wiring"
    if module == "shared" or module.startswith("shared."):
        return "stories"
    top = module.partition(".")[0]
    return top if top in {*OURS, "function_app"} else ""


MAY_IMPORT = {
    "function_app": {"functions"},
    "functions": {"functions", "wiring", "stories", "rules", "telemetry"},
    "wiring": {"wiring", "stories", "edges", "rules", "telemetry"},
    "stories": {"stories", "rules", "telemetry"},
    "edges": {"edges", "rules", "telemetry"},
    "telemetry": {"telemetry"},
    "rules": {"rules"},
    "devcloud": {"devcloud"},
    "ops": {"ops", "rules"},
    "infra": {"infra", "rules"},
}


def edge_of(module: str) -> str:
    """The outside system that an edge module belongs to: the files of one edge share their first word."""
    return module.rpartition(".")[2].partition("_")[0]


STORAGE_EDGES = {
    *("storage", "ledger", "queues", "payloads", "digest", "attachments"),
    *("suppressions", "stops", "recipient", "pace", "quotas", "audits"),
}
"""One outside system, the storage account, in several files."""


def same_edge(one: str, other: str) -> bool:
    """Whether two edge modules belong to one outside system."""
    pair = {edge_of(one), edge_of(other)}
    return len(pair) == 1 or pair <= STORAGE_EDGES


@pytest.mark.parametrize(
    "path", [*python_files("functions", "shared", "devcloud", "ops", "infra"), ROOT / "function_app.py"], ids=module_of
)
def test_imports_follow_the_table(path: Path) -> None:
    """A module imports only what the design's table allows its room."""
    here = module_of(path)
    room = room_of(here)
    wrong = {there for there in imports_of(path) if room_of(there) and room_of(there) not in MAY_IMPORT[room]}
    assert not wrong, f"{here} ({room}) imports {sorted(wrong)}"


@pytest.mark.parametrize("path", python_files("shared/rules"), ids=module_of)
def test_rules_are_pure(path: Path) -> None:
    """A rule touches no network, file, clock, chance or environment."""
    assert not {name for name in imports_of(path) if name.partition(".")[0] in OUTSIDE_RULES}


@pytest.mark.parametrize("path", python_files("shared/edges"), ids=module_of)
def test_edges_do_not_know_each_other(path: Path) -> None:
    """An edge imports only files of its own outside system."""
    here = module_of(path)
    others = {name for name in imports_of(path) if name.startswith("shared.edges.")}
    assert not {other for other in others if not same_edge(here, other)}


def test_only_the_wiring_names_adapters() -> None:
    """No story and no door imports an edge."""
    users = {
        module_of(path)
        for path in python_files("functions", "shared")
        for name in imports_of(path)
        if room_of(name) == "edges"
    }
    assert {room_of(user) for user in users} <= {"wiring", "edges"}


def test_only_telemetry_knows_opentelemetry() -> None:
    """Spans and metrics go through one module."""
    users = {
        module_of(path)
        for path in python_files("functions", "shared")
        for name in imports_of(path)
        if name.partition(".")[0] == "opentelemetry"
    }
    assert users == {"shared.telemetry"}


def test_there_are_no_import_cycles() -> None:
    """No module of the app leads back to itself, counting imports inside functions too."""
    graph = {
        module_of(path): {name for name in imports_of(path) if room_of(name)} for path in python_files("functions", "shared")
    }
    for start, imported in graph.items():
        seen, todo = set(), list(imported)
        while todo:
            module = todo.pop()
            assert module != start, f"{start} leads back to itself"
            if module not in seen:
                seen.add(module)
                todo += graph.get(module, ())


@pytest.mark.parametrize("path", python_files("functions", "shared"), ids=module_of)
def test_clock_chance_and_environment_are_arguments(path: Path) -> None:
    """Only the wiring reads the clock and chance, only wiring and settings the environment (design rule 8)."""
    allowed = room_of(module_of(path)) == "wiring"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            assert allowed or (node.func.value.id, node.func.attr) not in CLOCKS, f"line {node.lineno}"
        if isinstance(node, ast.Attribute) and node.attr == "environ":
            assert allowed or module_of(path) == "shared.settings", f"line {node.lineno}"


def functions_in(paths: list[Path]) -> Iterator[tuple[str, int]]:
    """Name and length of every function, its docstring and decorators not counted."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                yield f"{module_of(path)}.{node.name}", (body[-1].end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("path", python_files(*OURS), ids=module_of)
def test_files_stay_small(path: Path) -> None:
    """A file is understood in one reading."""
    assert len(path.read_text().splitlines()) <= FILE_LINES


def test_functions_stay_small() -> None:
    """No function is long, and half of them are very short."""
    lengths = dict(functions_in(python_files("functions", "shared", "devcloud", "ops", "infra")))
    assert not {name: length for name, length in lengths.items() if length > FUNCTION_LINES}
    assert median(lengths.values()) <= MEDIAN_FUNCTION_LINES


def test_every_name_of_the_telemetry_is_used() -> None:
    """The vocabulary holds no attribute and no metric that nobody sets."""
    said = "".join(path.read_text() for path in python_files("functions", "shared") if path.stem != "telemetry_names")
    names = [f"{kind.__name__}.{member.name}" for kind in (Attr, Metric) for member in kind]
    assert [name for name in names if name not in said] == []


def test_nothing_is_mocked() -> None:
    """Fakes speak the protocol; nothing is patched."""
    words = ("unittest" + ".mock", "Magic" + "Mock", "monkeypatch" + ".setattr", "mocker" + ".")
    assert not [path for path in python_files("tests") if any(word in path.read_text() for word in words)]


def test_every_test_says_what_is_true() -> None:
    """Each test has a sentence of its own."""
    silent = [
        f"{module_of(path)}.{node.name}"
        for path in python_files("tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent


QUIET = """
import socket, sys
class Loud(socket.socket):
    def __init__(self, *args, **kwargs):
        raise SystemExit("a socket was opened while function_app was imported")
socket.socket = Loud
import function_app
functions = function_app.app.get_functions()
heavy = {name for name in sys.modules if name.split(".")[0] in {"aiosmtplib", "aiohttp", "jinja2", "msal", "jwt", "nh3"}}
sdks = ("azure.storage", "azure.data", "azure.identity", "opentelemetry.sdk")
heavy |= {name for name in sys.modules if name.startswith(sdks)}
print(len(functions), sorted(heavy))
"""


def test_importing_the_app_opens_no_socket_and_loads_nothing_heavy() -> None:
    """Importing and indexing is quiet: no connection, and none of the heavy libraries."""
    done = subprocess.run([sys.executable, "-c", QUIET], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own interpreter
    assert done.returncode == 0, done.stderr
    count, _, heavy = done.stdout.partition(" ")
    assert int(count) > 0
    assert heavy.strip() == "[]"

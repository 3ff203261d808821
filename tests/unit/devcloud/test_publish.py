"""The publish set, and that both ways of reading `.funcignore` agree on it."""

import os
import re
from pathlib import Path

import pytest

from devcloud.publish import IGNORE_FILE, publish, publish_set

ROOT = Path(__file__).parents[3]

PUBLISHED = [
    "function_app.py",
    "functions/http_api.py",
    "host.json",
    "mail.toml",
    "requirements.txt",
    "shared/edges/pace.py",
    "shared/rules/states.py",
    "shared/tests_of_time.py",
    "templates/digest.html.j2",
    "templates/digest/text.j2",
]
LEFT_OUT = [
    ".ci/run",
    ".env",
    ".funcignore",
    ".git/config",
    ".gitignore",
    ".run/log",
    ".venv/lib/python3.11/site-packages/x.py",
    ".mypy_cache/3.11/x.json",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "__azurite_db_queue__.json",
    "__blobstorage__/x",
    "__pycache__/function_app.cpython-311.pyc",
    "azure.yaml",
    "bench/send.py",
    "devcloud/node_modules/azurite/package.json",
    "devcloud/up.py",
    "docs/decisions/0001.md",
    "functions/.hidden",
    "infra/main.bicep",
    "local.settings.json",
    "local.settings.sample.json",
    "node_modules/x/index.js",
    "ops/__main__.py",
    "pyproject.toml",
    "shared/__pycache__/send.cpython-311.pyc",
    "shared/rules/__pycache__/states.cpython-311.pyc",
    "shared/rules/.pytest_cache/x",
    "tests/.env",
    "tests/requirements.txt",
    "tests/unit/test_send.py",
]


def core_tools_set(root: Path) -> list[str]:
    """What `func azure functionapp publish` takes: every file whose path does not begin with a line of the file, up to a
    word boundary (azure-functions-core-tools, GitIgnoreParser.cs; `**` is anything, `*` anything but a slash)."""
    lines = [line.strip() for line in (root / IGNORE_FILE).read_text().split("\n")]
    patterns = [line.removeprefix("/") for line in lines if line and not line.startswith("#")]
    assert not any(pattern.startswith("!") for pattern in patterns)
    bodies = [re.escape(pattern).replace(r"\*\*", "(.+)").replace(r"\*", "([^/]+)") for pattern in patterns]
    excluded = re.compile(rf"^(({')|('.join(bodies)}))\b", re.ASCII)
    return sorted(path for path in all_files(root) if not excluded.match(path))


def all_files(root: Path) -> list[str]:
    """Every file below a folder, as a path relative to it."""
    return [str(Path(folder, name).relative_to(root)) for folder, _, names in os.walk(root) for name in names]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project folder with everything in it that a developer's folder ever holds, and the real ignore file."""
    root = tmp_path / "project"
    for path in (*PUBLISHED, *LEFT_OUT):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    (root / IGNORE_FILE).write_text((ROOT / IGNORE_FILE).read_text())
    return root


def test_only_the_app_is_published(tree: Path) -> None:
    """Code, templates and the three files that the host needs go to Azure, and nothing else does."""
    assert publish_set(tree) == sorted(PUBLISHED)


def test_core_tools_publishes_the_same_files(tree: Path) -> None:
    """Core Tools, which reads the file by a rule of its own, comes to the same set."""
    assert core_tools_set(tree) == sorted(PUBLISHED)


def test_both_readings_agree_on_this_project() -> None:
    """On the project as it lies here, the two readings give one set, and all of it lies in the app's own places."""
    found = publish_set(ROOT)
    assert {path.partition("/")[0] for path in found} <= {path.partition("/")[0] for path in PUBLISHED}
    assert found == core_tools_set(ROOT)


def test_publish_copies_exactly_the_set(tree: Path, tmp_path: Path) -> None:
    """The copy holds the files of the set with their content, and no other."""
    target = tmp_path / "copy"
    publish(tree, target)
    assert sorted(all_files(target)) == sorted(PUBLISHED)
    assert (target / "templates/digest/text.j2").read_text() == "templates/digest/text.j2"


def test_a_project_without_the_file_is_refused(tmp_path: Path) -> None:
    """Without `.funcignore` nothing is published: it would be everything."""
    with pytest.raises(FileNotFoundError):
        publish_set(tmp_path)

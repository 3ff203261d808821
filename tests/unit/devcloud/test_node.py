"""Which Node runs Azurite."""

import stat
from pathlib import Path

import pytest

from devcloud.node import NodeFault, find_node


def test_an_old_node_is_not_taken(tmp_path: Path) -> None:
    """A Node before 20 on the PATH is passed over for the virtual environment's; without one the fault says what to do."""
    beside = tmp_path / "beside"
    beside.mkdir()
    old = fake_node(tmp_path, "v18.20.0")
    with pytest.raises(NodeFault, match="make setup"):
        find_node(str(tmp_path), beside=beside)
    new = fake_node(beside, "v22.1.0")
    assert find_node(str(tmp_path), beside=beside) == str(new)
    fake_node(tmp_path, "v20.0.0")
    assert find_node(str(tmp_path), beside=beside) == str(old)


def test_the_program_behind_a_script_is_taken(tmp_path: Path) -> None:
    """A `node` that only starts the real one, as the wheel's does, is not what would be started and stopped."""
    script = fake_node(tmp_path, "v22.1.0", program="/somewhere else/bin/node")
    assert find_node(str(script.parent), beside=tmp_path) == "/somewhere else/bin/node"


def fake_node(folder: Path, version: str, *, program: str | None = None) -> Path:
    """A program that says it is Node of this version."""
    node = folder / "node"
    node.write_text(f"#!/bin/sh\necho '{version} {program or node}'\n")
    node.chmod(node.stat().st_mode | stat.S_IXUSR)
    return node

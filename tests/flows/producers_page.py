"""The blocks of docs/producers.md that begin with a file name, as files, and a machine on which they run."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devcloud.node import find_node

PAGE = Path(__file__).parents[2] / "docs" / "producers.md"

RUN_SECONDS = 60.0
"""Of one block; it takes less than two where nobody else uses the machine."""

_NAMED_BLOCK = re.compile(r"^```\w+\n(?P<text>(?:#|//) (?P<name>\w+\.\w+)\b.*?)^```$", re.MULTILINE | re.DOTALL)
_STAND_IN = Path(__file__).with_name("curl_by_httpx.py")


def blocks() -> dict[str, str]:
    """File name → text, as they stand in the page."""
    return {found["name"]: found["text"] for found in _NAMED_BLOCK.finditer(PAGE.read_text("utf-8"))}


@dataclass(frozen=True, slots=True)
class Machine:
    """A folder with the page's files, and the environment in which they run: nothing but the variables of the page."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def at(cls, folder: Path, environment: Mapping[str, str]) -> "Machine":
        """Write the files into the folder."""
        for name, text in blocks().items():
            (folder / name).write_text(text, "utf-8")
        return cls(folder, {"PATH": os.environ["PATH"], **environment})

    def run(self, name: str) -> str:
        """Run one of the files as the page says; gives what it printed, fails with what it complained about."""
        done = subprocess.run(  # noqa: S603 - the page's own blocks
            [self._program(name), name],
            cwd=self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stderr[-2000:]}{done.stdout[-2000:]}"
        return done.stdout

    def with_sas(self) -> "Machine":
        """The same machine after `eval "$(python sas.py)"`."""
        exported = dict(word.split("=", 1) for word in shlex.split(self.run("sas.py")) if word != "export")
        return Machine(self.folder, {**self.environment, **exported})

    def with_stand_in(self) -> "Machine":
        """The same machine with a `curl` of ours, which sends the same request by httpx."""
        programs = self.folder / "programs"
        programs.mkdir(exist_ok=True)
        (programs / "curl").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{_STAND_IN}" "$@"\n')
        (programs / "curl").chmod(0o755)
        return Machine(self.folder, {**self.environment, "PATH": f"{programs}{os.pathsep}{self.environment['PATH']}"})

    def _program(self, name: str) -> str:
        suffix = Path(name).suffix
        if suffix == ".mjs":
            return find_node(self.environment["PATH"], beside=Path(sys.executable).parent)
        return {".py": sys.executable, ".sh": "sh"}[suffix]

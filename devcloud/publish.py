"""The publish set: what of a project folder goes to Azure, which is everything that `.funcignore` does not exclude.

Deploy tools read that file in two ways. Most (azd, the editors) read it as a gitignore file, and so does this module; Core
Tools has a rule of its own. Ours is written so that both give the same set, and a test compares them.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pathspec

IGNORE_FILE = ".funcignore"


def publish_set(root: Path) -> list[str]:
    """Paths of the files to publish, relative to `root`, sorted. Raises `FileNotFoundError` without the file."""
    lines = (root / IGNORE_FILE).read_text().splitlines()
    ignored = pathspec.GitIgnoreSpec.from_lines(lines)
    return sorted(_walk(root, ignored))


def publish(root: Path, target: Path) -> list[str]:
    """Copy the publish set into `target` (made if missing); returns the paths copied."""
    paths = publish_set(root)
    for path in paths:
        destination = target / path
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, destination)
    return paths


def _walk(root: Path, ignored: pathspec.GitIgnoreSpec) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        here = PurePosixPath(Path(folder).relative_to(root).as_posix())
        # A folder that is excluded is not entered: there may be a whole virtual environment below.
        folders[:] = [name for name in folders if not ignored.match_file(f"{here / name}/")]
        yield from (str(here / name) for name in files if not ignored.match_file(str(here / name)))

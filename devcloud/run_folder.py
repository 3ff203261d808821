"""One data folder per run, removed at its end; and those of runs that could not remove theirs, at the next start."""

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "keyless-mail-devcloud-"
_LOCK = "lock"


@contextlib.contextmanager
def run_folder() -> Iterator[Path]:
    """A new folder below the system's temporary directory that only this user can read; gone afterwards."""
    base = Path(tempfile.gettempdir())
    _remove_left_over(base)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    try:
        with _held(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: the kernel lets go of it when this process ends in whatever way."""
    unnamed = folder / "lock.new"
    with unnamed.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # Only a lock that is held gets the name that others look at.
        unnamed.rename(folder / _LOCK)
        yield


def _remove_left_over(base: Path) -> None:
    for folder in base.glob(f"{_PREFIX}*"):
        # Another user's folder, or one that is being removed: not ours to worry about.
        with contextlib.suppress(OSError), (folder / _LOCK).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)

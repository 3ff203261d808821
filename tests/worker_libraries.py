"""The libraries that the Functions Python worker brings into the app's process, in a folder of their own.

`python -m tests.worker_libraries` installs them as tests/worker-requirements.txt pins them. A process that has the folder
first on its path finds them before the app's own, as it is beside the real worker.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(sys.prefix) / "worker-libraries"
"""In the virtual environment, but not among its packages."""

REQUIREMENTS = Path(__file__).parent / "worker-requirements.txt"

_PIN = re.compile(r"^([a-z0-9-]+)==([^\s;]+)", re.MULTILINE)


def pins() -> dict[str, str]:
    """Name → version of each library."""
    return dict(_PIN.findall(REQUIREMENTS.read_text()))


def install() -> None:
    """Install them anew; raises `CalledProcessError` when pip fails, and then what was there before is still there."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary=:all:", "--requirement", str(REQUIREMENTS)]
    with tempfile.TemporaryDirectory(prefix="worker-libraries-", dir=sys.prefix) as folder:
        fresh = Path(folder) / FOLDER.name
        subprocess.run([*command, "--target", str(fresh)], check=True)  # noqa: S603 - our own command, no shell
        shutil.rmtree(FOLDER, ignore_errors=True)
        fresh.rename(FOLDER)


if __name__ == "__main__":
    install()

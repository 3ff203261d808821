"""One host whose process holds what the real worker's holds: its grpc and protobuf, loaded before the app.

`python -m tests.worker_process` takes the options of `python -m devcloud host` and says what that says. At the end it prints
one line more: for each of the two its version, its file, and whether it is still the one that was loaded first.
"""

import importlib
import json
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from devcloud.host.main import main as run_host

LIBRARIES = ("grpc", "google.protobuf")
"""What the worker's dispatcher imports before it knows which app it will load."""


def main(argv: Sequence[str]) -> int:
    """Run the host until it is told to stop; its exit code is ours."""
    loaded = {name: importlib.import_module(name) for name in LIBRARIES}
    code = run_host(list(argv))
    told = {name: _described(name, module) for name, module in loaded.items()}
    sys.stdout.write(json.dumps(told) + "\n")
    return code


def _described(name: str, module: ModuleType) -> dict[str, Any]:
    return {"version": module.__version__, "file": module.__file__, "kept": sys.modules.get(name) is module}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

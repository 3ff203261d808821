"""`python -m ops` as a process of its own."""

import json
import os
import subprocess
import sys
from typing import Any

from tests.flows.processes import Cloud

OPS_SECONDS = 90.0
"""For one command on a busy machine."""

Done = subprocess.CompletedProcess[str]


def ops(cloud: Cloud, *arguments: str, key: str | None = None, host: str | None = None) -> Done:
    """Run the operator's command line against the cloud's first host, or the one at this address."""
    settings = {
        "MAIL_OPS_URL": host or cloud.line["functions"][0],
        "MAIL_OPS_KEY": key or cloud.line["master_key"],
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "ops", *arguments]
    environment = {**os.environ, **settings}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=OPS_SECONDS)  # noqa: S603 - our own


def answered(done: Done) -> Any:  # noqa: ANN401 - JSON
    """What a command with `--json` printed, where all was well."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)

"""The process's settings and its house, each built once, at first use.

The host indexes the functions before any of them runs, and pays for every import there: so the object graph and all that it
is made of are imported by the first event, not here (`wiring_graph.py`). These two modules are the only ones beside
`settings.py` that read the clock, chance and the environment.
"""

import os
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.rules.faults import NotConfigured
from shared.settings import Settings, read

if TYPE_CHECKING:
    from shared.doctor import Question
    from shared.wiring_graph import House

CONNECTION = "MailStorage"
"""The name of the storage connection in every queue trigger."""

ROOT = Path(__file__).parents[1]
"""The folder of `function_app.py`, as it was deployed."""


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process; they cannot change while it runs."""
    return read(os.environ, root=ROOT)


@lru_cache(maxsize=1)
def house() -> "House":
    """The house of this process; raises `NotConfigured` as long as there are faults."""
    found = settings()
    if found.mail is None or found.storage is None or found.faults:
        raise NotConfigured(found.faults)
    from shared.wiring_graph import build

    return build(found, found.mail, found.storage, root=ROOT)


async def health() -> dict[str, Any]:
    """The report of `GET /health`, also where there is no house."""
    found = settings()
    warnings = [{"name": w.name, "cause": w.cause, "cure": w.cure} for w in found.warnings]
    try:
        report = await house().health.report()
    except NotConfigured as missing:
        faults = [{"name": f.name, "cause": f.cause, "cure": f.cure} for f in missing.faults]
        return {"status": "fault", "parts": {"settings": {"ok": False}}, "faults": faults, "warnings": warnings}
    parts = {"settings": {"ok": True}, **report["parts"]}
    return {"status": report["status"], "parts": parts, "faults": [], "warnings": warnings}


async def examine(question: "Question") -> dict[str, Any]:
    """The doctor's report, also where there is no house; raises `Refused` for a sender that is not there."""
    from shared.doctor import of_settings, report

    try:
        doctor = house().doctor
    except NotConfigured as missing:
        return report(of_settings(missing.faults, settings().warnings), time.time())
    return await doctor.examine(question)

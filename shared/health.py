"""Whether the app could send: settings, storage and identity, each a cached yes or no. No SMTP inside a request."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.rules.outcome import Reason
from shared.rules.storage_errors import StorageForbidden, StorageUnavailable
from shared.rules.token_errors import TokenUnavailable

REMEMBER = 20.0
"""Seconds for which an answer stands: monitors ask often, and each part costs a call."""

Probe = Callable[[], Awaitable[object]]
"""Does one cheap thing with a part; raises what that part raises when it is down."""


@dataclass(slots=True)
class Health:
    """The story of `GET /health`; `probes` by the part's name."""

    probes: Mapping[str, Probe]
    clock: Callable[[], float]
    _report: dict[str, Any] = field(default_factory=dict)
    _until: float = 0.0

    async def report(self) -> dict[str, Any]:
        """`{"status": "ok"|"fault", "parts": {name: {"ok", "reason"?, "fix"?}}}`."""
        if self.clock() >= self._until:
            parts = {name: await _ask(probe) for name, probe in self.probes.items()}
            status = "ok" if all(part["ok"] for part in parts.values()) else "fault"
            self._report = {"status": status, "parts": parts}
            self._until = self.clock() + REMEMBER
        return self._report


async def _ask(probe: Probe) -> dict[str, Any]:
    try:
        await probe()
    except (StorageUnavailable, StorageForbidden, TokenUnavailable) as down:
        return fault(down.reason)
    return {"ok": True}


def fault(reason: Reason) -> dict[str, Any]:
    """A part that is down, with why and what to do."""
    return {"ok": False, "code": reason.code, "reason": reason.text, "fix": reason.fix}

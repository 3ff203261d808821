"""Named misbehaviour: one function per scenario (see SCENARIOS.md beside this package)."""

from devcloud.exchange.scenarios import connecting, envelope, logging_in, submitting, wild
from devcloud.exchange.scenarios.registry import REGISTRY, Moment, Scenario, table

__all__ = [
    "REGISTRY",
    "Moment",
    "Scenario",
    "connecting",
    "envelope",
    "logging_in",
    "submitting",
    "table",
    "wild",
]

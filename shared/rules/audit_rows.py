"""One audit as it is kept: when, the verdict, what was found, the grants by name, and what changed since the last ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.rules.audit import Area, Finding, Kind, Verdict

KEPT = 60
"""Audits that are kept: more than a year of weekly ones."""

MOST_CHANGES = 200
"""Names of drift in one row, in each direction."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One audit. `at` is in epoch seconds, `exported_at` the time of the export that counted (None: there was none).

    `grants` holds the areas that could be seen, `added` and `removed` are names with their area, `decoy` is what came of
    logging in as the decoy ('' where mail.toml names none). `who` and `why` are the operator's, or the tick's.
    """

    id: str
    at: float
    verdict: Verdict
    findings: tuple[Finding, ...]
    grants: Mapping[Area, tuple[str, ...]]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    decoy: str = ""
    exported_at: float | None = None
    who: str = ""
    why: str = ""

    @property
    def drifted(self) -> bool:
        """Whether grants came or went since the last audit that could see them."""
        return bool(self.added or self.removed)

    def count(self, kind: Kind) -> int:
        """Findings of this kind."""
        return sum(finding.kind is kind for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Drift:
    """Names of grants, with their area, that came and that went."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def drift(grants: Mapping[Area, tuple[str, ...]], past: Sequence[AuditRow]) -> Drift:
    """What changed in each area since the newest of the `past` audits (the newest first) that could see this area.

    An area that nobody saw before, or that cannot be seen now, has not changed as far as anybody knows.
    """
    added: list[str] = []
    removed: list[str] = []
    for area, names in grants.items():
        before = next((row.grants[area] for row in past if area in row.grants), None)
        if before is not None:
            added += _named(area, names, without=before)
            removed += _named(area, before, without=names)
    return Drift(_bounded(added), _bounded(removed))


def _named(area: Area, names: Iterable[str], *, without: Iterable[str]) -> list[str]:
    known = set(without)
    return [f"{area}: {name}" for name in names if name not in known]


def _bounded(names: Sequence[str]) -> tuple[str, ...]:
    rest = len(names) - MOST_CHANGES
    return tuple(names) if rest <= 0 else (*names[:MOST_CHANGES], f"and {rest} more")

"""Audits as operators see them: JSON data, times in ISO 8601."""

from typing import Any

from shared.rules.audit import Finding
from shared.rules.audit_rows import AuditRow
from shared.status import iso


def audit_view(row: AuditRow) -> dict[str, Any]:
    """One audit. It names mailboxes and what is granted, so it is for operators only."""
    return {
        "id": row.id,
        "at": iso(row.at),
        "who": row.who,
        "why": row.why,
        "verdict": row.verdict.value,
        "findings": [_finding_view(finding) for finding in row.findings],
        "grants": {area.value: list(names) for area, names in row.grants.items()},
        "added": list(row.added),
        "removed": list(row.removed),
        "decoy": row.decoy or None,
        "exported_at": None if row.exported_at is None else iso(row.exported_at),
    }


def _finding_view(finding: Finding) -> dict[str, Any]:
    return {"code": finding.code, "kind": finding.kind.value, "cause": finding.cause, "command": finding.command}

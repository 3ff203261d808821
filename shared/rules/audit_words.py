"""The audit's mail, in plain text: the verdict, every finding with its command, what changed, and what the decoy showed."""

from collections.abc import Iterator

from shared.rules.audit import Finding, Kind, Verdict
from shared.rules.audit_rows import AuditRow
from shared.rules.utc_text import to_utc_text

VERDICTS = {
    Verdict.MINIMAL: "the app's identity may do what sending needs, and nothing more",
    Verdict.EXCESS: "the app's identity may do more than sending needs",
    Verdict.UNKNOWN: "whether the app's identity may do more than sending needs is not known",
}
"""In plain words."""

KINDS = {
    Kind.ALARM: "alarm",
    Kind.EXCESS: "more than is needed",
    Kind.UNKNOWN: "not known",
    Kind.MISSING: "needed, but not there",
    Kind.NOTE: "to know",
}
"""In plain words."""

DECOYS = {
    "refused": "Exchange refused the decoy, as it has to",
    "accepted": "Exchange accepted a mail from the decoy",
    "inconclusive": "what Exchange would do with the decoy is not known this time",
}
"""What came of the decoy, in plain words."""


def subject_of(row: AuditRow) -> str:
    """One line that says whether somebody has to act."""
    counted = [f"{row.count(kind)} {KINDS[kind]}" for kind in (Kind.ALARM, Kind.EXCESS) if row.count(kind)]
    changed = ["grants changed"] if row.drifted else []
    return ": ".join(["Permission audit", ", ".join([row.verdict.value, *counted, *changed])])


def text_of(row: AuditRow) -> str:
    """The whole of it; the first line is the verdict."""
    return "\n".join(_lines(row)) + "\n"


def _lines(row: AuditRow) -> Iterator[str]:
    yield f"{VERDICTS[row.verdict].capitalize()}."
    yield ""
    yield f"Audit {row.id} of {_time(row.at)}, asked for by {row.who}: {row.why}."
    yield f"Grants export: {_time(row.exported_at)}." if row.exported_at is not None else "Grants export: none that counts."
    if row.decoy in DECOYS:
        yield f"Decoy: {DECOYS[row.decoy]}."
    for finding in row.findings:
        yield from _finding(finding)
    for title, names in (("Granted since the last audit", row.added), ("Gone since the last audit", row.removed)):
        if names:
            yield from ("", f"{title}:", *(f"  {_line(name)}" for name in names))
    yield ""
    yield "To look again: python -m ops audit"


def _finding(finding: Finding) -> Iterator[str]:
    yield ""
    yield f"[{KINDS[finding.kind]}] {_line(finding.cause)}."
    if finding.command:
        yield f"  {_line(finding.command)}"


def _line(text: str) -> str:
    """Text of an export on one line, in which nothing is hidden or reordered."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _time(at: float) -> str:
    return f"{to_utc_text(at)[:16]}Z"

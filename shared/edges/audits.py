"""The ledger of permission audits, the newest grants export and the weekly due time: table `audits`.

Partition `audits` has a row for each audit under its time, so that they stand in order; partition `state` has one row for
the export and one for the due time. Long texts are divided between columns, as one holds 32,768 characters at most.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from shared.edges.ledger_columns import ColumnReader, plain, time_column
from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Changed, Taken
from shared.edges.storage_table import Stored, Table, create
from shared.rules.audit import Area, Finding, Kind, Verdict
from shared.rules.audit_rows import KEPT, AuditRow
from shared.rules.grants import Grants, grants_from
from shared.rules.problems import Refused
from shared.rules.storage_errors import BrokenRow, Conflict
from shared.rules.utc_text import to_utc_text

TABLE = "audits"
AUDITS, STATE = "audits", "state"
DUE, EXPORT = "due", "export"

PIECE = 16_000
"""Characters of one column: half of what a table takes, as a character may count as two there (UTF-16)."""

LONG = ("Findings", "Grants", "Added", "Removed", "Export")
"""Columns that are divided: `Findings0`, `Findings1`, …"""


class Audits:
    """Every method raises `StorageUnavailable` or `StorageForbidden` besides what it says."""

    def __init__(self, account: StorageAccount) -> None:
        self._table = Table(account, TABLE)

    async def newest(self, most: int) -> list[AuditRow]:
        """At most so many audits, the newest first; a row edited into nonsense is left out."""
        rows = await self._table.partition(AUDITS)
        sound = (row for row in map(_row, reversed(rows)) if row is not None)
        return [row for row, _ in zip(sound, range(most), strict=False)]

    async def add(self, row: AuditRow) -> None:
        """Keep an audit, then let the oldest go where there are more than `KEPT`."""
        with suppress(Taken):  # a repetition of our own write: nobody else has this id
            await self._table.transact([create(_columns(row))])
        stored = await self._table.partition(AUDITS)
        await self._table.clear(AUDITS, [str(one.columns["RowKey"]) for one in stored[:-KEPT]])

    async def export(self) -> Grants | None:
        """The export that was imported last; None where there is none, or none that this version can read."""
        found = await self._table.get(STATE, EXPORT)
        if found is None:
            return None
        try:
            return grants_from(str(_joined(found.columns).get("Export", "")).encode())
        except Refused:
            return None

    async def keep_export(self, text: str) -> None:
        """Keep an export's JSON text in the place of the one before."""
        await self._table.upsert({"PartitionKey": STATE, "RowKey": EXPORT, **_pieces("Export", text)})

    async def due(self) -> tuple[float | None, str]:
        """When the next weekly audit is due, and the version for a write; raises `BrokenRow` for a time that is none."""
        found = await self._table.get(STATE, DUE)
        return (None, "") if found is None else (ColumnReader(found.columns).time("Due"), found.etag)

    async def set_due(self, at: float, version: str) -> str:
        """Replace what was read; the new version. Raises `Conflict` where somebody else was quicker."""
        columns = {"PartitionKey": STATE, "RowKey": DUE, "Due": time_column(at)}
        try:
            if version:
                return await self._table.replace(columns, version)
            return (await self._table.transact([create(columns)]))[0]
        except (Taken, Changed, Absent):
            raise Conflict from None


def _columns(row: AuditRow) -> dict[str, Any]:
    findings = [[one.code, one.kind.value, one.cause, one.command] for one in row.findings]
    return {
        "PartitionKey": AUDITS,
        "RowKey": f"{to_utc_text(row.at)} {row.id}",
        "Id": row.id,
        "At": time_column(row.at),
        "Verdict": row.verdict.value,
        **_pieces("Findings", json.dumps(findings)),
        **_pieces("Grants", json.dumps({area.value: names for area, names in row.grants.items()})),
        **_pieces("Added", json.dumps(row.added)),
        **_pieces("Removed", json.dumps(row.removed)),
        "Decoy": row.decoy,
        **({} if row.exported_at is None else {"ExportedAt": time_column(row.exported_at)}),
        "Who": plain(row.who),
        "Why": plain(row.why),
    }


def _row(stored: Stored) -> AuditRow | None:
    read = ColumnReader(_joined(stored.columns))
    try:
        return AuditRow(
            id=read.text("Id"),
            at=read.time("At"),
            verdict=read.choice("Verdict", Verdict),
            findings=read.parse("Findings", _findings),
            grants=read.parse("Grants", _grants),
            added=read.parse("Added", _texts),
            removed=read.parse("Removed", _texts),
            decoy=read.text("Decoy"),
            exported_at=read.time_or_none("ExportedAt"),
            who=read.text("Who"),
            why=read.text("Why"),
        )
    except BrokenRow:
        return None


def _findings(said: Sequence[Sequence[str]]) -> tuple[Finding, ...]:
    return tuple(Finding(_text(code), Kind(kind), _text(cause), _text(command)) for code, kind, cause, command in said)


def _grants(said: Mapping[str, Sequence[str]]) -> Mapping[Area, tuple[str, ...]]:
    return {Area(area): _texts(names) for area, names in said.items()}


def _texts(said: Sequence[str]) -> tuple[str, ...]:
    if not isinstance(said, list):
        raise TypeError("has to be an array")
    return tuple(_text(one) for one in said)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("has to be a text")
    return value


def _pieces(name: str, text: str) -> dict[str, str]:
    """The text in columns of `PIECE` characters; one that is empty still has its first column."""
    starts = range(0, max(1, len(text)), PIECE)
    return {f"{name}{number}": text[start : start + PIECE] for number, start in enumerate(starts)}


def _joined(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with the divided texts in one piece; one that is missing stays missing."""
    whole = dict(columns)
    for name in LONG:
        pieces: list[str] = []
        while isinstance(piece := columns.get(f"{name}{len(pieces)}"), str):
            pieces.append(piece)
        if pieces:
            whole[name] = "".join(pieces)
    return whole

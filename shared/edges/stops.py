"""Stops and pauses: table `stops`, one partition, a row for each place under its key.

Columns can be read and edited by a person. A record that was edited into nonsense must not let mail through where a pause
may stand, and must not go unnamed: it counts as a stop that ends by hand, with the column's name as its reason. It stands at
its place, or everywhere if its place cannot be told. A resume replaces it by a sound record, or a person deletes the row.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from shared.edges.ledger_columns import ColumnReader, broken, plain, time_column
from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Changed, Taken
from shared.edges.storage_table import Stored, Table, create, drop
from shared.rules.outcome import Reason
from shared.rules.stops import EVERYTHING, Phase, Place, Scope, Stop, StopEntry, Trial
from shared.rules.storage_errors import BrokenRow, Conflict, NotStorable
from shared.rules.utc_text import from_utc_text, to_utc_text

TABLE = "stops"
PARTITION = "stops"

STRIKES_LIMIT = 100
"""Faults that one record counts; no rule waits for so many, and a column must not grow without end."""


class StopRecords:
    """Every method raises `StorageUnavailable` or `StorageForbidden` besides what it says.

    `new_id` makes an identifier that was never used before; it tells our own write from another's. An entry's ETag is the
    row's key and its ETag: a record whose place cannot be told has another key than the place at which it stands.
    """

    def __init__(self, account: StorageAccount, *, new_id: Callable[[], str]) -> None:
        self._table = Table(account, TABLE)
        self._new_id = new_id

    async def all(self) -> list[StopEntry]:
        """Every record, one call. Records without a place are one stop of everything, if nothing else stops everything."""
        rows = await self._table.partition(PARTITION)
        found = [(row, _placed(row)) for row in rows]
        placed = [entry for _, entry in found if entry is not None]
        if any(entry.stop.place == EVERYTHING and entry.stop.phase is Phase.STANDING for entry in placed):
            return placed
        return placed + [_everywhere(row) for row, entry in found if entry is None][:1]

    async def write(self, stop: Stop, known: StopEntry | None) -> StopEntry:
        """Write a record that was read as `known`, or a new one (None): one call.

        Raises `Conflict` where another record is there, `NotStorable` for a name that a column cannot hold.
        """
        if known is not None and known.stop.place != stop.place:
            raise ValueError("a stop's record cannot move to another place")
        write_id = self._new_id()
        columns = _columns(stop, write_id)
        try:
            etag = await self._write(columns, known)
        except (Taken, Changed, Absent):
            etag = await self._own(stop.place.key, write_id)
        return StopEntry(stop, _tag(stop.place.key, etag))

    async def remove(self, known: StopEntry) -> None:
        """Remove a record; fine if it is gone. Raises `Conflict` if it changed."""
        key, etag = _untag(known)
        try:
            await self._table.transact([drop(PARTITION, key, etag=etag)])
        except Absent:
            return
        except Changed:
            raise Conflict from None

    async def _write(self, columns: dict[str, Any], known: StopEntry | None) -> str:
        if known is None:
            return (await self._table.transact([create(columns)]))[0]
        key, etag = _untag(known)
        if key == columns["RowKey"]:
            return await self._table.replace(columns, etag)
        return (await self._table.transact([drop(PARTITION, key, etag=etag), create(columns)]))[1]

    async def _own(self, key: str, write_id: str) -> str:
        """The ETag of our own write whose answer was lost. Raises `Conflict` where somebody else's is there."""
        found = await self._table.get(PARTITION, key)
        if found is None or found.columns.get("WriteId") != write_id:
            raise Conflict
        return found.etag


def _tag(key: str, etag: str) -> str:
    return f"{key} {etag}"


def _untag(entry: StopEntry) -> tuple[str, str]:
    key, _, etag = entry.etag.partition(" ")
    return key, etag


def _columns(stop: Stop, write_id: str) -> dict[str, Any]:
    if plain(stop.place.name) != stop.place.name:
        raise NotStorable(Reason("bad-name", "the name of a stop's place is too long or holds control characters"))
    return {
        "PartitionKey": PARTITION,
        "RowKey": stop.place.key,
        "Scope": stop.place.scope.value,
        "Name": stop.place.name,
        "Phase": stop.phase.value,
        "Reason": plain(stop.reason.code),
        "Text": plain(stop.reason.text),
        "Fix": plain(stop.reason.fix),
        "Since": time_column(stop.since),
        "Trial": stop.trial.value,
        **({} if stop.until is None else {"Until": time_column(stop.until)}),
        "Trips": stop.trips,
        "Strikes": json.dumps([to_utc_text(at) for at in stop.strikes[-STRIKES_LIMIT:]], separators=(",", ":")),
        "TrialMail": plain(stop.trial_mail),
        "By": plain(stop.by),
        "WriteId": write_id,
    }


def _placed(row: Stored) -> StopEntry | None:
    """The record at the place that its columns name; None if that is not the place of its key."""
    read = ColumnReader(row.columns)
    key = str(row.columns["RowKey"])
    try:
        place = Place(read.choice("Scope", Scope), read.text("Name"))
    except BrokenRow:
        return None
    if place.key != key:
        return None
    try:
        stop = _stop(place, read)
    except BrokenRow as fault:
        stop = _unreadable(place, read, fault.reason.text, "put the column right in table stops, or resume")
    return StopEntry(stop, _tag(key, row.etag))


def _everywhere(row: Stored) -> StopEntry:
    key = str(row.columns["RowKey"])
    fix = f"put columns Scope and Name of row {key} right in table stops, delete that row, or resume everything"
    text = f"columns Scope and Name of row {key} do not name its place, so everything waits"
    return StopEntry(_unreadable(EVERYTHING, ColumnReader(row.columns), text, fix), _tag(key, row.etag))


def _unreadable(place: Place, read: ColumnReader, text: str, fix: str) -> Stop:
    reason = Reason("stop-broken", f"the record of a stop cannot be read: {text}", fix)
    try:
        since = read.time("Since")
    except BrokenRow:
        since = 0.0
    return Stop(place, Phase.STANDING, reason, since)


def _stop(place: Place, read: ColumnReader) -> Stop:
    return Stop(
        place=place,
        phase=read.choice("Phase", Phase),
        reason=Reason(read.text("Reason"), read.text("Text"), read.text("Fix")),
        since=read.time("Since"),
        trial=read.choice("Trial", Trial),
        until=read.time_or_none("Until"),
        trips=read.number("Trips"),
        strikes=read.parse("Strikes", _strikes),
        trial_mail=read.text("TrialMail"),
        by=read.text("By"),
    )


def _strikes(texts: Sequence[str]) -> tuple[float, ...]:
    if len(texts) > STRIKES_LIMIT:
        raise broken("Strikes", "holds too many times")
    return tuple(from_utc_text(text) for text in texts)

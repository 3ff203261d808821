"""Items that wait for their digest: table `digests`, one partition for each window.

Rows of a window's partition:

- `window` is made once and stays: it says whether the window is open, closed or forgotten, so that a window which was
  closed can never be opened again by somebody who is late.
- `open` exists exactly while items may come in. An item's transaction touches it, closing deletes it: whichever comes
  first wins, and items do not get in each other's way.
- `item-<hash of the key>` is one item.

Partition `open-windows` has a row for each window from before its first item until it is forgotten; nobody scans.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Taken
from shared.edges.storage_table import Stored, Table, create, drop, touch
from shared.rules.buffered import Added, Already, Window
from shared.rules.outcome import Reason
from shared.rules.storage_errors import BrokenRow, NotStorable, WindowClosed
from shared.rules.utc_text import from_utc_text, to_utc_text

TABLE = "digests"
INDEX = "open-windows"
WINDOW = "window"
OPEN = "open"
ITEM = "item-"

ITEM_LIMIT = 60 * 1024
"""Bytes of one item; a binary property holds 64 KiB, and a digest of larger things nobody reads."""

WINDOWS_REMEMBERED = 64
"""Windows of which this instance knows that they were opened: of a burst of items only the first has to look."""

_AFTER_ITEMS = "item."
"""Sorts behind every `item-…` and before `open` and `window`."""


class DigestBuffer:
    """Every method raises `StorageUnavailable` or `StorageForbidden` besides what it says.

    `clock` gives the time of an item's arrival (epoch seconds), `new_id` an identifier that was never used before.
    """

    def __init__(self, account: StorageAccount, *, clock: Callable[[], float], new_id: Callable[[], str]) -> None:
        self._table = Table(account, TABLE)
        self._clock = clock
        self._new_id = new_id
        self._arrivals = 0
        self._opening = asyncio.Lock()
        self._seen: deque[Window] = deque(maxlen=WINDOWS_REMEMBERED)

    async def add(self, digest: str, window_end: float, key: str, item: bytes) -> Added | Already:
        """Put an item into a window: one call, four for the window's first item. The same key is one item.

        Raises `WindowClosed` (use the next window), `NotStorable` for an item above `ITEM_LIMIT`.
        """
        if len(item) > ITEM_LIMIT:
            raise NotStorable(Reason("too-large", f"a digest item holds at most {ITEM_LIMIT} bytes"))
        window = Window(digest, window_end)
        columns = self._item(window, key, item)
        try:
            return await self._add(window, columns)
        except Absent:
            async with self._opening:
                await self._open(window)
        try:
            return await self._add(window, columns)
        except Absent:
            return await self._late(window, columns)

    async def due(self, now: float) -> list[Window]:
        """The windows whose end has come and that are not forgotten, oldest first: one call."""
        rows = await self._table.partition(INDEX, until=f"{to_utc_text(now)}~")
        return [window for row in rows if (window := _window(row)) is not None]

    async def close(self, window: Window) -> list[bytes]:
        """Close a window and read its items in the order of their arrival.

        From now on `add` raises `WindowClosed`. Closing again gives the same items, and none once it was forgotten.
        Raises `BrokenRow` for an item that was edited by hand.
        """
        partition = _partition(window)
        state = await self._shut(window)
        if state == "forgotten":
            return []
        rows = await self._table.partition(partition, until=_AFTER_ITEMS)
        rows.sort(key=_arrival)
        return [_content(row) for row in rows]

    async def forget(self, window: Window) -> None:
        """Delete a closed window's items, after its digest is safe. Doing it again is fine.

        The mark comes first, so that a half-finished deletion can never be read as a smaller digest.
        """
        await self._shut(window)
        partition = _partition(window)
        await self._table.transact([touch(_window_row(window, "forgotten"))])
        rows = await self._table.partition(partition, until=_AFTER_ITEMS)
        await self._table.clear(partition, [str(row.columns["RowKey"]) for row in rows])
        await self._table.delete(INDEX, _index_key(window))

    def _item(self, window: Window, key: str, item: bytes) -> dict[str, Any]:
        self._arrivals += 1
        return {
            "PartitionKey": _partition(window),
            "RowKey": f"{ITEM}{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}",
            "Arrived": to_utc_text(self._clock()),
            "Order": f"{self._arrivals:012d}",
            "WriteId": self._new_id(),
            "Item": item,
        }

    async def _add(self, window: Window, columns: Mapping[str, Any]) -> Added | Already:
        """One transaction. Raises `Absent` while the window is not open (yet, or any more)."""
        gate = {"PartitionKey": columns["PartitionKey"], "RowKey": OPEN}
        try:
            await self._table.transact([touch(gate), create(columns)])
        except Taken:
            return await self._present(window, columns) or Already(window)
        return Added(window)

    async def _present(self, window: Window, columns: Mapping[str, Any]) -> Added | Already | None:
        """Whether the item is in the window: ours (an earlier answer was lost), somebody's, or not at all."""
        found = await self._table.get(columns["PartitionKey"], columns["RowKey"])
        if found is None:
            return None
        return Added(window) if found.columns.get("WriteId") == columns["WriteId"] else Already(window)

    async def _late(self, window: Window, columns: Mapping[str, Any]) -> Added | Already:
        """The window is closed. An item that it has already must not go into the next one as well."""
        present = await self._present(window, columns)
        if present is None:
            raise WindowClosed
        return present

    async def _open(self, window: Window) -> None:
        """Open a window that never was: first into the index, so that no window with items can be missed by `due`."""
        if window in self._seen:
            return
        partition = _partition(window)
        if await self._table.get(partition, WINDOW) is None:
            await self._make(window)
        self._seen.append(window)

    async def _make(self, window: Window) -> None:
        await self._table.upsert(
            {"PartitionKey": INDEX, "RowKey": _index_key(window), "Digest": window.digest, "End": to_utc_text(window.end)}
        )
        gate = {"PartitionKey": _partition(window), "RowKey": OPEN}
        try:
            await self._table.transact([create(_window_row(window, "open")), create(gate)])
        except Taken:
            return

    async def _shut(self, window: Window) -> str:
        """Take the gate away; the window's state afterwards.

        A window that is in the index but was never opened is made as a closed one: else its first item could still come,
        into a window that nobody looks at any more.
        """
        partition = _partition(window)
        closed = _window_row(window, "closed")
        try:
            await self._table.transact([drop(partition, OPEN), touch(closed)])
        except Absent:
            found = await self._table.get(partition, WINDOW)
            if found is not None:
                return str(found.columns.get("State"))
        else:
            return "closed"
        try:
            await self._table.transact([create(closed)])
        except Taken:
            return await self._shut(window)
        return "closed"


def _partition(window: Window) -> str:
    return f"{window.digest}@{to_utc_text(window.end)}"


def _index_key(window: Window) -> str:
    return f"{to_utc_text(window.end)}@{window.digest}"


def _window_row(window: Window, state: str) -> dict[str, Any]:
    return {"PartitionKey": _partition(window), "RowKey": WINDOW, "State": state, "End": to_utc_text(window.end)}


def _window(row: Stored) -> Window | None:
    """None for a row that we did not write: it must not keep the other digests from their time."""
    end, _, digest = str(row.columns["RowKey"]).partition("@")
    try:
        return Window(digest, from_utc_text(end))
    except ValueError:
        return None


def _arrival(row: Stored) -> tuple[str, str, str]:
    arrived, order = (str(row.columns.get(name)) for name in ("Arrived", "Order"))
    return (arrived, order, str(row.columns["RowKey"]))


def _content(row: Stored) -> bytes:
    item = row.columns.get("Item")
    if not isinstance(item, bytes):
        text = "column Item of a digest's item is missing or not binary"
        raise BrokenRow(Reason("row-broken", text, "delete that row in the digests table"))
    return item

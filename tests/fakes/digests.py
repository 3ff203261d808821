"""Digest windows in memory."""

from shared.rules.buffered import Added, Already, Window
from shared.rules.outcome import Reason
from shared.rules.storage_errors import NotStorable, WindowClosed
from tests.fakes.storage import Failing

ITEM_LIMIT = 61_440


class FakeDigestBuffer(Failing):
    """Digest windows; a window stays known after it was forgotten, so that it cannot be opened again."""

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[Window, dict[str, bytes]] = {}
        self._open: set[Window] = set()
        self._indexed: set[Window] = set()

    async def add(self, digest: str, window_end: float, key: str, item: bytes) -> Added | Already:
        """As the port says."""
        self._begin("add")
        if len(item) > ITEM_LIMIT:
            raise NotStorable(Reason("too-large", "larger than a digest item can be"))
        window = Window(digest, window_end)
        if window not in self._items:
            self._items[window] = {}
            self._open.add(window)
            self._indexed.add(window)
        if key in self._items[window]:
            return Already(window)
        if window not in self._open:
            raise WindowClosed
        self._items[window][key] = item
        return Added(window)

    async def due(self, now: float) -> list[Window]:
        """As the port says."""
        self._begin("due")
        return sorted((w for w in self._indexed if w.end <= now), key=lambda w: (w.end, w.digest))

    async def close(self, window: Window) -> list[bytes]:
        """As the port says."""
        self._begin("close")
        self._open.discard(window)
        return list(self._items.setdefault(window, {}).values())

    async def forget(self, window: Window) -> None:
        """As the port says."""
        self._begin("forget")
        self._open.discard(window)
        self._items[window] = {}
        self._indexed.discard(window)

"""Stops and pauses in memory."""

from shared.rules.stops import Place, Stop, StopEntry
from shared.rules.storage_errors import Conflict
from tests.fakes.failing import Failing


class FakeStops(Failing):
    """Records by place; `records` may be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[Place, StopEntry] = {}
        self._writes = 0

    async def all(self) -> list[StopEntry]:
        """As the port says."""
        self._begin("all")
        return list(self.records.values())

    async def write(self, stop: Stop, known: StopEntry | None) -> StopEntry:
        """As the port says."""
        self._begin("write")
        if known is not None and known.stop.place != stop.place:
            raise ValueError("a stop's record cannot move to another place")
        self._unchanged(stop.place, known)
        self._writes += 1
        self.records[stop.place] = StopEntry(stop, f"etag-{self._writes}")
        return self.records[stop.place]

    async def remove(self, known: StopEntry) -> None:
        """As the port says."""
        self._begin("remove")
        if known.stop.place in self.records:
            self._unchanged(known.stop.place, known)
            del self.records[known.stop.place]

    def _unchanged(self, place: Place, known: StopEntry | None) -> None:
        current = self.records.get(place)
        if (current and current.etag) != (known and known.etag):
            raise Conflict

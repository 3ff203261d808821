"""Logged-in connections that wait for the next mail of their mailbox, and are closed before anybody else would."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from shared.edges.smtp_connection import Connection
from shared.edges.smtp_offer import Limits


@dataclass(frozen=True, slots=True)
class _Resting:
    connection: Connection
    since: float
    alarm: asyncio.TimerHandle


class Pool:
    """Idle connections by mailbox. `clock` gives epoch seconds (tokens), `monotonic` counts ages and idle times."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._monotonic = monotonic
        self._resting: dict[str, list[_Resting]] = defaultdict(list)

    def take(self, mailbox: str) -> Connection | None:
        """The connection of `mailbox` that rested shortest, if one is still good; its server may have left all the same."""
        resting = self._resting[mailbox.lower()]
        while resting:
            entry = resting.pop()
            entry.alarm.cancel()
            if self._monotonic() - entry.since <= self._limits.idle and self._good(entry.connection):
                return entry.connection
            entry.connection.farewell()
        return None

    def give(self, connection: Connection) -> None:
        """Keep a connection that is between two mails, or say goodbye where it has done enough."""
        if not self._good(connection):
            connection.farewell()
            return
        alarm = asyncio.get_running_loop().call_later(self._limits.idle, self._tired, connection)
        self._resting[connection.mailbox.lower()].append(_Resting(connection, self._monotonic(), alarm))

    def trim(self, mailbox: str, keep: int) -> None:
        """Say goodbye to all but `keep` of a mailbox."""
        resting = self._resting[mailbox.lower()]
        while len(resting) > keep:
            entry = resting.pop(0)
            entry.alarm.cancel()
            entry.connection.farewell()

    def close(self) -> None:
        """Say goodbye to all."""
        for resting in self._resting.values():
            for entry in resting:
                entry.alarm.cancel()
                entry.connection.farewell()
        self._resting.clear()

    def _good(self, connection: Connection) -> bool:
        return (
            connection.alive
            and connection.mails < self._limits.mails
            and self._monotonic() - connection.opened_at < self._limits.age
            and self._clock() < connection.over_at
        )

    def _tired(self, connection: Connection) -> None:
        """Idle for too long: an idle connection may count toward the mailbox's limit, also for other instances."""
        resting = self._resting[connection.mailbox.lower()]
        resting[:] = [entry for entry in resting if entry.connection is not connection]
        connection.farewell()

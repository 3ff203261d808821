"""SIGKILL in story tests: the process dies before or after its nth call to the outside.

The stage's fakes stand for what survives a process: the ledger, the queues, and Exchange.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.fakes.smtp import FakeSession

DEADLY = frozenset({"insert", "read", "open", "update", "put", "offer", "transmit", "abandon", "release"})
"""Calls to the outside on a mail's way; around each of them the process may die."""


class Killed(BaseException):
    """SIGKILL: nobody catches it, and nothing after it runs."""


@dataclass
class Killer:
    """Dies at call number `at` of those that are `deadly`, before or after it; then never again."""

    at: int
    after: bool
    calls: int = 0
    deadly: frozenset[str] = DEADLY

    def around(self, port: Any) -> "Mortal":  # noqa: ANN401 - any port
        """The port as a process sees it that may die."""
        return Mortal(port, self)

    async def call(self, made: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any call
        """The call, deadly if it is its turn. A session that it gives may die as well."""
        number, self.calls = self.calls, self.calls + 1
        if number == self.at and not self.after:
            raise Killed
        result = await made(*args, **kwargs)
        if number == self.at:
            raise Killed
        return self.around(result) if isinstance(result, FakeSession) else result


@dataclass(frozen=True)
class Mortal:
    """Stands before a port: its deadly calls pass by the killer, everything else is the port's own."""

    port: Any
    killer: Killer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        """The port's attribute."""
        found = getattr(self.port, name)
        return partial(self.killer.call, found) if name in self.killer.deadly else found

"""The tick's parts are independent of each other."""

import pytest

from functions.tick import each
from shared.rules.outcome import Reason
from shared.rules.storage_errors import StorageForbidden

RIGHT = Reason("storage-role-missing", "the app's identity may not do this with a table", "give it the role")


class Part:
    """A part of the tick that remembers its turns, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.turns = 0
        self.failure = failure

    async def run(self) -> None:
        """Its turn."""
        self.turns += 1
        if self.failure:
            raise self.failure


async def test_every_part_has_its_turn_although_one_fails() -> None:
    """A missing right stops what needs it; it is named at the end, and a text that we do not know is not repeated."""
    parts = [Part(StorageForbidden(RIGHT)), Part(), Part(RuntimeError("to bob@contoso.test")), Part()]
    with pytest.raises(ExceptionGroup) as failed:
        await each(*(part.run for part in parts))
    assert [part.turns for part in parts] == [1, 1, 1, 1]
    assert "give it the role" in failed.value.message
    assert "RuntimeError" in failed.value.message
    assert "bob" not in failed.value.message


async def test_a_tick_in_which_nothing_fails_is_quiet() -> None:
    """As nearly always."""
    part = Part()
    await each(part.run)
    assert part.turns == 1

"""Waiting for something that can be observed: until it is there, and never for ever."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 60.0
"""Seconds. Almost everything here takes less than two; the rest is for a machine that others use as well."""

POLL = 0.1
"""Seconds between two looks: each is a request to a process that has to do the work meanwhile."""

Seen = TypeVar("Seen")


def wait_for(what: str, look: Callable[[], Seen | None], *, seconds: float = PATIENCE, pause: float = POLL) -> Seen:
    """What `look` sees as soon as that is neither None nor False nor empty; fails with `what` when the time is over."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{seconds:g} seconds were not enough for: {what}")
        time.sleep(pause)
    return seen

"""What every digest buffer keeps: the fake of the story tests and the adapter on a real Azurite."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import pytest

from shared.edges.digest_buffer import ITEM_LIMIT, DigestBuffer
from shared.rules.buffered import Added, Already, Window
from shared.rules.storage_errors import NotStorable, WindowClosed
from tests.contract.conftest import Cloud
from tests.fakes.digests import FakeDigestBuffer

END = 1_795_471_200.0
WINDOW = Window("daily-ops", END)


class BufferPort(Protocol):
    """The port as the stories declare it."""

    async def add(self, digest: str, window_end: float, key: str, item: bytes) -> Added | Already:
        """Put an item into a window."""

    async def due(self, now: float) -> list[Window]:
        """The windows whose end has come."""

    async def close(self, window: Window) -> list[bytes]:
        """The items, in the order of their arrival; nothing comes in any more."""

    async def forget(self, window: Window) -> None:
        """Delete the items."""


def adapter(cloud: Cloud, new_id: Callable[[], str]) -> DigestBuffer:
    """The adapter with a clock that stands still: the order must not depend on it."""
    return DigestBuffer(cloud.account, clock=lambda: END - 60.0, new_id=new_id)


@pytest.fixture(params=["fake", "azurite"])
def buffer(request: pytest.FixtureRequest, new_id: Callable[[], str]) -> BufferPort:
    """An empty buffer."""
    if request.param == "fake":
        return FakeDigestBuffer()
    return adapter(request.getfixturevalue("cloud"), new_id)


async def test_items_come_back_in_order(buffer: BufferPort) -> None:
    """A closed window gives its items in the order in which they came, whatever their keys are."""
    for key in ("c", "a", "b"):
        assert await buffer.add("daily-ops", END, key, key.encode()) == Added(WINDOW)
    assert await buffer.close(WINDOW) == [b"c", b"a", b"b"]


async def test_closing_again_gives_the_same_items(buffer: BufferPort) -> None:
    """A crash after closing loses nothing."""
    await buffer.add("daily-ops", END, "a", b"1")
    await buffer.add("daily-ops", END, "b", b"2")
    assert await buffer.close(WINDOW) == await buffer.close(WINDOW) == [b"1", b"2"]


async def test_a_key_is_one_item(buffer: BufferPort) -> None:
    """The second item with a key is not added, and that is said; the first one stays."""
    await buffer.add("daily-ops", END, "a", b"first")
    assert await buffer.add("daily-ops", END, "a", b"second") == Already(WINDOW)
    assert await buffer.close(WINDOW) == [b"first"]


async def test_windows_do_not_mix(buffer: BufferPort) -> None:
    """The same key may be in the next window and in another digest's."""
    await buffer.add("daily-ops", END, "a", b"1")
    await buffer.add("daily-ops", END + 3600.5, "a", b"2")
    await buffer.add("hourly", END, "a", b"3")
    assert await buffer.close(WINDOW) == [b"1"]
    assert await buffer.close(Window("daily-ops", END + 3600.5)) == [b"2"]
    assert await buffer.close(Window("hourly", END)) == [b"3"]


async def test_nothing_comes_into_a_closed_window(buffer: BufferPort) -> None:
    """After closing, adding says so and leaves the items as they were."""
    await buffer.add("daily-ops", END, "a", b"1")
    await buffer.close(WINDOW)
    with pytest.raises(WindowClosed):
        await buffer.add("daily-ops", END, "b", b"2")
    assert await buffer.close(WINDOW) == [b"1"]


async def test_a_repeated_item_of_a_closed_window_is_known(buffer: BufferPort) -> None:
    """A producer that repeats itself after the closing is not told to use the next window: the item would be there twice."""
    await buffer.add("daily-ops", END, "a", b"1")
    await buffer.close(WINDOW)
    assert await buffer.add("daily-ops", END, "a", b"1") == Already(WINDOW)


async def test_a_forgotten_window_stays_closed(buffer: BufferPort) -> None:
    """Whoever is very late cannot open a window again, and nothing of it is left."""
    await buffer.add("daily-ops", END, "a", b"1")
    await buffer.close(WINDOW)
    await buffer.forget(WINDOW)
    assert await buffer.due(END) == []
    assert await buffer.close(WINDOW) == []
    with pytest.raises(WindowClosed):
        await buffer.add("daily-ops", END, "b", b"2")
    await buffer.forget(WINDOW)
    assert await buffer.due(END) == []


async def test_windows_are_due_at_their_end(buffer: BufferPort) -> None:
    """A window is due from its end on, oldest first, until it is forgotten; closing alone does not end that."""
    later = Window("hourly", END + 0.25)
    await buffer.add("hourly", later.end, "a", b"2")
    await buffer.add("daily-ops", END, "a", b"1")
    assert await buffer.due(END - 0.001) == []
    assert await buffer.due(END) == [WINDOW]
    assert await buffer.due(END + 1) == [WINDOW, later]
    await buffer.close(WINDOW)
    assert await buffer.due(END + 1) == [WINDOW, later]
    await buffer.forget(WINDOW)
    assert await buffer.due(END + 1) == [later]


async def test_an_unused_buffer_has_nothing(buffer: BufferPort) -> None:
    """Neither asking nor closing needs anything to be there."""
    assert await buffer.due(END) == []
    assert await buffer.close(WINDOW) == []
    with pytest.raises(WindowClosed):
        await buffer.add("daily-ops", END, "a", b"1")


async def test_more_items_than_a_transaction_holds(buffer: BufferPort) -> None:
    """A window of 130 items, added at once, closes with all of them and is forgotten with all of them."""
    keys = [f"key-{n}" for n in range(130)]
    results = await asyncio.gather(*[buffer.add("daily-ops", END, key, key.encode()) for key in keys])
    assert all(isinstance(result, Added) for result in results)
    assert sorted(await buffer.close(WINDOW)) == sorted(key.encode() for key in keys)
    await buffer.forget(WINDOW)
    assert await buffer.close(WINDOW) == []


async def test_closing_loses_nothing_to_a_race(buffer: BufferPort) -> None:
    """Of items that come while the window closes, each is either in it, or was refused: none is lost, none is in twice."""

    async def add(n: int) -> bytes | None:
        try:
            await buffer.add("daily-ops", END, f"key-{n}", str(n).encode())
        except WindowClosed:
            return None
        return str(n).encode()

    first, closed, rest = await asyncio.gather(
        asyncio.gather(*[add(n) for n in range(20)]), buffer.close(WINDOW), asyncio.gather(*[add(n) for n in range(20, 40)])
    )
    added = [item for item in (*first, *rest) if item is not None]
    assert sorted(closed) == sorted(added)
    assert sorted(await buffer.close(WINDOW)) == sorted(added)


async def test_two_may_close_and_forget(buffer: BufferPort) -> None:
    """Two ticks at the same time do no harm to each other."""
    for n in range(5):
        await buffer.add("daily-ops", END, f"key-{n}", b"item")
    closed = await asyncio.gather(buffer.close(WINDOW), buffer.close(WINDOW))
    assert closed[0] == closed[1] == [b"item"] * 5
    await asyncio.gather(buffer.forget(WINDOW), buffer.forget(WINDOW))
    assert await buffer.due(END) == []


async def test_an_item_beyond_the_limit_is_refused(buffer: BufferPort) -> None:
    """60 KiB are an item, one byte more is refused for good."""
    await buffer.add("daily-ops", END, "a", b"x" * ITEM_LIMIT)
    with pytest.raises(NotStorable):
        await buffer.add("daily-ops", END, "b", b"x" * (ITEM_LIMIT + 1))
    assert await buffer.close(WINDOW) == [b"x" * ITEM_LIMIT]


@pytest.mark.parametrize("key", ["", "a/b#?\\", "\ud800", "\u0000", "k" * 5000, "o'clock"])
async def test_any_key_will_do(buffer: BufferPort, key: str) -> None:
    """Keys come from outside; none of them breaks anything."""
    assert await buffer.add("daily-ops", END, key, b"1") == Added(WINDOW)
    assert await buffer.add("daily-ops", END, key, b"1") == Already(WINDOW)

"""What the store of attachments keeps: the fake and the adapter on a real Azurite."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from shared.edges.attachments import Attachments
from shared.ports import Attachments as AttachmentsPort
from tests.contract.conftest import Cloud
from tests.fakes.packaged import FakeAttachments

Leave = Callable[[str, bytes], Awaitable[None]]


@dataclass
class Store:
    """The port, and how a caller leaves a blob there."""

    port: AttachmentsPort
    leave: Leave


@pytest.fixture(params=["fake", "azurite"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store."""
    if request.param == "fake":
        fake = FakeAttachments()

        async def keep(name: str, content: bytes) -> None:
            fake.blobs[name] = content

        return Store(fake, keep)
    cloud: Cloud = request.getfixturevalue("cloud")

    async def upload(name: str, content: bytes) -> None:
        container = cloud.account.container("attachments")
        if not await container.exists():
            await container.create_container()
        await container.upload_blob(name, content, overwrite=True)

    return Store(Attachments(cloud.account), upload)


@pytest.mark.parametrize("content", [b"", b"x", bytes(70_000)])
async def test_what_was_pinned_is_fetched(store: Store, content: bytes) -> None:
    """Byte for byte; an empty file is a file, too."""
    await store.leave("shop/report.pdf", content)
    pinned = await store.port.pin("shop", "report.pdf")
    assert pinned is not None
    assert (pinned.size, pinned.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert await store.port.fetch(pinned) == content


@pytest.mark.parametrize(("before", "after"), [(b"one", b"two"), (b"", b"two"), (b"one", b"")])
async def test_what_was_changed_is_not_fetched(store: Store, before: bytes, after: bytes) -> None:
    """Exactly the pinned version or nothing."""
    await store.leave("shop/report.pdf", before)
    pinned = await store.port.pin("shop", "report.pdf")
    assert pinned is not None
    await store.leave("shop/report.pdf", after)
    assert await store.port.fetch(pinned) is None


async def test_what_is_not_there_cannot_be_pinned(store: Store) -> None:
    """Neither a missing container nor a missing blob is an error."""
    assert await store.port.pin("shop", "report.pdf") is None
    await store.leave("shop/other.pdf", b"x")
    assert await store.port.pin("shop", "report.pdf") is None

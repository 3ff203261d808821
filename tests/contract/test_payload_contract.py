"""What every payload store keeps: the fake and the adapter on a real Azurite."""

import random
from typing import Protocol

import pytest

from shared.edges import payloads
from shared.edges.payloads import Payloads
from shared.rules.storage_errors import NotStorable, PayloadChanged
from tests.contract.conftest import Cloud
from tests.fakes.storage import FakePayloads

BYTES = random.Random(2).randbytes(300_000)  # noqa: S311 - any bytes will do


class PayloadsPort(Protocol):
    """The port as the ledger declares it."""

    async def put(self, mail_id: str, payload_hash: str, payload: bytes) -> None:
        """Store; the same content again is fine."""

    async def get(self, mail_id: str, payload_hash: str) -> bytes | None:
        """Read; None if it is gone."""

    async def drop(self, mail_id: str, payload_hash: str) -> None:
        """Delete; fine if it is gone."""


@pytest.fixture(params=["fake", "azurite"])
def store(request: pytest.FixtureRequest) -> PayloadsPort:
    """An empty store."""
    if request.param == "fake":
        return FakePayloads()
    cloud: Cloud = request.getfixturevalue("cloud")
    return Payloads(cloud.account)


async def test_bytes_come_back_as_they_were(store: PayloadsPort) -> None:
    """A payload comes back byte for byte."""
    await store.put("mail-1", "hash", BYTES)
    assert await store.get("mail-1", "hash") == BYTES


async def test_a_payload_can_be_put_again(store: PayloadsPort) -> None:
    """A repeated put changes nothing and is no error."""
    await store.put("mail-1", "hash", BYTES)
    await store.put("mail-1", "hash", BYTES)
    assert await store.get("mail-1", "hash") == BYTES


async def test_contents_have_places_of_their_own(store: PayloadsPort) -> None:
    """Another mail and another content of the same mail are other payloads."""
    await store.put("mail-1", "hash", b"one")
    await store.put("mail-1", "other", b"two")
    await store.put("mail-2", "hash", b"three")
    assert await store.get("mail-1", "hash") == b"one"
    assert await store.get("mail-1", "other") == b"two"
    assert await store.get("mail-2", "hash") == b"three"


async def test_an_empty_payload_comes_back_empty(store: PayloadsPort) -> None:
    """Storage refuses a range of an empty blob; there is nothing to read in it, and that is what is read."""
    await store.put("mail-1", "hash", b"")
    assert await store.get("mail-1", "hash") == b""


async def test_what_is_not_there_is_none(store: PayloadsPort) -> None:
    """Neither a missing container nor a missing payload is an error."""
    assert await store.get("mail-1", "hash") is None
    await store.put("mail-1", "hash", b"one")
    assert await store.get("mail-2", "hash") is None


async def test_a_dropped_payload_is_gone(store: PayloadsPort) -> None:
    """Dropping it again is fine, also where there never was one; the others stay."""
    await store.drop("mail-1", "hash")
    await store.put("mail-1", "hash", b"one")
    await store.put("mail-1", "other", b"two")
    for _ in range(2):
        await store.drop("mail-1", "hash")
    assert await store.get("mail-1", "hash") is None
    assert await store.get("mail-1", "other") == b"two"


async def test_a_payload_is_one_operation(cloud: Cloud) -> None:
    """Writing and reading a payload are one storage operation each, after the container was made."""
    store = Payloads(cloud.account)
    await store.put("mail-1", "hash", BYTES)
    assert cloud.operations() == {"blob.put": 2, "blob.create-container": 1}
    await store.put("mail-2", "hash", BYTES)
    await store.get("mail-2", "hash")
    assert cloud.operations() == {"blob.put": 1, "blob.get": 1}


async def test_a_payload_beyond_the_limit_is_refused(cloud: Cloud) -> None:
    """What is larger than any mail is refused for good before a byte is sent."""
    with pytest.raises(NotStorable):
        await Payloads(cloud.account).put("mail-1", "hash", bytes(payloads.LARGEST + 1))
    assert cloud.operations() == {}


async def test_a_blob_that_grew_is_not_read_into_memory(cloud: Cloud) -> None:
    """A blob beyond the limit is none of ours: it is not handed out."""
    store = Payloads(cloud.account)
    await store.put("mail-1", "hash", b"one")
    huge = bytes(payloads.LARGEST + 1)
    await cloud.account.container(payloads.CONTAINER).upload_blob("mail-1/hash", huge, overwrite=True)
    with pytest.raises(PayloadChanged):
        await store.get("mail-1", "hash")


async def test_a_lost_answer_is_no_fault(cloud: Cloud) -> None:
    """A put whose answer was lost is repeated and succeeds."""
    store = Payloads(cloud.account)
    await store.put("mail-1", "hash", BYTES)
    cloud.arm("lose-answer", "blob.*", count=1)
    await store.put("mail-2", "hash", BYTES)
    cloud.arm("drop", "blob.get", count=2)
    assert await store.get("mail-2", "hash") == BYTES

"""What every maker of references keeps: the fake of the story tests and the adapter on a real Azurite."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from shared.edges.recipient_refs import KEY_LENGTH, PARTITION, ROW, TABLE, RecipientRefs
from shared.ports import References
from shared.rules.identifiers import recipient_ref
from shared.rules.storage_errors import StorageUnavailable
from tests.contract.conftest import Cloud
from tests.fakes.references import FakeReferences

ADDRESSES = ("bob@contoso.test", "eve@contoso.test")


@pytest.fixture
def new_key() -> Callable[[], bytes]:
    """Keys that never repeat in a test."""
    numbers = itertools.count(1)
    return lambda: bytes([next(numbers)]) * KEY_LENGTH


@pytest.fixture(params=["fake", "azurite"])
def references(request: pytest.FixtureRequest, new_key: Callable[[], bytes]) -> References:
    """References in an account that has no key yet."""
    if request.param == "fake":
        return FakeReferences()
    cloud: Cloud = request.getfixturevalue("cloud")
    return RecipientRefs(cloud.account, new_key=new_key)


async def test_an_address_has_one_reference(references: References) -> None:
    """In the order of the addresses, always the same, however they are capitalised."""
    bob, eve = await references.of(ADDRESSES)
    assert bob != eve
    assert await references.of((" Eve@Contoso.test", "BOB@contoso.test ", "bob@contoso.test")) == (eve, bob, bob)
    assert await references.of(()) == ()


async def test_a_reference_says_nothing(references: References) -> None:
    """24 hex digits, with nothing of the address in them."""
    (bob,) = await references.of(ADDRESSES[:1])
    assert len(bob) == 24
    assert set(bob) <= set("0123456789abcdef")


async def test_every_instance_has_the_same_key(cloud: Cloud, new_key: Callable[[], bytes]) -> None:
    """Ten that begin at the same time, and one that comes later, agree."""
    at_once = [RecipientRefs(cloud.account, new_key=new_key) for _ in range(10)]
    found = await asyncio.gather(*[one.of(ADDRESSES) for one in at_once])
    found.append(await RecipientRefs(cloud.account, new_key=new_key).of(ADDRESSES))
    assert len(set(found)) == 1


async def test_accounts_have_keys_of_their_own(cloud: Cloud, new_key: Callable[[], bytes]) -> None:
    """The key that was made is the one that is used, and it rests in the account."""
    found = await RecipientRefs(cloud.account, new_key=new_key).of(ADDRESSES)
    assert found == tuple(recipient_ref(b"\x01" * KEY_LENGTH, address) for address in ADDRESSES)
    row = await cloud.account.table(TABLE).get_entity(PARTITION, ROW)
    assert row["Key"] == b"\x01" * KEY_LENGTH


async def test_the_key_is_read_once(cloud: Cloud, new_key: Callable[[], bytes]) -> None:
    """Ten questions at the same time are one call to storage, later ones none."""
    await RecipientRefs(cloud.account, new_key=new_key).of(ADDRESSES)
    cloud.operations()
    references = RecipientRefs(cloud.account, new_key=new_key)
    await asyncio.gather(*[references.of(ADDRESSES) for _ in range(10)])
    await references.of(ADDRESSES)
    assert cloud.operations() == {"table.get": 1}


@pytest.mark.parametrize("fault", ["lose-answer", "drop"])
async def test_a_key_whose_answer_was_lost_is_the_key(cloud: Cloud, new_key: Callable[[], bytes], fault: str) -> None:
    """The repetition finds it there; another instance uses the same."""
    await cloud.account.table(TABLE).create_table()
    cloud.arm(fault, "table.transaction")
    first = await RecipientRefs(cloud.account, new_key=new_key).of(ADDRESSES)
    assert await RecipientRefs(cloud.account, new_key=new_key).of(ADDRESSES) == first


async def test_without_storage_there_is_no_reference(cloud: Cloud, new_key: Callable[[], bytes]) -> None:
    """A key that cannot be read is not made anew, and the next question asks again."""
    first = await RecipientRefs(cloud.account, new_key=new_key).of(ADDRESSES)
    references = RecipientRefs(cloud.account, new_key=new_key)
    cloud.arm("status", "table.get", count=3)
    with pytest.raises(StorageUnavailable):
        await references.of(ADDRESSES)
    assert await references.of(ADDRESSES) == first


@pytest.mark.parametrize("key", [b"", b"short", "text", 7, b"x" * 33])
async def test_a_key_edited_into_nonsense_is_named(cloud: Cloud, new_key: Callable[[], bytes], key: object) -> None:
    """Another key would give everybody a second reference; so mails wait until a person has put it right."""
    await RecipientRefs(cloud.account, new_key=new_key).of(ADDRESSES)
    await cloud.account.table(TABLE).upsert_entity({"PartitionKey": PARTITION, "RowKey": ROW, "Key": key})
    with pytest.raises(StorageUnavailable, match="table keys") as caught:
        await RecipientRefs(cloud.account, new_key=new_key).of(ADDRESSES)
    assert caught.value.retry_after >= 60

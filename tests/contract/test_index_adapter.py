"""What only the index on real storage can show: how often it asks, lost answers, and what a failure in between leaves."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from azure.core.exceptions import ResourceExistsError

from shared.edges import ledger_index
from shared.edges.ledger import Ledger
from shared.edges.ledger_index import ADDRESSED, LISTED
from shared.edges.payloads import Payloads
from shared.rules.mail_row import MailRow
from shared.rules.open_mail import OpenMail
from shared.rules.states import State
from shared.rules.storage_errors import AlreadyThere, StorageUnavailable
from shared.telemetry import silent
from tests.contract.conftest import Cloud
from tests.contract.ledger_hands import (
    BOB,
    EVE,
    KEEP_PAYLOAD,
    NOON,
    PAYLOAD,
    CloudHand,
    a_final_mail,
    a_mail,
    claimed,
    ended,
)

LONG_AFTER = NOON + 100 * 86_400


@pytest.fixture
def ledger(cloud: Cloud, new_id: Callable[[], str]) -> Ledger:
    """The adapter, through the proxy."""
    return Ledger(cloud.account, Payloads(cloud.account), silent(), new_id=new_id, keep_payload=KEEP_PAYLOAD)


async def keys(cloud: Cloud) -> list[str]:
    """The row keys of the index, in order."""
    return [entity["RowKey"] async for entity in cloud.account.table(ledger_index.TABLE).list_entities()]


def to_many(recipients: int) -> MailRow:
    """A mail to so many."""
    return replace(a_mail(), recipient_refs=tuple(f"{n:024x}" for n in range(recipients)))


async def fill(cloud: Cloud, prefix: str, number: int) -> None:
    """Put entries into one list, the way the index writes them."""
    client = cloud.account.table(ledger_index.TABLE)
    with suppress(ResourceExistsError):
        await client.create_table()
    names = [{"PartitionKey": ledger_index.PARTITION, "RowKey": f"{prefix}|{n:015d}|mail-{n}"} for n in range(number)]
    for start in range(0, number, 100):
        await client.submit_transaction([("upsert", name) for name in names[start : start + 100]])


async def test_the_keys_can_be_read_by_a_person(cloud: Cloud, ledger: Ledger) -> None:
    """List, time and mail; the newest mail of a recipient sorts first."""
    await ledger.insert(a_mail(), PAYLOAD)
    await ledger.stop(a_mail(), "a" * 16)
    assert await keys(cloud) == [
        "due|2026-11-23T22:00:00.0000000Z|mail-1",
        f"stop|{'a' * 16}|2026-11-23T22:00:00.0000000Z|mail-1",
        f"to|{BOB}|251606829599877|mail-1",
        f"to|{EVE}|251606829599877|mail-1",
    ]


@pytest.mark.parametrize(("recipients", "calls"), [(1, 1), (99, 1), (100, 2), (500, 6)])
async def test_calls_for_a_mails_entries(cloud: Cloud, ledger: Ledger, recipients: int, calls: int) -> None:
    """One call for a mail with fewer than a hundred recipients, and one to move it at its end whatever their number."""
    await ledger.insert(a_mail("warm"), PAYLOAD)
    cloud.operations()
    entry = await ledger.insert(to_many(recipients), PAYLOAD)
    assert cloud.operations() == {"table.transaction": calls + 1}
    sending = await ledger.update(entry, claimed(entry.row))
    await ledger.update(sending, ended(sending.row))
    assert cloud.operations() == {"table.update": 2, "table.transaction": 1}


async def test_calls_for_what_the_tick_does(cloud: Cloud, ledger: Ledger) -> None:
    """A list is a query, of spent mails two; a move is a transaction; forgetting a mail costs a handful of calls."""
    small = await a_final_mail(ledger)
    cloud.operations()
    (mail,) = await ledger.spent(LONG_AFTER)
    await ledger.drop_payload(small)
    await ledger.emptied(mail, NOON)
    assert cloud.operations() == {"table.query": 2, "table.transaction": 2}
    found = await ledger.read("mail-1")
    assert found is not None
    await ledger.drop(found)
    assert cloud.operations() == {"table.get": 1, "table.transaction": 4, "blob.delete": 1}


async def test_a_mail_is_due_only_when_all_its_recipients_are_written(ledger: Ledger) -> None:
    """The index fails after some of the recipients' entries (here on a key that storage refuses): no row, nothing due."""
    row = to_many(500)
    with pytest.raises(StorageUnavailable):
        await ledger.insert(replace(row, recipient_refs=(*row.recipient_refs[:250], "x" * 2000)), PAYLOAD)
    assert await ledger.read("mail-1") is None
    assert await ledger.due(NOON) == []
    await ledger.insert(row, PAYLOAD)
    assert [mail.mail_id for mail in await ledger.due(NOON)] == ["mail-1"]


async def test_a_row_that_cannot_be_written_is_in_the_index(cloud: Cloud, ledger: Ledger) -> None:
    """The entry is there before its row: an open mail cannot be missed."""
    cloud.arm("drop", "table.transaction", count=3, resource="ledger")
    with pytest.raises(StorageUnavailable):
        await ledger.insert(a_mail(), PAYLOAD)
    assert [mail.mail_id for mail in await ledger.due(NOON)] == ["mail-1"]


async def test_a_second_insert_leaves_nothing_behind(cloud: Cloud, ledger: Ledger) -> None:
    """A caller that repeats itself a minute later adds the mail to no list once more, be it on its way or at its end."""
    again = replace(a_mail(), date=NOON + 60, accepted_at=NOON + 60, recipient_refs=(BOB, "c" * 24))
    entry = await ledger.insert(a_mail(), PAYLOAD)
    on_its_way = await keys(cloud)
    with pytest.raises(AlreadyThere):
        await ledger.insert(again, PAYLOAD)
    assert await keys(cloud) == on_its_way
    await ledger.update(entry, ended(claimed(entry.row)))
    at_its_end = await keys(cloud)
    with pytest.raises(AlreadyThere):
        await ledger.insert(again, PAYLOAD)
    assert await keys(cloud) == at_its_end


async def test_an_end_is_safe_where_the_index_cannot_be_reached(cloud: Cloud, ledger: Ledger) -> None:
    """The outcome is written; the entry stays in `due`, from where the sweep brings it to rest."""
    entry = await ledger.insert(a_mail(), PAYLOAD)
    sending = await ledger.update(entry, claimed(entry.row))
    cloud.arm("drop", "table.transaction", count=3, resource="index")
    await ledger.update(sending, ended(sending.row))
    (mail,) = await ledger.due(NOON)
    await ledger.settle(mail)
    assert [one.mail_id for one in await ledger.spent(LONG_AFTER)] == ["mail-1"]


@pytest.mark.parametrize("fault", ["lose-answer", "drop"])
async def test_a_move_whose_answer_was_lost_is_done(cloud: Cloud, ledger: Ledger, fault: str) -> None:
    """The repetition finds the old entry gone, and the new one in its place."""
    entry = await ledger.insert(a_mail(), PAYLOAD)
    (mail,) = await ledger.due(NOON)
    cloud.arm(fault, "table.transaction", resource="index")
    await ledger.look_again(mail, NOON + 60)
    cloud.arm(fault, "table.transaction", resource="index")
    await ledger.hold((await ledger.due(NOON + 60))[0])
    sending = await ledger.update(entry, claimed(entry.row))
    cloud.arm(fault, "table.transaction", resource="index")
    await ledger.update(sending, ended(sending.row))
    assert [mail.mail_id for mail in await ledger.spent(LONG_AFTER)] == ["mail-1"]


@pytest.mark.parametrize("payload", [PAYLOAD, bytes(100_000)], ids=["small", "large"])
async def test_a_removal_whose_answers_were_lost_is_done(cloud: Cloud, ledger: Ledger, payload: bytes) -> None:
    """Our own write to the row is not taken for somebody else's."""
    entry = await a_final_mail(ledger, payload=payload)
    cloud.arm("lose-answer", "table.transaction", count=1, resource="ledger")
    await ledger.drop_payload(entry)
    found = await ledger.read("mail-1")
    assert found is not None
    cloud.arm("lose-answer", "table.transaction", count=2, resource="ledger")
    await ledger.drop(found)
    assert await ledger.read("mail-1") is None
    assert not [key for key in await keys(cloud) if key.startswith("to|")]


CUTS = [("table.transaction", "ledger"), ("blob.delete", "payloads"), ("table.transaction", "index")]


@pytest.mark.parametrize(("operation", "resource"), CUTS)
async def test_a_removal_that_was_cut_off_can_be_repeated(
    cloud: Cloud, ledger: Ledger, operation: str, resource: str
) -> None:
    """Whatever it had come to: the row still leads to what is left, and the next tick finishes."""
    entry = await a_final_mail(ledger, payload=bytes(100_000))
    cloud.arm("status", operation, count=3, resource=resource)
    with pytest.raises(StorageUnavailable):
        await ledger.drop(entry)
    cloud.calm()
    found = await ledger.read("mail-1")
    assert found is not None
    await ledger.drop(found)
    assert await ledger.read("mail-1") is None
    assert not [key for key in await keys(cloud) if key.startswith("to|")]
    assert [blob async for blob in cloud.account.container("payloads").list_blobs()] == []


async def test_an_answer_is_bounded(cloud: Cloud, ledger: Ledger) -> None:
    """A list may hold more than one answer: the tick gets the oldest, a person the newest."""
    await fill(cloud, "stop|place", LISTED + 50)
    stopped = await ledger.stopped("place")
    assert (len(stopped), stopped[0].mail_id) == (LISTED, "mail-0")
    await fill(cloud, f"to|{BOB}", ADDRESSED + 50)
    cloud.operations()
    addressed = await ledger.addressed(BOB)
    assert (len(addressed), addressed[0].mail_id) == (ADDRESSED, "mail-0")
    assert cloud.operations() == {"table.query": 1}


async def test_strange_places_and_references_lead_nowhere(ledger: Ledger) -> None:
    """What comes from outside as a key finds nothing, and changes no query."""
    await ledger.insert(a_mail(), PAYLOAD)
    for text in ("", "' or 1 eq 1", "~", BOB[:-1], f"{BOB}|", "\u00e4", "x" * 2000):
        assert await ledger.addressed(text) == await ledger.stopped(text) == []


async def test_an_entry_that_somebody_wrote_by_hand_is_settled(cloud: Cloud, ledger: Ledger) -> None:
    """A key that the app would not write is listed, leads to no mail, and can be removed like any other."""
    await fill(cloud, "payload|0-nonsense", 1)
    (mail,) = await ledger.spent(4e10)
    assert mail == OpenMail("mail-0", "payload", f"payload|0-nonsense|{0:015d}|mail-0")
    await ledger.settle(mail)
    assert await ledger.spent(4e10) == []


async def test_a_row_from_before_there_were_references_is_dropped(cloud: Cloud, ledger: Ledger) -> None:
    """It has no entries by recipient, and goes all the same."""
    entry = await ledger.insert(replace(a_mail(), recipient_refs=(), state=State.REJECTED), PAYLOAD)
    await CloudHand(cloud).delete_payload("mail-1")
    await ledger.drop(entry)
    assert await ledger.read("mail-1") is None

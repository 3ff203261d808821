"""What every ledger keeps: the fake of the story tests and the adapter on a real Azurite."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.edges.ledger import Ledger
from shared.edges.payloads import Payloads
from shared.rules.mail_row import Entry, move
from shared.rules.outcome import Fate, RecipientResult, Reply
from shared.rules.states import State
from shared.rules.storage_errors import AlreadyThere, BrokenRow, Conflict, NewerRow, PayloadChanged, PayloadGone
from shared.telemetry import silent
from tests.contract.conftest import Cloud
from tests.contract.ledger_hands import KEEP_PAYLOAD, LARGE, PAYLOAD, CloudHand, FakeHand, Hand, LedgerPort, a_mail, claimed
from tests.fakes.storage import FakeLedger

Bench = tuple[LedgerPort, Hand]


@pytest.fixture(params=["fake", "azurite"])
def bench(request: pytest.FixtureRequest, new_id: Callable[[], str]) -> Bench:
    """A ledger and somebody with access to its storage."""
    if request.param == "fake":
        fake = FakeLedger()
        return fake, FakeHand(fake)
    cloud: Cloud = request.getfixturevalue("cloud")
    return Ledger(cloud.account, Payloads(cloud.account), silent(), new_id=new_id, keep_payload=KEEP_PAYLOAD), CloudHand(
        cloud
    )


async def test_a_new_mail_is_read_back_as_it_was(bench: Bench) -> None:
    """What was inserted is what `read` gives, without the payload, and `open`, with it."""
    ledger, _ = bench
    entry = await ledger.insert(a_mail(), PAYLOAD)
    assert entry.row == a_mail()
    assert await ledger.read("mail-1") == Entry(a_mail(), entry.etag)
    assert await ledger.open("mail-1") == Entry(a_mail(), entry.etag, PAYLOAD)


async def test_a_large_payload_comes_back_whole(bench: Bench) -> None:
    """A payload that does not fit into a table row comes back as it was."""
    ledger, _ = bench
    await ledger.insert(a_mail(payload=LARGE), LARGE)
    entry = await ledger.open("mail-1")
    assert entry is not None
    assert entry.payload == LARGE


@pytest.mark.parametrize("size", [0, 1, 60 * 1024, 60 * 1024 + 1])
async def test_payloads_around_the_limit_come_back_whole(bench: Bench, size: int) -> None:
    """Neither an empty payload nor one at the table's limit is special."""
    ledger, _ = bench
    payload = b"x" * size
    await ledger.insert(a_mail(payload=payload), payload)
    entry = await ledger.open("mail-1")
    assert entry is not None
    assert entry.payload == payload


async def test_a_row_may_have_no_payload(bench: Bench) -> None:
    """A row that only says why a mail was refused opens with an empty payload."""
    ledger, _ = bench
    await ledger.insert(replace(a_mail(), payload_hash=""), b"")
    entry = await ledger.open("mail-1")
    assert entry is not None
    assert entry.payload == b""


@pytest.mark.parametrize("mail_id", ["mail-2", "", "a/b", "it's", "a b#?\\", "\u0000", "x" * 2000, "ä"])
async def test_what_is_not_there_is_none(bench: Bench, mail_id: str) -> None:
    """An unknown id is None, also one that no mail can have: ids come from the HTTP API."""
    ledger, _ = bench
    await ledger.insert(a_mail(), PAYLOAD)
    assert await ledger.read(mail_id) is None
    assert await ledger.open(mail_id) is None


async def test_an_id_is_taken_once(bench: Bench) -> None:
    """The second insert changes nothing and gets the row that is there, without its payload."""
    ledger, _ = bench
    first = await ledger.insert(a_mail(), PAYLOAD)
    with pytest.raises(AlreadyThere) as caught:
        await ledger.insert(a_mail(payload=b"other"), b"other")
    assert caught.value.entry == Entry(first.row, first.etag)
    assert await ledger.open("mail-1") == first


async def test_one_of_many_inserts_at_once_wins(bench: Bench) -> None:
    """Of ten inserts of one id at the same time, one succeeds and nine are told so."""
    ledger, _ = bench
    inserts = [ledger.insert(replace(a_mail(), ticket=n), PAYLOAD) for n in range(1, 11)]
    results = await asyncio.gather(*inserts, return_exceptions=True)
    winners = [result for result in results if isinstance(result, Entry)]
    losers = [result for result in results if isinstance(result, AlreadyThere)]
    assert (len(winners), len(losers)) == (1, 9)
    assert {loser.entry.row.ticket for loser in losers} == {winners[0].row.ticket}


async def test_an_update_is_seen_by_the_next_reader(bench: Bench) -> None:
    """After an update the ETag is another, the row is the new one, and the payload is still there."""
    ledger, _ = bench
    entry = await ledger.insert(a_mail(), PAYLOAD)
    updated = await ledger.update(entry, claimed(entry.row))
    assert updated.etag != entry.etag
    assert updated.payload == PAYLOAD
    assert await ledger.open("mail-1") == Entry(claimed(a_mail()), updated.etag, PAYLOAD)


async def test_every_column_survives(bench: Bench) -> None:
    """A row in which every field says something comes back equal."""
    ledger, _ = bench
    entry = await ledger.insert(a_mail(), PAYLOAD)
    sending = await ledger.update(entry, claimed(entry.row))
    row = move(sending.row, State.SENT, at=1_795_471_203.7654321, reason="250")
    reply = Reply(250, "2.0.0", "<1@contoso.test>", "AM0PR01MB0001.contoso.test")
    results = (RecipientResult(Fate.ACCEPTED, 250, "2.1.5"), RecipientResult(Fate.REFUSED, 550, "5.1.10"))
    row = replace(row, reply=reply, recipients=results, possible_duplicate=True, unknowns=1, ticket=7, priority="bulk")
    await ledger.update(sending, row)
    read = await ledger.read("mail-1")
    assert read is not None
    assert read.row == row


async def test_an_old_entry_cannot_overwrite(bench: Bench) -> None:
    """Of two who read the same row, the second to write gets a conflict with what is there now, and changes nothing."""
    ledger, _ = bench
    entry = await ledger.insert(a_mail(), PAYLOAD)
    first = await ledger.update(entry, claimed(entry.row))
    with pytest.raises(Conflict) as caught:
        await ledger.update(entry, move(entry.row, State.CANCELLED, at=1.0, reason="too-late"))
    assert caught.value.current == Entry(first.row, first.etag)
    assert await ledger.read("mail-1") == Entry(first.row, first.etag)


async def test_one_of_many_claims_wins(bench: Bench) -> None:
    """Of ten claims at the same time exactly one succeeds, even though all write the same columns."""
    ledger, _ = bench
    entry = await ledger.insert(a_mail(), PAYLOAD)
    results = await asyncio.gather(*[ledger.update(entry, claimed(entry.row)) for _ in range(10)], return_exceptions=True)
    assert sum(isinstance(result, Entry) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 9


async def test_a_deleted_row_is_a_conflict(bench: Bench) -> None:
    """An update does not bring back a row that was deleted."""
    ledger, hand = bench
    entry = await ledger.insert(a_mail(), PAYLOAD)
    await hand.delete_row("mail-1")
    with pytest.raises(Conflict) as caught:
        await ledger.update(entry, claimed(entry.row))
    assert caught.value.current is None
    assert await ledger.read("mail-1") is None


async def test_an_update_keeps_the_id(bench: Bench) -> None:
    """Writing one mail's row over another's is a programming error."""
    ledger, _ = bench
    entry = await ledger.insert(a_mail(), PAYLOAD)
    with pytest.raises(ValueError, match="id"):
        await ledger.update(entry, a_mail("mail-2"))


async def test_a_newer_row_is_left_alone(bench: Bench) -> None:
    """A row of a newer version is named as such by everything that reads it."""
    ledger, hand = bench
    await ledger.insert(a_mail(), PAYLOAD)
    await hand.raise_version("mail-1")
    with pytest.raises(NewerRow):
        await ledger.read("mail-1")
    with pytest.raises(NewerRow):
        await ledger.open("mail-1")
    with pytest.raises(NewerRow):
        await ledger.insert(a_mail(), PAYLOAD)


async def test_a_row_edited_into_nonsense_is_named(bench: Bench) -> None:
    """A state that does not exist is a broken row with the column's name."""
    ledger, hand = bench
    await ledger.insert(a_mail(), PAYLOAD)
    await hand.spoil("mail-1")
    with pytest.raises(BrokenRow, match="State"):
        await ledger.read("mail-1")
    with pytest.raises(BrokenRow, match="State"):
        await ledger.open("mail-1")


async def test_a_missing_payload_is_named(bench: Bench) -> None:
    """A mail whose payload was deleted can still be read, but not opened."""
    ledger, hand = bench
    await ledger.insert(a_mail(), PAYLOAD)
    await hand.delete_payload("mail-1")
    assert await ledger.read("mail-1") is not None
    with pytest.raises(PayloadGone):
        await ledger.open("mail-1")


async def test_a_changed_payload_is_named(bench: Bench) -> None:
    """A payload that is not the accepted one is never handed out."""
    ledger, hand = bench
    await ledger.insert(a_mail(), PAYLOAD)
    await hand.change_payload("mail-1")
    with pytest.raises(PayloadChanged):
        await ledger.open("mail-1")


async def test_a_payload_has_to_fit_its_hash(bench: Bench) -> None:
    """A row with the hash of another payload is refused, and nothing is stored."""
    ledger, _ = bench
    with pytest.raises(PayloadChanged):
        await ledger.insert(a_mail(), b"other")
    assert await ledger.read("mail-1") is None

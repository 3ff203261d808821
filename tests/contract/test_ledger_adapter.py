"""What only the ledger on real storage can show: lost answers, broken columns, and how often it asks."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.edges.ledger import Ledger
from shared.edges.payloads import Payloads
from shared.rules.mail_row import TIMELINE_LENGTH, Entry, move, note
from shared.rules.outcome import Fate, RecipientResult
from shared.rules.states import State
from shared.rules.storage_errors import AlreadyThere, BrokenRow, Conflict, PayloadChanged, PayloadGone, StorageUnavailable
from shared.telemetry import Telemetry, silent
from tests.contract.conftest import Cloud
from tests.contract.ledger_hands import KEEP_PAYLOAD, LARGE, NOON, PAYLOAD, CloudHand, a_mail, claimed


@pytest.fixture
def ledger(cloud: Cloud, new_id: Callable[[], str]) -> Ledger:
    """The adapter, through the proxy."""
    return Ledger(cloud.account, Payloads(cloud.account), silent(), new_id=new_id, keep_payload=KEEP_PAYLOAD)


async def test_an_insert_whose_answer_was_lost_is_a_success(cloud: Cloud, ledger: Ledger) -> None:
    """The repetition finds our own row and says so, instead of calling it somebody else's."""
    await ledger.insert(a_mail("mail-0"), PAYLOAD)
    cloud.arm("lose-answer", "table.transaction", resource="ledger")
    entry = await ledger.insert(a_mail(), PAYLOAD)
    assert await ledger.open("mail-1") == entry


async def test_an_update_whose_answer_was_lost_is_a_success(cloud: Cloud, ledger: Ledger) -> None:
    """The repetition fails on its own first write's ETag, and finds that write; the new ETag can be used."""
    entry = await ledger.insert(a_mail(), PAYLOAD)
    cloud.arm("lose-answer", "table.update")
    sending = await ledger.update(entry, claimed(entry.row))
    assert await ledger.open("mail-1") == sending
    await ledger.update(sending, replace(sending.row, ticket=2))


async def test_somebody_elses_write_is_not_taken_for_ours(cloud: Cloud, ledger: Ledger) -> None:
    """A lost request, then a conflict with a row of the same content, stays a conflict."""
    entry = await ledger.insert(a_mail(), PAYLOAD)
    await ledger.update(entry, claimed(entry.row))
    cloud.arm("drop", "table.update")
    with pytest.raises(Conflict):
        await ledger.update(entry, claimed(entry.row))


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_busy_storage_is_asked_again(cloud: Cloud, ledger: Ledger, status: int) -> None:
    """Two refusals for the moment cost two pauses, and the mail is stored."""
    cloud.arm("status", "table.transaction", count=2, status=status, resource="ledger")
    await ledger.insert(a_mail(), PAYLOAD)
    assert cloud.pauses == [0.1, 0.5]
    assert await ledger.open("mail-1") is not None


async def test_a_storage_that_stays_away_is_unavailable(cloud: Cloud, ledger: Ledger) -> None:
    """After three attempts the caller is told when to come back, and nothing was stored."""
    cloud.arm("drop", "table.transaction", count=3, resource="ledger")
    with pytest.raises(StorageUnavailable) as caught:
        await ledger.insert(a_mail(), PAYLOAD)
    assert caught.value.reason.code == "storage-unreachable"
    assert caught.value.retry_after > 0
    assert caught.value.__cause__ is None
    assert await ledger.read("mail-1") is None


async def test_a_large_payload_is_stored_before_its_row(cloud: Cloud, ledger: Ledger) -> None:
    """If the blob cannot be written there is no row, so no mail without its payload."""
    cloud.arm("status", "blob.put", count=9)
    with pytest.raises(StorageUnavailable):
        await ledger.insert(a_mail(payload=LARGE), LARGE)
    assert await ledger.read("mail-1") is None


async def test_a_deleted_blob_is_a_gone_payload(cloud: Cloud, ledger: Ledger) -> None:
    """A large payload that is gone is named."""
    entry = await ledger.insert(a_mail(payload=LARGE), LARGE)
    await cloud.account.container("payloads").delete_blob(f"mail-1/{entry.row.payload_hash}")
    with pytest.raises(PayloadGone):
        await ledger.open("mail-1")


async def test_a_changed_blob_is_a_changed_payload(cloud: Cloud, ledger: Ledger) -> None:
    """A large payload that is another one now is never handed out."""
    entry = await ledger.insert(a_mail(payload=LARGE), LARGE)
    name = f"mail-1/{entry.row.payload_hash}"
    await cloud.account.container("payloads").upload_blob(name, b"other", overwrite=True)
    with pytest.raises(PayloadChanged):
        await ledger.open("mail-1")


async def test_a_body_left_alone_does_not_block_its_id(cloud: Cloud, ledger: Ledger) -> None:
    """A row deleted by hand, its body forgotten, can be inserted again."""
    await ledger.insert(a_mail(), PAYLOAD)
    await CloudHand(cloud).delete_row("mail-1")
    await ledger.insert(a_mail(payload=b"new"), b"new")
    entry = await ledger.open("mail-1")
    assert entry is not None
    assert entry.payload == b"new"


NONSENSE: list[tuple[str, Any]] = [
    ("Ticket", "one"),
    ("Ticket", -1),
    ("Attempts", True),
    ("Version", "1"),
    ("Sender", 5),
    ("PossibleDuplicate", "yes"),
    ("Due", "tomorrow"),
    ("OnUnknown", "guess"),
    ("Timeline", "[[1]]"),
    ("Timeline", "not json"),
    ("Timeline", '[["2026-11-23T22:00:00Z", "nowhere", "x"]]'),
    ("Timeline", "[" * 10_000),
    ("Recipients", '[[1000000000, "pending"]]'),
    ("Recipients", '[[1, "lost"]]'),
    ("Recipients", '[[1, "pending", "250", 5]]'),
    ("Recipients", "{}[]"),
    ("Reply", "[]"),
    ("Reply", '{"code": "250"}'),
]


@pytest.mark.parametrize(("column", "value"), NONSENSE)
async def test_any_nonsense_in_a_column_names_the_column(cloud: Cloud, ledger: Ledger, column: str, value: object) -> None:
    """Whatever a person writes into a column, the ledger names the column and never crashes."""
    await ledger.insert(a_mail(), PAYLOAD)
    await CloudHand(cloud).edit("mail-1", "mail", **{column: value})
    with pytest.raises(BrokenRow, match=f"column {column} "):
        await ledger.read("mail-1")


async def test_the_largest_row_fits(ledger: Ledger) -> None:
    """500 recipients that all differ from their neighbours, with a full timeline of long reasons, can be stored."""
    results = tuple(RecipientResult(Fate.ACCEPTED if n % 2 else Fate.REFUSED, 550, f"5.{n}.999") for n in range(500))
    row = replace(a_mail(), recipients=results)
    for n in range(TIMELINE_LENGTH + 20):
        row = note(row, at=row.due + n, reason="r" * 90 + str(n))
    await ledger.insert(row, PAYLOAD)
    read = await ledger.read("mail-1")
    assert read is not None
    assert read.row == row


async def test_strange_text_is_stored_harmlessly(ledger: Ledger) -> None:
    """Lone surrogates, control characters and endless names do not keep a row from being written."""
    row = note(replace(a_mail(), sender="\ud800\x00" + "x" * 40_000), at=1.0, reason="\uffff\n" * 1000)
    await ledger.insert(row, PAYLOAD)
    read = await ledger.read("mail-1")
    assert read is not None
    assert read.row.sender.endswith("xxx")


async def test_storage_operations_per_call(cloud: Cloud, ledger: Ledger) -> None:
    """A small mail costs two transactions, a query, two updates and a move in the index; a large one two for its blob."""
    await ledger.insert(a_mail("warm", LARGE), LARGE)
    cloud.operations()
    await ledger.insert(a_mail(), PAYLOAD)
    assert cloud.operations() == {"table.transaction": 2}
    opened = await ledger.open("mail-1")
    assert isinstance(opened, Entry)
    assert cloud.operations() == {"table.query": 1}
    sending = await ledger.update(opened, claimed(opened.row))
    await ledger.update(sending, move(sending.row, State.SENT, at=NOON, reason="accepted-by-exchange"))
    assert cloud.operations() == {"table.update": 2, "table.transaction": 1}
    await ledger.read("mail-1")
    assert cloud.operations() == {"table.get": 1}
    with pytest.raises(AlreadyThere):
        await ledger.insert(a_mail(), PAYLOAD)
    assert cloud.operations() == {"table.transaction": 3, "table.get": 1}  # the third takes the entry back
    await ledger.insert(a_mail("mail-2", LARGE), LARGE)
    assert cloud.operations() == {"blob.put": 1, "table.transaction": 2}
    await ledger.open("mail-2")
    assert cloud.operations() == {"table.query": 1, "blob.get": 1}


async def test_concurrent_first_uses_make_one_table(ledger: Ledger) -> None:
    """Ten mails at the same time in an account without tables are all stored."""
    await asyncio.gather(*[ledger.insert(a_mail(f"mail-{n}"), PAYLOAD) for n in range(10)])
    entries = await asyncio.gather(*[ledger.read(f"mail-{n}") for n in range(10)])
    assert all(entry is not None for entry in entries)


async def test_the_row_holds_no_content(cloud: Cloud, ledger: Ledger) -> None:
    """No column of the row holds anything of the payload, and a person can read state and times."""
    payload = b'{"to": ["bob@contoso.test"], "subject": "secret plan"}'
    await ledger.insert(a_mail(payload=payload), payload)
    row = await cloud.account.table("ledger").get_entity("mail-1", "mail")
    assert "bob@" not in str(dict(row))
    assert "secret" not in str(dict(row))
    assert row["State"] == "waiting"
    assert row["Due"].isoformat() == "2026-11-23T22:00:01.500000+00:00"
    assert row["Recipients"] == '[[2,"pending"]]'
    assert row["PayloadHash"] == hashlib.sha256(payload).hexdigest()


async def test_every_operation_is_one_client_span(cloud: Cloud, new_id: Callable[[], str]) -> None:
    """Spans say which operation on which mail; an expected answer such as "already there" is no error."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider()
    telemetry = Telemetry(provider.get_tracer("test"), meters.get_meter("test"))
    ledger = Ledger(cloud.account, Payloads(cloud.account), telemetry, new_id=new_id, keep_payload=KEEP_PAYLOAD)
    entry = await ledger.insert(a_mail(), PAYLOAD)
    with pytest.raises(AlreadyThere):
        await ledger.insert(a_mail(), PAYLOAD)
    await ledger.update(entry, claimed(entry.row))
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["ledger"] * 3
    assert [(span.attributes or {})["keyless_mail.ledger.operation"] for span in spans] == ["insert", "insert", "update"]
    assert {(span.attributes or {})["keyless_mail.id"] for span in spans} == {"mail-1"}
    assert {span.kind.name for span in spans} == {"CLIENT"}
    assert all(span.status.is_unset for span in spans)
    provider.shutdown()
    meters.shutdown()

"""The retention of mails on the real tables and blobs: what the story leaves behind."""

import asyncio
from collections.abc import Callable

import pytest

from shared.edges.ledger import Ledger
from shared.edges.payloads import Payloads
from shared.retention import AT_ONCE, Cleanup
from shared.rules.config import Retention
from shared.rules.storage_errors import PayloadGone
from shared.telemetry import silent
from tests.contract.conftest import Cloud
from tests.contract.ledger_hands import LARGE, NOON, PAYLOAD, a_final_mail

HOUR, DAY = 3600.0, 86_400.0


async def left_in(cloud: Cloud, table: str) -> int:
    """How many entities a table holds."""
    return len([entity async for entity in cloud.account.table(table).list_entities()])


@pytest.mark.parametrize("payload", [PAYLOAD, LARGE], ids=["small", "large"])
async def test_a_mail_leaves_no_trace_in_storage(cloud: Cloud, new_id: Callable[[], str], payload: bytes) -> None:
    """First its content, later its row and everything that leads to it: tables and container are as before the mail."""
    ledger = Ledger(cloud.account, Payloads(cloud.account), silent(), new_id=new_id, keep_payload=HOUR)
    ended = (await a_final_mail(ledger, payload=payload)).row.changed_at

    def at(now: float) -> Cleanup:
        return Cleanup(Retention(HOUR, 7 * DAY), ledger, ledger, silent(), lambda: now)

    assert await at(ended + HOUR - 1).run() == (0, 0)
    assert await at(ended + HOUR).run() == (1, 0)
    with pytest.raises(PayloadGone):
        await ledger.open("mail-1")
    entry = await ledger.read("mail-1")
    assert entry is not None
    assert entry.row.changed_at == ended
    assert await at(ended + 7 * DAY).run() == (0, 1)
    assert await ledger.read("mail-1") is None
    assert await left_in(cloud, "ledger") == await left_in(cloud, "index") == 0
    if payload is LARGE:
        assert [blob.name async for blob in cloud.account.container("payloads").list_blobs()] == []


async def test_many_mails_go_in_one_tick(cloud: Cloud, new_id: Callable[[], str]) -> None:
    """Some side by side, the others after them, and none is left out."""
    ledger = Ledger(cloud.account, Payloads(cloud.account), silent(), new_id=new_id, keep_payload=HOUR)
    many = AT_ONCE + 1
    await asyncio.gather(*(a_final_mail(ledger, f"mail-{n}") for n in range(many)))
    cleanup = Cleanup(Retention(HOUR, 7 * DAY), ledger, ledger, silent(), lambda: NOON + 8 * DAY)
    assert await cleanup.run() == (many, many)
    assert await left_in(cloud, "ledger") == await left_in(cloud, "index") == 0

"""Mails that a person may put back, page by page: the fake and the adapter on Azurite."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.edges.ledger import Ledger
from shared.edges.payloads import Payloads
from shared.rules.mail_row import move
from shared.rules.states import State
from shared.telemetry import silent
from tests.contract.conftest import Cloud
from tests.contract.ledger_hands import KEEP_PAYLOAD, NOON, PAYLOAD, a_mail, claimed, ended
from tests.contract.test_open_mails_contract import Indexed, names
from tests.fakes.ledger import FakeLedger


@pytest.fixture(params=["fake", "azurite"])
def ledger(request: pytest.FixtureRequest, new_id: Callable[[], str]) -> Indexed:
    """An empty ledger with its index."""
    if request.param == "fake":
        return FakeLedger(keep_payload=KEEP_PAYLOAD)
    cloud: Cloud = request.getfixturevalue("cloud")
    return Ledger(cloud.account, Payloads(cloud.account), silent(), new_id=new_id, keep_payload=KEEP_PAYLOAD)


async def a_mail_in(ledger: Indexed, state: State, mail_id: str, at: float) -> None:
    """A mail that came to this state at that time."""
    entry = await ledger.insert(replace(a_mail(mail_id), date=at), PAYLOAD)
    if state in (State.CANCELLED, State.EXPIRED):
        await ledger.update(entry, move(entry.row, state, at=at, reason="ended"))
    elif state is not State.WAITING:
        sending = await ledger.update(entry, claimed(entry.row))
        await ledger.update(sending, ended(sending.row, state, at))


async def test_who_failed_or_waits_for_a_person_may_be_put_back(ledger: Indexed) -> None:
    """Rejected and expired mails by the time of their end, then those that wait for a person; nothing else."""
    for n, state in enumerate(State):
        if state is not State.SENDING:
            await a_mail_in(ledger, state, state.value, NOON + 9 - n)
    assert names(await ledger.redrivable()) == ["expired", "rejected", "unknown", "parked"]


async def test_the_list_goes_on_behind_any_entry(ledger: Indexed) -> None:
    """Also behind one that is gone by now: whoever put it back goes on from there."""
    for n, state in enumerate((State.REJECTED, State.EXPIRED, State.PARKED, State.UNKNOWN)):
        await a_mail_in(ledger, state, f"mail-{n}", NOON + n)
    first, second, third, last = await ledger.redrivable()
    entry = await ledger.read("mail-1")
    assert entry is not None
    await ledger.update(entry, move(entry.row, State.WAITING, at=NOON + 60, reason="put back"))
    assert await ledger.redrivable(first.key) == [third, last]
    assert await ledger.redrivable(second.key) == [third, last]
    assert await ledger.redrivable(last.key) == []


async def test_a_failed_mail_whose_payload_is_gone_is_not_listed(ledger: Indexed) -> None:
    """There is nothing left to send; its row still tells the story."""
    await a_mail_in(ledger, State.REJECTED, "mail-1", NOON)
    entry = await ledger.read("mail-1")
    (spent,) = await ledger.spent(NOON + KEEP_PAYLOAD)
    assert entry is not None
    await ledger.drop_payload(entry)
    await ledger.emptied(spent, NOON + 90 * 86_400)
    assert await ledger.redrivable() == await ledger.spent(NOON + KEEP_PAYLOAD) == []
    assert names(await ledger.outdated(NOON + 90 * 86_400)) == ["mail-1"]


async def test_all_final_mails_are_spent_together(ledger: Indexed) -> None:
    """Whether they failed or not, the oldest first."""
    for n, state in enumerate((State.REJECTED, State.SENT, State.EXPIRED, State.CANCELLED)):
        await a_mail_in(ledger, state, f"mail-{n}", NOON + n)
    assert names(await ledger.spent(NOON + KEEP_PAYLOAD + 3)) == ["mail-0", "mail-1", "mail-2", "mail-3"]

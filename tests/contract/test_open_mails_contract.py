"""What every index of open mails keeps: the fake of the story tests and the adapter on a real Azurite."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.edges.ledger import Ledger
from shared.edges.payloads import Payloads
from shared.rules.mail_row import MailRow, move
from shared.rules.open_mail import OpenMail
from shared.rules.states import State
from shared.telemetry import silent
from tests.contract.conftest import Cloud
from tests.contract.ledger_hands import KEEP_PAYLOAD, NOON, PAYLOAD, a_mail, claimed
from tests.fakes.storage import FakeLedger

Indexed = Ledger | FakeLedger


@pytest.fixture(params=["fake", "azurite"])
def ledger(request: pytest.FixtureRequest, new_id: Callable[[], str]) -> Indexed:
    """An empty ledger with its index."""
    if request.param == "fake":
        return FakeLedger(keep_payload=KEEP_PAYLOAD)
    cloud: Cloud = request.getfixturevalue("cloud")
    return Ledger(cloud.account, Payloads(cloud.account), silent(), new_id=new_id, keep_payload=KEEP_PAYLOAD)


def names(mails: list[OpenMail]) -> list[str]:
    """Their ids, in order."""
    return [mail.mail_id for mail in mails]


def due_at(mail_id: str, at: float) -> MailRow:
    """A waiting mail whose first time is `at`."""
    return replace(a_mail(mail_id), date=at, due=at)


async def test_open_mails_are_found_by_their_time(ledger: Indexed) -> None:
    """The longest overdue first, and nothing whose time has not come."""
    for mail_id, at in (("later", NOON + 60), ("first", NOON - 60), ("second", NOON)):
        await ledger.insert(due_at(mail_id, at), PAYLOAD)
    assert names(await ledger.due(NOON)) == ["first", "second"]


async def test_nothing_is_due_before_there_was_a_mail(ledger: Indexed) -> None:
    """An account without the table has no open mails."""
    assert await ledger.due(NOON) == []
    assert await ledger.held() == []


async def test_a_final_mail_leaves_the_index(ledger: Indexed) -> None:
    """After its outcome nobody has to look."""
    entry = await ledger.insert(due_at("mail-1", NOON), PAYLOAD)
    sending = await ledger.update(entry, claimed(entry.row))
    assert names(await ledger.due(NOON)) == ["mail-1"]
    await ledger.update(sending, move(sending.row, State.SENT, at=NOON, reason="250"))
    assert await ledger.due(NOON) == []


async def test_a_mail_put_back_by_hand_returns_to_the_index(ledger: Indexed) -> None:
    """Rejected and then redriven, it is open again."""
    entry = await ledger.insert(due_at("mail-1", NOON), PAYLOAD)
    sending = await ledger.update(entry, claimed(entry.row))
    rejected = await ledger.update(sending, move(sending.row, State.REJECTED, at=NOON, reason="550"))
    await ledger.update(rejected, move(rejected.row, State.WAITING, at=NOON, reason="redrive"))
    assert names(await ledger.due(NOON)) == ["mail-1"]


async def test_a_held_mail_put_back_by_hand_is_due_again(ledger: Indexed) -> None:
    """Parked and then redriven, the program looks after it."""
    entry = await ledger.insert(replace(due_at("mail-1", NOON), state=State.PARKED), PAYLOAD)
    assert await ledger.due(NOON) == []
    await ledger.update(entry, move(entry.row, State.WAITING, at=NOON, reason="redrive"))
    assert names(await ledger.due(NOON)) == ["mail-1"]


async def test_a_row_that_only_explains_a_refusal_is_not_due(ledger: Indexed) -> None:
    """Parked at the door it waits for a person; rejected it is final."""
    await ledger.insert(replace(due_at("parked", NOON), state=State.PARKED), PAYLOAD)
    await ledger.insert(replace(due_at("rejected", NOON), state=State.REJECTED), PAYLOAD)
    assert await ledger.due(NOON + 60) == []
    assert names(await ledger.held()) == ["parked"]


async def test_entries_are_moved_held_and_settled(ledger: Indexed) -> None:
    """A look later, a wait for a person, and the end: each entry is where it should be."""
    for mail_id in ("moved", "held", "settled"):
        await ledger.insert(due_at(mail_id, NOON), PAYLOAD)
    found = {mail.mail_id: mail for mail in await ledger.due(NOON)}
    await ledger.look_again(found["moved"], NOON + 60)
    await ledger.hold(found["held"])
    await ledger.settle(found["settled"])
    assert await ledger.due(NOON) == []
    assert names(await ledger.due(NOON + 60)) == ["moved"]
    (held,) = await ledger.held()
    assert held.mail_id == "held"
    await ledger.settle(held)
    assert await ledger.held() == []


async def test_a_parked_mail_waits_for_a_person_at_once(ledger: Indexed) -> None:
    """A mail that a person has to look at leaves the mails that are due, and comes back to them by hand."""
    entry = await ledger.insert(due_at("mail-1", NOON), PAYLOAD)
    sending = await ledger.update(entry, claimed(entry.row))
    parked = await ledger.update(sending, move(sending.row, State.PARKED, at=NOON, reason="bug"))
    assert (names(await ledger.due(NOON)), names(await ledger.held())) == ([], ["mail-1"])
    await ledger.update(parked, move(parked.row, State.WAITING, at=NOON, reason="redrive"))
    assert (names(await ledger.due(NOON)), names(await ledger.held())) == (["mail-1"], [])


async def test_looking_again_at_the_same_time_changes_nothing(ledger: Indexed) -> None:
    """An entry is never lost by being moved onto itself."""
    await ledger.insert(due_at("mail-1", NOON), PAYLOAD)
    (mail,) = await ledger.due(NOON)
    await ledger.look_again(mail, NOON)
    assert names(await ledger.due(NOON)) == ["mail-1"]

"""What every index keeps of stops, of recipients and of mails whose rest is over: the fake and the adapter on Azurite."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.edges.ledger import Ledger
from shared.edges.payloads import Payloads
from shared.rules.mail_row import MailRow, move
from shared.rules.states import State
from shared.telemetry import silent
from tests.contract.conftest import Cloud
from tests.contract.ledger_hands import BOB, EVE, KEEP_PAYLOAD, NOON, PAYLOAD, a_final_mail, a_mail, claimed, ended
from tests.contract.test_open_mails_contract import Indexed, names
from tests.fakes.ledger import FakeLedger

HERE, THERE = "a" * 16, "b" * 16
"""Keys of two places at which a stop may stand."""

LONG_AFTER = NOON + 100 * 86_400


@pytest.fixture(params=["fake", "azurite"])
def ledger(request: pytest.FixtureRequest, new_id: Callable[[], str]) -> Indexed:
    """An empty ledger with its index."""
    if request.param == "fake":
        return FakeLedger(keep_payload=KEEP_PAYLOAD)
    cloud: Cloud = request.getfixturevalue("cloud")
    return Ledger(cloud.account, Payloads(cloud.account), silent(), new_id=new_id, keep_payload=KEEP_PAYLOAD)


def accepted_at(mail_id: str, at: float, *refs: str) -> MailRow:
    """A mail to these recipients that was accepted then."""
    return replace(a_mail(mail_id), accepted_at=at, date=at, recipient_refs=refs)


async def test_nothing_is_listed_before_there_was_a_mail(ledger: Indexed) -> None:
    """An account without the table has empty lists."""
    assert await ledger.spent(NOON) == await ledger.outdated(NOON) == []
    assert await ledger.stopped(HERE) == await ledger.addressed(BOB) == []


async def test_stopped_mails_are_listed_by_their_place(ledger: Indexed) -> None:
    """Noted twice they are listed once, the oldest first, and each place has its own; they stay due."""
    late, early, other = (accepted_at(name, NOON + n) for n, name in ((2, "late"), (1, "early"), (0, "other")))
    for row, place in ((late, HERE), (early, HERE), (other, THERE)):
        await ledger.insert(row, PAYLOAD)
        await ledger.stop(row, place)
    await ledger.stop(early, HERE)
    assert names(await ledger.stopped(HERE)) == ["early", "late"]
    assert names(await ledger.stopped(THERE)) == ["other"]
    assert names(await ledger.due(NOON + 60)) == ["other", "early", "late"]


async def test_a_mail_that_is_stopped_anew_is_not_settled_by_who_read_it_before(ledger: Indexed) -> None:
    """One process puts it back and settles its entry, another one holds it again in between: it must stay findable."""
    row = accepted_at("mail-1", NOON, BOB)
    await ledger.insert(row, PAYLOAD)
    await ledger.stop(row, HERE)
    (before,) = await ledger.stopped(HERE)
    await ledger.stop(row, HERE)
    await ledger.settle(before)
    (after,) = await ledger.stopped(HERE)
    await ledger.settle(after)
    await ledger.settle(after)
    assert await ledger.stopped(HERE) == []


async def test_a_stopped_mail_is_settled(ledger: Indexed) -> None:
    """Put back after the stop, a mail leaves the place's list and no other."""
    row = accepted_at("mail-1", NOON, BOB)
    await ledger.insert(row, PAYLOAD)
    await ledger.stop(row, HERE)
    (mail,) = await ledger.stopped(HERE)
    await ledger.settle(mail)
    assert await ledger.stopped(HERE) == []
    assert names(await ledger.due(NOON)) == names(await ledger.addressed(BOB)) == ["mail-1"]


async def test_mails_are_found_by_their_recipient(ledger: Indexed) -> None:
    """The newest first, and only those of this recipient."""
    for row in (accepted_at("old", NOON, BOB), accepted_at("new", NOON + 9, EVE, BOB), accepted_at("mid", NOON + 5, BOB)):
        await ledger.insert(row, PAYLOAD)
    assert names(await ledger.addressed(BOB)) == ["new", "mid", "old"]
    assert names(await ledger.addressed(EVE)) == ["new"]
    assert await ledger.addressed("c" * 24) == []


async def test_a_recipient_may_be_named_twice(ledger: Indexed) -> None:
    """To and copy to one person is one entry."""
    await ledger.insert(accepted_at("mail-1", NOON, BOB, EVE, BOB), PAYLOAD)
    assert names(await ledger.addressed(BOB)) == ["mail-1"]


async def test_five_hundred_recipients_are_all_found(ledger: Indexed) -> None:
    """A mail with more recipients than one transaction takes is found by each of them, and is due once."""
    refs = tuple(f"{n:024x}" for n in range(500))
    await ledger.insert(accepted_at("mail-1", NOON, *refs), PAYLOAD)
    for ref in (refs[0], refs[99], refs[100], refs[499]):
        assert names(await ledger.addressed(ref)) == ["mail-1"]
    assert names(await ledger.due(NOON)) == ["mail-1"]


async def test_a_payload_is_spent_when_it_has_rested(ledger: Indexed) -> None:
    """After the mail's end, by as much as payloads are kept, and not earlier."""
    await a_final_mail(ledger, at=NOON + 3)
    assert await ledger.spent(NOON + 3 + KEEP_PAYLOAD - 0.001) == []
    assert names(await ledger.spent(NOON + 3 + KEEP_PAYLOAD)) == ["mail-1"]


async def test_a_row_that_explains_a_refusal_comes_to_rest_too(ledger: Indexed) -> None:
    """A mail that was final from the start has a payload that must go; nobody looks at it otherwise."""
    await ledger.insert(replace(a_mail(), state=State.REJECTED), PAYLOAD)
    assert await ledger.due(LONG_AFTER) == []
    assert names(await ledger.spent(LONG_AFTER)) == ["mail-1"]
    assert names(await ledger.addressed(BOB)) == ["mail-1"]


async def test_open_mails_are_never_spent(ledger: Indexed) -> None:
    """Neither a mail that waits nor one that waits for a person."""
    await ledger.insert(a_mail("waiting"), PAYLOAD)
    await ledger.insert(replace(a_mail("parked"), state=State.PARKED), PAYLOAD)
    assert await ledger.spent(LONG_AFTER) == []


async def test_a_mail_that_ends_by_hand_is_spent(ledger: Indexed) -> None:
    """Held and then given up, it leaves the list of those that wait for a person."""
    entry = await ledger.insert(replace(a_mail(), state=State.PARKED), PAYLOAD)
    await ledger.update(entry, move(entry.row, State.CANCELLED, at=NOON, reason="given up"))
    assert await ledger.held() == []
    assert names(await ledger.spent(LONG_AFTER)) == ["mail-1"]


async def test_a_mail_put_back_is_not_spent(ledger: Indexed) -> None:
    """Redriven it keeps its payload, until its new end."""
    entry = await a_final_mail(ledger)
    waiting = await ledger.update(entry, move(entry.row, State.WAITING, at=NOON + 60, reason="redrive"))
    assert await ledger.spent(LONG_AFTER) == []
    sending = await ledger.update(waiting, claimed(waiting.row))
    await ledger.update(sending, ended(sending.row, at=NOON + 90))
    assert await ledger.spent(NOON + KEEP_PAYLOAD + 89) == []
    assert names(await ledger.spent(NOON + KEEP_PAYLOAD + 90)) == ["mail-1"]


async def test_an_end_is_noted_wherever_the_sweep_moved_the_mail(ledger: Indexed) -> None:
    """The entry was moved to a later time; the mail is spent all the same."""
    entry = await ledger.insert(a_mail(), PAYLOAD)
    (mail,) = await ledger.due(NOON)
    await ledger.look_again(mail, NOON + 60)
    sending = await ledger.update(entry, claimed(entry.row))
    await ledger.update(sending, ended(sending.row, at=NOON + 3))
    assert names(await ledger.spent(NOON + 3 + KEEP_PAYLOAD)) == ["mail-1"]


async def test_what_leaves_the_open_mails_is_looked_at_once_more(ledger: Indexed) -> None:
    """Where the entry of a mail's end could not be written, the sweep settles it: its payload must go even so."""
    await ledger.insert(a_mail("due"), PAYLOAD)
    await ledger.insert(replace(a_mail("held"), state=State.PARKED), PAYLOAD)
    for mail in (*await ledger.due(NOON), *await ledger.held()):
        await ledger.settle(mail)
    assert sorted(names(await ledger.spent(LONG_AFTER))) == ["due", "held"]
    for mail in await ledger.spent(LONG_AFTER):
        await ledger.settle(mail)
    assert await ledger.spent(LONG_AFTER) == await ledger.due(LONG_AFTER) == []


async def test_a_payload_that_has_to_rest_longer_is_looked_at_later(ledger: Indexed) -> None:
    """Its entry stays in its list."""
    await a_final_mail(ledger)
    (mail,) = await ledger.spent(LONG_AFTER)
    await ledger.look_again(mail, LONG_AFTER + 1)
    assert await ledger.spent(LONG_AFTER) == await ledger.due(LONG_AFTER + 1) == []
    assert names(await ledger.spent(LONG_AFTER + 1)) == ["mail-1"]


async def test_an_emptied_mail_becomes_outdated(ledger: Indexed) -> None:
    """After its payload its row has a time of its own; being told twice changes nothing."""
    await a_final_mail(ledger)
    (mail,) = await ledger.spent(LONG_AFTER)
    for _ in range(2):
        await ledger.emptied(mail, LONG_AFTER + 60)
    assert await ledger.spent(LONG_AFTER) == await ledger.outdated(LONG_AFTER) == []
    (outdated,) = await ledger.outdated(LONG_AFTER + 60)
    assert outdated.mail_id == "mail-1"
    await ledger.settle(outdated)
    assert await ledger.outdated(LONG_AFTER + 60) == []


async def test_an_entry_can_be_moved_by_two_at_once(ledger: Indexed) -> None:
    """Two instances that read the same entry do not disturb each other, and nothing is lost."""
    await ledger.insert(a_mail(), PAYLOAD)
    (mail,) = await ledger.due(NOON)
    await ledger.look_again(mail, NOON + 60)
    await ledger.look_again(mail, NOON + 60)
    assert names(await ledger.due(NOON + 60)) == ["mail-1"]
    (mail,) = await ledger.due(NOON + 60)
    await ledger.hold(mail)
    await ledger.hold(mail)
    assert names(await ledger.held()) == ["mail-1"]


@pytest.mark.parametrize("state", [State.WAITING, State.PARKED, State.REJECTED])
async def test_an_entry_goes_where_its_mail_belongs(ledger: Indexed, state: State) -> None:
    """Found among the mails whose content or row should go, one that is not final comes back to where it is worked on."""
    row = replace(a_mail(), state=state)
    await ledger.insert(row, PAYLOAD)
    (mail,) = (*await ledger.due(NOON), *await ledger.held(), *await ledger.spent(LONG_AFTER))
    await ledger.emptied(mail, NOON)
    (lost,) = await ledger.outdated(NOON)
    await ledger.settle(lost)  # somebody else was there first
    for _ in range(2):
        await ledger.refile(lost, row)
    assert await ledger.outdated(LONG_AFTER) == []
    found = (names(await ledger.due(NOON)), names(await ledger.held()), names(await ledger.spent(LONG_AFTER)))
    wanted = {State.WAITING: 0, State.PARKED: 1, State.REJECTED: 2}[state]
    assert [found.index(one) for one in found if one == ["mail-1"]] == [wanted]

"""How every ledger forgets: payloads first, rows later, and never a mail that somebody still needs."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.edges.ledger import Ledger
from shared.edges.payloads import Payloads
from shared.rules.mail_row import move
from shared.rules.states import State
from shared.rules.storage_errors import Conflict, PayloadGone
from shared.telemetry import silent
from tests.contract.conftest import Cloud
from tests.contract.ledger_hands import BOB, EVE, KEEP_PAYLOAD, LARGE, NOON, PAYLOAD, a_final_mail, a_mail, claimed
from tests.contract.test_open_mails_contract import Indexed
from tests.fakes.ledger import FakeLedger
from tests.fakes.storage import FakePayloads

BOTH_SIZES = pytest.mark.parametrize("payload", [PAYLOAD, LARGE], ids=["small", "large"])


@pytest.fixture(params=["fake", "azurite"])
def ledger(request: pytest.FixtureRequest, new_id: Callable[[], str]) -> Indexed:
    """An empty ledger."""
    if request.param == "fake":
        return FakeLedger(keep_payload=KEEP_PAYLOAD)
    cloud: Cloud = request.getfixturevalue("cloud")
    return Ledger(cloud.account, Payloads(cloud.account), silent(), new_id=new_id, keep_payload=KEEP_PAYLOAD)


@BOTH_SIZES
async def test_a_dropped_payload_is_gone_and_its_row_stays(ledger: Indexed, payload: bytes) -> None:
    """The row says what it said."""
    entry = await a_final_mail(ledger, payload=payload)
    await ledger.drop_payload(entry)
    found = await ledger.read("mail-1")
    assert found is not None
    assert found.row == entry.row
    with pytest.raises(PayloadGone):
        await ledger.open("mail-1")


@BOTH_SIZES
async def test_a_payload_can_be_dropped_again(ledger: Indexed, payload: bytes) -> None:
    """A tick that was cut off does it once more."""
    await ledger.drop_payload(await a_final_mail(ledger, payload=payload))
    found = await ledger.read("mail-1")
    assert found is not None
    await ledger.drop_payload(found)


@BOTH_SIZES
async def test_a_mail_that_is_put_back_keeps_its_payload(ledger: Indexed, payload: bytes) -> None:
    """Whoever read it as final is too late."""
    final = await a_final_mail(ledger, payload=payload)
    await ledger.update(final, move(final.row, State.WAITING, at=NOON + 60, reason="redrive"))
    with pytest.raises(Conflict):
        await ledger.drop_payload(final)
    with pytest.raises(Conflict):
        await ledger.drop(final)
    found = await ledger.open("mail-1")
    assert found is not None
    assert found.payload == payload


@BOTH_SIZES
async def test_who_puts_a_mail_back_learns_that_its_payload_went(ledger: Indexed, payload: bytes) -> None:
    """The payload goes with a write to the row, so that a redrive which read the row before fails."""
    final = await a_final_mail(ledger, payload=payload)
    await ledger.drop_payload(final)
    with pytest.raises(Conflict):
        await ledger.update(final, move(final.row, State.WAITING, at=NOON + 60, reason="redrive"))


@BOTH_SIZES
async def test_a_dropped_mail_is_gone_with_all_that_leads_to_it(ledger: Indexed, payload: bytes) -> None:
    """Neither its id nor its recipients find it; others' mails stay."""
    await a_final_mail(ledger, "other", payload=payload)
    entry = await a_final_mail(ledger, payload=payload)
    await ledger.drop(entry)
    assert await ledger.read("mail-1") is await ledger.open("mail-1") is None
    for ref in (BOB, EVE):
        assert [mail.mail_id for mail in await ledger.addressed(ref)] == ["other"]
    assert await ledger.open("other") is not None


async def test_a_mail_without_its_payload_can_be_dropped(ledger: Indexed) -> None:
    """As retention does: the payload after a day, the row much later."""
    await ledger.drop_payload(await a_final_mail(ledger))
    found = await ledger.read("mail-1")
    assert found is not None
    await ledger.drop(found)
    assert await ledger.read("mail-1") is None


async def test_an_id_can_be_used_again_after_its_mail_was_dropped(ledger: Indexed) -> None:
    """Nothing of the old mail is left that could be taken for the new one's."""
    await ledger.drop(await a_final_mail(ledger))
    entry = await ledger.insert(a_mail(payload=b"new"), b"new")
    assert await ledger.open("mail-1") == entry


async def test_a_dropped_mail_is_a_conflict_for_who_held_it(ledger: Indexed) -> None:
    """A second instance that read the row before is told so."""
    entry = await a_final_mail(ledger)
    await ledger.drop(entry)
    with pytest.raises(Conflict):
        await ledger.drop(entry)


async def test_a_row_that_never_had_a_payload_can_go(ledger: Indexed) -> None:
    """A row that only says why a mail was refused."""
    entry = await ledger.insert(replace(a_mail(), state=State.REJECTED, payload_hash=""), b"")
    await ledger.drop_payload(entry)
    found = await ledger.read("mail-1")
    assert found is not None
    await ledger.drop(found)
    assert await ledger.read("mail-1") is None


async def test_an_open_mail_cannot_be_dropped(ledger: Indexed) -> None:
    """A mail that still has to leave, or that waits for a person, is never forgotten: a programming error."""
    waiting = await ledger.insert(a_mail(), PAYLOAD)
    parked = await ledger.insert(replace(a_mail("parked"), state=State.PARKED), PAYLOAD)
    for entry in (waiting, await ledger.update(waiting, claimed(waiting.row)), parked):
        with pytest.raises(ValueError, match="final"):
            await ledger.drop_payload(entry)
        with pytest.raises(ValueError, match="final"):
            await ledger.drop(entry)


async def test_a_mail_put_back_while_it_is_removed_stays(cloud: Cloud, new_id: Callable[[], str]) -> None:
    """Somebody redrives it after its payload went and before its row does: the row stays, and is found by recipient."""
    payloads = Meanwhile()
    ledger = Ledger(cloud.account, payloads, silent(), new_id=new_id, keep_payload=KEEP_PAYLOAD)
    payloads.ledger = ledger
    with pytest.raises(Conflict) as caught:
        await ledger.drop(await a_final_mail(ledger, payload=LARGE))
    found = await ledger.read("mail-1")
    assert found is not None
    assert found.row.state is State.WAITING
    assert caught.value.current == found
    assert [mail.mail_id for mail in await ledger.addressed(BOB)] == ["mail-1"]


class Meanwhile(FakePayloads):
    """Payloads at whose removal somebody puts the mail back."""

    ledger: Ledger

    async def drop(self, mail_id: str, payload_hash: str) -> None:
        """As the port says, and more."""
        await super().drop(mail_id, payload_hash)
        entry = await self.ledger.read(mail_id)
        assert entry is not None
        await self.ledger.update(entry, move(entry.row, State.WAITING, at=NOON + 60, reason="redrive"))

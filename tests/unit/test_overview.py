"""What operators ask: lists, filters, and the mails to one person."""

from dataclasses import replace

import pytest

from shared.operator_views import addressed_view, mail_view, stop_view
from shared.overview import Overview
from shared.rules.mail_filter import MailFilter
from shared.rules.mail_row import MailRow
from shared.rules.outcome import Parked, Phase, Reason, Rejected, Reply, Unknown
from shared.rules.states import State
from shared.rules.stops import EVERYTHING, Place, Scope
from shared.steer import Steer
from tests.fakes.references import KEY
from tests.stage import Stage, an_envelope

GONE = Parked(Reason("payload-gone", "made up"))
REFUSED = Rejected(Reason("corrupt-content", "made up"), Reply(554, "5.6.0"))
LOST = Unknown(Phase.FINAL_DOT, Reason("attempt-died", "made up"))
ANY = MailFilter()


def overview(stage: Stage) -> Overview:
    """The story on the stage's fakes."""
    return Overview(stage.ledger, stage.ledger, stage.references, stage.stops, stage.clock)


async def listed(stage: Stage, wanted: MailFilter = ANY, *, limit: int = 500) -> list[MailRow]:
    """What the app would list now."""
    story = overview(stage)
    return (await story.attention(wanted, await story.stops(), limit=limit)).rows


async def one_of_each(stage: Stage) -> None:
    """A parked mail of alerts and an unknown one of reports, whose producers differ, a rejected and a sent one."""
    for key, sender, outcome in (
        ("p", "alerts", GONE),
        ("u", "reports", LOST),
        ("r", "alerts", REFUSED),
        ("s", "alerts", None),
    ):
        stage.gateway.outcomes = [outcome] if outcome else []
        await stage.accept(an_envelope(sender=sender), key=key)
        await stage.run()


async def test_the_list_holds_what_waits_for_a_person() -> None:
    """A mail on its way and one that has ended are nobody's business; one put back leaves the list."""
    stage = Stage()
    await one_of_each(stage)
    await stage.accept(key="on its way")
    assert {row.state for row in await listed(stage)} == {State.PARKED, State.UNKNOWN}
    for row in await listed(stage):
        await Steer(stage.config, stage.ledger, stage.placer, stage.clock).redrive(
            stage.ledger.rows[row.id], who="ann", why="mended"
        )
    assert await listed(stage) == []


@pytest.mark.parametrize(
    ("wanted", "states"),
    [
        (MailFilter(state=State.PARKED), [State.PARKED]),
        (MailFilter(sender="reports"), [State.UNKNOWN]),
        (MailFilter(reason="payload-gone"), [State.PARKED]),
        (MailFilter(reason="payload-gone", sender="reports"), []),
        (MailFilter(caller="producer:default", state=State.UNKNOWN), [State.UNKNOWN]),
        (MailFilter(caller="producer:small"), []),
        (MailFilter(state=State.REJECTED), [State.REJECTED]),
        (MailFilter(state=State.REJECTED, reason="corrupt-content", sender="alerts"), [State.REJECTED]),
        (MailFilter(state=State.EXPIRED), []),
    ],
    ids=str,
)
async def test_filters_all_have_to_fit(wanted: MailFilter, states: list[State]) -> None:
    """Failed mails are listed only where somebody asks for their state."""
    stage = Stage()
    await one_of_each(stage)
    assert [row.state for row in await listed(stage, wanted)] == states


async def test_overdue_mails_are_listed_and_stopped_ones_once() -> None:
    """A mail that waits at a stop long past its time stands in two lists of the index, and in one line here."""
    stage = Stage()
    await stage.stops.pause(Place(Scope.SENDER, "alerts"), who="ann", why="work")
    await stage.accept(key="held")
    await stage.run()
    (held,) = await listed(stage)
    assert held.stopped
    await stage.accept(an_envelope(sender="reports"), key="forgotten")
    stage.queues.messages.clear()
    stage.later(2000)
    assert [row.sender for row in await listed(stage)] == ["alerts", "reports"]
    assert [row.sender for row in await listed(stage, MailFilter(state=State.WAITING, sender="reports"))] == ["reports"]


async def test_a_mail_that_was_put_back_meanwhile_is_not_listed_at_its_stop() -> None:
    """Its entry there may be older than its row."""
    stage = Stage()
    stop = await stage.stops.pause(EVERYTHING, who="ann", why="work")
    await stage.accept()
    await stage.ledger.stop(stage.row, stop.place.key)
    assert await listed(stage) == []
    await stage.run()
    assert await listed(stage) == [stage.row]


async def test_a_limit_says_that_there_are_more() -> None:
    """And is met exactly; with room left nothing is said."""
    stage = Stage()
    await one_of_each(stage)
    story = overview(stage)
    assert (await story.attention(ANY, limit=1)).more
    assert len((await story.attention(ANY, limit=1)).rows) == 1
    assert not (await story.attention(ANY, limit=2)).more


async def test_a_row_that_cannot_be_read_does_not_hide_the_others() -> None:
    """It is named, with what to do; so is one of a newer version."""
    stage = Stage()
    await one_of_each(stage)
    parked, unknown = await listed(stage)
    stage.ledger.broken.add(parked.id)
    newer = replace(stage.ledger.rows[unknown.id].row, version=99)
    stage.ledger.rows[unknown.id] = replace(stage.ledger.rows[unknown.id], row=newer)
    found = await overview(stage).attention(ANY)
    assert {one.mail_id: one.reason.code for one in found.unreadable} == {parked.id: "row-broken", unknown.id: "newer-row"}
    assert found.rows == []


async def test_an_entry_that_is_no_longer_true_is_forgotten() -> None:
    """Old entries would hide new ones."""
    stage = Stage()
    await one_of_each(stage)
    stage.ledger.for_a_person.add("0" * 32)
    await listed(stage)
    assert "0" * 32 not in stage.ledger.for_a_person
    assert len(stage.ledger.for_a_person) == 2


async def test_mails_to_one_person_are_found_without_an_address_in_storage() -> None:
    """The newest first, whatever the case, with this recipient's fate alone; a person named twice has two."""
    stage = Stage()
    await stage.accept(an_envelope(to=["bob@contoso.test", "eve@contoso.test"]), key="first")
    stage.later(10)
    await stage.accept(an_envelope(to=["eve@contoso.test"], cc=["bob@contoso.test", "BOB@contoso.test"]), key="second")
    await stage.accept(an_envelope(to=["eve@contoso.test"]), key="third")
    await stage.run()
    found, ref = await overview(stage).addressed("Bob@contoso.test")
    shown = [addressed_view(row, ref) for row in found.rows]
    assert [[one["n"] for one in mail["addressed"]] for mail in shown] == [[1, 2], [0]]
    assert all(one["state"] == "accepted" for mail in shown for one in mail["addressed"])
    assert "@" not in str([{**mail, "message_id": "", "reply": ""} for mail in shown])
    assert KEY not in ref.encode()


async def test_nobody_is_found_who_got_nothing() -> None:
    """An entry without its row, of a mail that is just being accepted, is passed by and stays; the row has the last word."""
    stage = Stage()
    assert (await overview(stage).addressed("bob@contoso.test"))[0].rows == []
    (ref,) = await stage.references.of(["bob@contoso.test"])
    stage.ledger.recipients[ref] = {"0" * 32: 0.0}
    assert (await overview(stage).addressed("bob@contoso.test"))[0].rows == []
    assert stage.ledger.recipients[ref]
    row = (await stage.accept(an_envelope(to=["eve@contoso.test"]))).row
    stage.ledger.recipients[ref] = {row.id: 0.0}
    assert (await overview(stage).addressed("bob@contoso.test"))[0].rows == []


async def test_a_held_mail_is_shown_with_its_stop_and_its_time() -> None:
    """Where it waits, why, and that its time to live stands still; after the stop, that it will be put back."""
    stage = Stage()
    stop = await stage.stops.pause(EVERYTHING, who="ann", why="work")
    await stage.accept()
    await stage.run()
    shown = mail_view(stage.row, [stop])
    assert (shown["stopped"]["scope"], shown["stopped"]["reason"]["code"]) == ("all", "paused")
    assert shown["standstill_since"] == "2027-01-15T08:00:00.000+00:00"
    assert shown["expires_at"] == "2027-01-16T08:00:00.000+00:00"
    assert shown["due"] is None
    assert mail_view(stage.row)["stopped"]["reason"]["code"] == "lifted"
    assert stop_view(stop)["by"] == "ann: work"


async def test_a_mail_that_has_ended_expires_no_more() -> None:
    """Nor is it due or stopped."""
    stage = Stage()
    await stage.accept()
    await stage.run()
    shown = mail_view(stage.row)
    assert (shown["due"], shown["expires_at"], shown["stopped"]) == (None, None, None)
    assert shown["message_id"] == stage.row.message_id

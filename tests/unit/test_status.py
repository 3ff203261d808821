"""What a caller may know."""

from dataclasses import replace

from shared.accept import Origin
from shared.rules import callers
from shared.rules.mail_row import ROW_VERSION
from shared.rules.outcome import Parked, Reason
from shared.status import Status, provenance, view
from shared.steer import Steer
from tests.stage import Stage, an_envelope


async def test_a_mail_is_found_by_its_id_and_by_the_callers_key() -> None:
    """Both names lead to the same row."""
    stage = Stage()
    mail = (await stage.accept(key="order-7")).row
    status = Status(stage.config, stage.ledger, stage.ledger, stage.clock)
    producer = callers.producer(stage.config.producers["default"])
    for name in (mail.id, "order-7"):
        entry = await status.find(producer, name)
        assert entry is not None
        assert entry.row.id == mail.id


async def test_a_reader_finds_the_producers_mail() -> None:
    """`readers = ["function-key"]` opens it to the HTTP API."""
    stage = Stage()
    await stage.accept(key="order-7")
    assert await Status(stage.config, stage.ledger, stage.ledger, stage.clock).find(
        callers.function_key(stage.config), "order-7"
    )


async def test_a_stranger_finds_nothing_not_even_by_id() -> None:
    """A mail that is not the caller's looks like none."""
    stage = Stage()
    mail = (await stage.accept(key="order-7")).row
    small = callers.producer(stage.config.producers["small"])
    status = Status(stage.config, stage.ledger, stage.ledger, stage.clock)
    assert await status.find(small, mail.id) is None
    assert await status.find(small, "order-7") is None


async def test_the_view_has_states_and_codes_and_nothing_else() -> None:
    """No address, subject or body; times with an offset."""
    stage = Stage()
    await stage.accept(an_envelope(subject="Canary subject"))
    await stage.run()
    seen = view(stage.row)
    assert seen["state"] == "sent"
    assert seen["recipients"] == [{"n": 0, "state": "accepted", "code": 250, "enhanced": "2.0.0"}]
    assert seen["reply"] == {"code": 250, "enhanced": "2.0.0", "exchange_id": "<taken-0@contoso.test>"}
    assert seen["timeline"][0] == {"at": "2027-01-15T08:00:00.000+00:00", "state": "waiting", "reason": "accepted"}
    assert "Canary" not in str(seen)
    assert "ops@contoso.test" not in str(seen)


async def test_operators_see_where_a_mail_came_from() -> None:
    """Any mail, with the caller, the door and the rule."""
    stage = Stage()
    caller = callers.function_key(stage.config)
    mail = (await stage.accept_story(an_envelope(), caller, Origin(door="http", key="k"))).row
    entry = await Status(stage.config, stage.ledger, stage.ledger, stage.clock).any_mail(mail.id)
    assert entry is not None
    assert provenance(entry.row)["door"] == "http"
    assert await Status(stage.config, stage.ledger, stage.ledger, stage.clock).any_mail("no id") is None


async def test_the_list_holds_what_waits_for_a_person_and_what_is_overdue() -> None:
    """A mail on its way is nobody's business."""
    stage = Stage()
    status = Status(stage.config, stage.ledger, stage.ledger, stage.clock)
    await stage.accept(key="on its way")
    assert await status.attention() == []
    stage.gateway.opens = [Parked(Reason("why", "made up"))]
    await stage.accept(key="parked")
    await stage.run()
    stage.later(2000)
    await stage.sweep.run()
    (parked,) = await status.attention()
    assert parked.state.value == "parked"
    await Steer(stage.config, stage.ledger, stage.placer, stage.clock).redrive(
        stage.ledger.rows[parked.id], who="ann", why="mended"
    )
    assert await status.attention() == []
    assert await stage.ledger.held() == []


async def test_a_row_that_cannot_be_read_is_listed_with_what_is_wrong_and_hides_no_other() -> None:
    """One edited by hand, one of a newer version, and one that is simply parked."""
    stage = Stage()
    status = Status(stage.config, stage.ledger, stage.ledger, stage.clock)
    stage.gateway.opens = [Parked(Reason("why", "made up"))] * 3
    ids = [(await stage.accept(key=key)).row.id for key in ("broken", "newer", "parked")]
    await stage.run()
    stage.ledger.broken = {ids[0]}
    newer = stage.ledger.rows[ids[1]]
    stage.ledger.rows[ids[1]] = replace(newer, row=replace(newer.row, version=ROW_VERSION + 1))
    found = {row.id: row.why and row.why.code for row in await status.attention()}
    assert found == dict(zip(ids, ("row-broken", "newer-row", "why"), strict=True))
    assert len(await stage.ledger.held()) == 3

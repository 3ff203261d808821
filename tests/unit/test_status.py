"""What a caller may know."""

from shared.accept import Origin
from shared.rules import callers
from shared.status import Status, provenance, view
from tests.stage import Stage, an_envelope


async def test_a_mail_is_found_by_its_id_and_by_the_callers_key() -> None:
    """Both names lead to the same row."""
    stage = Stage()
    mail = (await stage.accept(key="order-7")).row
    status = Status(stage.config, stage.ledger)
    producer = callers.producer(stage.config.producers["default"])
    for name in (mail.id, "order-7"):
        entry = await status.find(producer, name)
        assert entry is not None
        assert entry.row.id == mail.id


async def test_a_reader_finds_the_producers_mail() -> None:
    """`readers = ["function-key"]` opens it to the HTTP API."""
    stage = Stage()
    await stage.accept(key="order-7")
    assert await Status(stage.config, stage.ledger).find(callers.function_key(stage.config), "order-7")


async def test_a_stranger_finds_nothing_not_even_by_id() -> None:
    """A mail that is not the caller's looks like none."""
    stage = Stage()
    mail = (await stage.accept(key="order-7")).row
    small = callers.producer(stage.config.producers["small"])
    status = Status(stage.config, stage.ledger)
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
    entry = await Status(stage.config, stage.ledger).any_mail(mail.id)
    assert entry is not None
    assert provenance(entry.row)["door"] == "http"
    assert await Status(stage.config, stage.ledger).any_mail("no id") is None

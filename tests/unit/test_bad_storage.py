"""What people and other versions may have left in storage: each is named, the mail waits or is parked, and others go on."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.placing import SENDING
from shared.rules import identifiers
from shared.rules.mail_row import ROW_VERSION
from shared.rules.outcome import Reason
from shared.rules.states import State
from shared.rules.storage_errors import StorageForbidden
from shared.send import STORAGE_PAUSE
from shared.telemetry import Attr, Metric
from tests.fakes.recorder import Recorder
from tests.stage import Stage, an_envelope

RIGHT = Reason("storage-role-missing", "the app's identity may not do this with a table", "give it the role")
FOR_EVER = 1000


def newer_row(stage: Stage, mail_id: str) -> None:
    """A newer version of the app wrote the row."""
    entry = stage.ledger.rows[mail_id]
    stage.ledger.rows[mail_id] = replace(entry, row=replace(entry.row, version=ROW_VERSION + 1))


def payload(content: bytes) -> Callable[[Stage, str], None]:
    """The payload is another one, and the row's hash is that one's."""

    def spoil(stage: Stage, mail_id: str) -> None:
        entry = stage.ledger.rows[mail_id]
        stage.ledger.payloads[mail_id] = content
        row = replace(entry.row, payload_hash=identifiers.payload_hash(content))
        stage.ledger.rows[mail_id] = replace(entry, row=row)

    return spoil


def impossible_state(stage: Stage, mail_id: str) -> None:
    """Somebody edited the row's state by hand."""
    stage.ledger.broken.add(mail_id)


def payload_changed(stage: Stage, mail_id: str) -> None:
    """The payload is not what was accepted."""
    stage.ledger.payloads[mail_id] = b"{}"


def payload_gone(stage: Stage, mail_id: str) -> None:
    """Somebody deleted the payload."""
    del stage.ledger.payloads[mail_id]


SPOILT: dict[str, tuple[Callable[[Stage, str], None], State, str]] = {
    "a row of a newer version": (newer_row, State.WAITING, "accepted"),
    "a row in an impossible state": (impossible_state, State.WAITING, "accepted"),
    "a payload of a newer version": (payload(b'{"v":2,"mail":{}}'), State.WAITING, "accepted"),
    "a payload that is no mail": (payload(b'{"v":1,"mail":{}}'), State.PARKED, "broken-payload"),
    "a payload that changed": (payload_changed, State.PARKED, "payload-changed"),
    "a payload that is gone": (payload_gone, State.PARKED, "payload-gone"),
}
"""What is spoilt, where its mail ends up, and the last reason in its timeline."""


@pytest.mark.parametrize("name", SPOILT)
async def test_a_spoilt_mail_waits_or_is_parked_and_others_go_on(name: str) -> None:
    """Nothing of it is sent, nothing is lost, and nothing is raised towards the host."""
    spoil, state, reason = SPOILT[name]
    stage = Stage()
    bad = (await stage.accept(key="bad")).row.id
    good = (await stage.accept(an_envelope(to=["good@contoso.test"]), key="good")).row.id
    spoil(stage, bad)
    await stage.run()
    assert stage.ledger.rows[good].row.state is State.SENT
    row = stage.ledger.rows[bad].row
    assert (row.state, row.timeline[-1].reason) == (state, reason)
    assert [mail.recipients for mail in stage.gateway.mails] == [("good@contoso.test",)]


@pytest.mark.parametrize("name", ["a row of a newer version", "a payload of a newer version"])
async def test_what_a_newer_version_wrote_keeps_its_order_on_the_queue(name: str) -> None:
    """A newer instance takes it from there; here it is a newer one that has written it in our words meanwhile."""
    stage = Stage()
    mail_id = (await stage.accept()).row.id
    entry, content = stage.ledger.rows[mail_id], stage.ledger.payloads[mail_id]
    SPOILT[name][0](stage, mail_id)
    await stage.run()
    assert len(stage.queues.texts(SENDING)) == 1
    stage.ledger.rows[mail_id], stage.ledger.payloads[mail_id] = entry, content
    stage.later(STORAGE_PAUSE)
    await stage.run()
    assert stage.state() is State.SENT


async def test_a_row_edited_into_nonsense_waits_for_a_person() -> None:
    """Its message goes, the metric counts it, and the sweep leads a person to it."""
    recorder = Recorder()
    stage = Stage(telemetry=recorder.telemetry)
    mail_id = (await stage.accept()).row.id
    stage.ledger.broken.add(mail_id)
    await stage.run()
    assert (Metric.FAULTS, {Attr.REASON: "row-broken"}) in recorder.counts
    stage.later(2000)
    await stage.sweep.run()
    assert [mail.mail_id for mail in await stage.ledger.held()] == [mail_id]


@pytest.mark.parametrize("table", ["ledger", "stop_records"])
async def test_without_a_right_for_one_table_mails_wait(table: str) -> None:
    """Whatever is asked is refused; when the right is given the mail leaves, once."""
    stage = Stage()
    await stage.accept()
    port = getattr(stage, table)
    port.fail_next(StorageForbidden(RIGHT), times=FOR_EVER)
    for _ in range(3):
        await stage.run()
        stage.later(STORAGE_PAUSE)
    assert (stage.state(), stage.gateway.mails) == (State.WAITING, [])
    port.forgive()
    await stage.run()
    assert stage.state() is State.SENT
    assert len(stage.gateway.mails) == 1


async def test_without_a_right_for_the_ledger_nobody_is_told_yes() -> None:
    """The door answers with the missing right, and there is neither row nor message."""
    stage = Stage()
    stage.ledger.fail_next(StorageForbidden(RIGHT))
    with pytest.raises(StorageForbidden, match="give it the role"):
        await stage.accept()
    assert (stage.ledger.rows, stage.queues.messages) == ({}, [])

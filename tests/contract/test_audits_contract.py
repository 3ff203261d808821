"""What every ledger of audits keeps: the fake of the story tests and the adapter on a real Azurite."""

import json
from dataclasses import replace
from typing import Any

import pytest
from azure.data.tables import UpdateMode

from shared.audit_ports import Audits as Port
from shared.edges.audits import AUDITS, DUE, PIECE, STATE, TABLE, Audits
from shared.rules.audit import Area, Finding, Kind, Verdict
from shared.rules.audit_rows import KEPT, AuditRow
from shared.rules.grants import grants_from
from shared.rules.storage_errors import BrokenRow, Conflict
from shared.rules.utc_text import to_utc_text
from tests.contract.conftest import Cloud
from tests.fakes.audits import FakeAudits
from tests.unit.audit_evidence import EXPORT

AT = 1_800_000_000.25
ROW = AuditRow(
    id="1" * 32,
    at=AT,
    verdict=Verdict.EXCESS,
    findings=(Finding("mail-read", Kind.EXCESS, "it may read", "Remove-It 'a'"), Finding("x", Kind.NOTE, "y")),
    grants={Area.EXCHANGE: ("Mail.Read",), Area.MAILBOXES: (), Area.STORAGE: ("Owner on /subscriptions/s",)},
    added=("exchange: Mail.Read",),
    removed=("rbac: b\N{LATIN SMALL LETTER U WITH DIAERESIS}",),
    decoy="refused",
    exported_at=AT - 60.5,
    who="Sam",
    why="x",
)


@pytest.fixture(params=["fake", "azurite"])
def audits(request: pytest.FixtureRequest) -> Port:
    """Nothing kept yet."""
    if request.param == "fake":
        return FakeAudits()
    cloud: Cloud = request.getfixturevalue("cloud")
    return Audits(cloud.account)


def a_row(number: int) -> AuditRow:
    """Audits of one week after the other."""
    return replace(ROW, id=f"{number:032x}", at=AT + number * 604_800.0)


async def test_an_audit_comes_back_as_it_was(audits: Port) -> None:
    """Every part of it, and again the same where it is kept a second time."""
    assert await audits.newest(10) == []
    await audits.add(ROW)
    await audits.add(ROW)
    assert await audits.newest(10) == [ROW]
    bare = AuditRow("2" * 32, AT + 1, Verdict.UNKNOWN, (), {}, who="tick", why="weekly")
    await audits.add(bare)
    assert await audits.newest(10) == [bare, ROW]
    assert await audits.newest(1) == [bare]


async def test_long_texts_come_back_whole(audits: Port) -> None:
    """Longer than one column of a table may be."""
    finding = Finding("x", Kind.EXCESS, "\N{CJK UNIFIED IDEOGRAPH-4E2D}" * 500, "c" * 500)
    long = replace(ROW, findings=(finding,) * 90)
    await audits.add(long)
    assert await audits.newest(1) == [long]


async def test_the_oldest_audits_go(audits: Port) -> None:
    """As many are kept as the newest ones are counted."""
    for number in range(KEPT + 2):
        await audits.add(a_row(number))
    kept = await audits.newest(KEPT + 10)
    assert [row.id for row in kept] == [a_row(number).id for number in range(KEPT + 1, 1, -1)]


async def test_the_newest_export_counts(audits: Port) -> None:
    """Also a large one, and a smaller one after it leaves nothing of it behind."""
    assert await audits.export() is None
    boxes = [{"address": f"{n}@{'x' * 200}.test", "exists": True} for n in range(400)]
    large = json.dumps({**EXPORT, "exchange": {**EXPORT["exchange"], "mailboxes": boxes}})
    assert len(large) > 2 * PIECE
    for text in (large, json.dumps(EXPORT)):
        await audits.keep_export(text)
        assert await audits.export() == grants_from(text.encode())


async def test_an_export_that_cannot_be_read_is_none(audits: Port) -> None:
    """A later version of the app may have kept one that this version does not understand."""
    await audits.keep_export(json.dumps({**EXPORT, "version": 2}))
    assert await audits.export() is None


async def test_only_the_due_time_that_was_read_is_moved(audits: Port) -> None:
    """Neither a first one twice, nor one that somebody has moved since."""
    assert await audits.due() == (None, "")
    first = await audits.set_due(AT, "")
    with pytest.raises(Conflict):
        await audits.set_due(AT, "")
    second = await audits.set_due(AT + 1, first)
    with pytest.raises(Conflict):
        await audits.set_due(AT + 2, first)
    assert await audits.due() == (AT + 1, second)


@pytest.mark.parametrize(
    "columns", [{"Verdict": "fine"}, {"Findings0": "{"}, {"Grants0": '{"moon": []}'}, {"Added0": '"x"'}]
)
async def test_an_audit_edited_into_nonsense_hides_no_other(cloud: Cloud, columns: dict[str, Any]) -> None:
    """It is left out."""
    audits = Audits(cloud.account)
    await audits.add(ROW)
    await audits.add(a_row(1))
    entity = {"PartitionKey": AUDITS, "RowKey": f"{to_utc_text(ROW.at)} {ROW.id}", **columns}
    await cloud.account.table(TABLE).update_entity(entity, mode=UpdateMode.MERGE)
    assert await audits.newest(10) == [a_row(1)]


async def test_a_due_time_edited_into_nonsense_is_named(cloud: Cloud) -> None:
    """By its column: a weekly audit that never comes again would go unnoticed."""
    audits = Audits(cloud.account)
    await audits.set_due(AT, "")
    await cloud.account.table(TABLE).update_entity(
        {"PartitionKey": STATE, "RowKey": DUE, "Due": "soon"}, mode=UpdateMode.MERGE
    )
    with pytest.raises(BrokenRow, match="Due"):
        await audits.due()

"""The weekly audit: once a week, by one instance, and again where the one that began it died."""

from dataclasses import replace

import pytest

from shared.audit_weekly import LOOK, TAKEN, WEEK, WeeklyAudit
from shared.rules.outcome import Reason
from shared.rules.storage_errors import StorageUnavailable
from shared.telemetry import Metric
from tests.fakes.audits import FakeAudits
from tests.unit.audit_evidence import NOW
from tests.unit.audit_rig import AuditRig


async def test_the_first_tick_audits_and_then_a_week_passes() -> None:
    """Signed by the tick."""
    rig = AuditRig()
    weekly = rig.process()
    await weekly.run()
    assert [(row.who, row.why) for row in rig.audits.rows] == [("tick", "weekly")]
    assert rig.audits.due_at == NOW + WEEK
    rig.stage.later(WEEK - 1)
    await weekly.run()
    assert len(rig.audits.rows) == 1
    rig.stage.later(LOOK)
    await weekly.run()
    assert len(rig.audits.rows) == 2


async def test_a_process_looks_once_an_hour() -> None:
    """Nothing is asked of storage in between, however often the tick runs."""
    rig = AuditRig()
    weekly = rig.process()
    await weekly.run()
    asked = len(rig.audits.operations)
    rig.stage.later(LOOK - 1)
    await weekly.run()
    assert len(rig.audits.operations) == asked
    rig.stage.later(1)
    await weekly.run()
    assert rig.audits.operations[asked:] == ["due", "newest"]


class Outdated(FakeAudits):
    """What an instance sees that read the due time before another one moved it."""

    async def due(self) -> tuple[float | None, str]:
        """As it was before the first audit."""
        return None, ""


async def test_one_instance_of_two_runs_it() -> None:
    """Whoever moves the due time first; the other finds a conflict, and is content."""
    rig = AuditRig()
    audits = Outdated()
    await audits.set_due(NOW + TAKEN, "")
    await WeeklyAudit(rig.audit, audits, rig.stage.clock).run()
    assert rig.audits.rows == []
    assert audits.due_at == NOW + TAKEN


async def test_an_audit_whose_process_died_is_run_again() -> None:
    """After an hour, and not a week later."""
    rig = AuditRig()
    away = FakeAudits()
    away.fail_next(StorageUnavailable(Reason("storage-down", "made up"), 30.0))
    with pytest.raises(StorageUnavailable):
        await WeeklyAudit(replace(rig.audit, audits=away), rig.audits, rig.stage.clock).run()
    assert rig.audits.rows == []
    assert rig.audits.due_at == NOW + TAKEN
    rig.stage.later(TAKEN)
    await rig.process().run()
    assert len(rig.audits.rows) == 1


async def test_a_new_process_shows_the_newest_audit() -> None:
    """Gauges of a process that ended are gone with it."""
    rig = AuditRig()
    await rig.process().run()
    rig.recorder.gauges.clear()
    rig.stage.later(LOOK)
    await rig.process().run()
    assert {metric for metric, *_ in rig.recorder.gauges} == {Metric.AUDIT_FINDINGS}

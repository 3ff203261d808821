"""`[audit]` in mail.toml: who gets the report, from whom, and which mailbox has to be refused."""

import pytest

from shared.rules.config import AuditSetting
from tests.unit.mail_toml_texts import WHOLE, names, read

SOUND = '[audit]\nsender = "reports"\nto = ["ops@contoso.test"]\ndecoy = "decoy@contoso.test"\n'


def test_the_table_is_read() -> None:
    """And may be left out: then nobody gets a report, and no decoy is tried."""
    tables, faults = read(WHOLE + SOUND)
    assert not faults
    assert tables.audit == AuditSetting("reports", ("ops@contoso.test",), "decoy@contoso.test")
    assert read(WHOLE)[0].audit == AuditSetting()


def test_a_decoy_alone_is_enough() -> None:
    """What it shows stands in the ledger of audits and in the metrics."""
    assert names(f'{WHOLE}[audit]\ndecoy = "decoy@contoso.test"\n') == []


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ('sender = "reports"\n', "", ["audit.sender"]),
        ('to = ["ops@contoso.test"]\n', "", ["audit.to"]),
        ('to = ["ops@contoso.test"]', "to = []", ["audit.to"]),
        ('to = ["ops@contoso.test"]', 'to = ["ops@contoso.test", "ops@fabrikam.test"]', ["audit.to[1]"]),
        ('sender = "reports"', 'sender = "report"', ["audit.sender"]),
        ('decoy = "decoy@contoso.test"', 'decoy = "Alerts@contoso.test"', ["audit.decoy"]),
        ('decoy = "decoy@contoso.test"', 'decoy = "Decoy <decoy@contoso.test>"', ["audit.decoy"]),
        ('decoy = "decoy@contoso.test"', "decoys = []", ["audit.decoys"]),
    ],
)
def test_what_cannot_work_is_named(old: str, new: str, paths: list[str]) -> None:
    """By its key, with what to write and without the address that is wrong."""
    assert old in SOUND
    _, faults = read(WHOLE + SOUND.replace(old, new))
    assert [fault.name for fault in faults] == paths
    assert all(fault.cure and "fabrikam" not in f"{fault.cause}{fault.cure}" for fault in faults)

"""The doctor's trials of storage, on a real Azurite: every right that the app needs, each by its name."""

import pytest

from shared.doctor_storage import StorageTrials
from shared.edges.attachments import Attachments
from shared.edges.ledger import Ledger
from shared.edges.payloads import Payloads
from shared.edges.queues import Queues
from shared.edges.quotas import Quotas
from shared.rules.findings import Finding, Standing
from shared.telemetry import silent
from tests.contract.conftest import Cloud

MISSING = "AuthorizationPermissionMismatch"
EVERYTHING = [
    "queue sending: look",
    "queue outbox: look",
    "queue doctor: put, take, remove",
    "table ledger: read",
    "table quotas: read, write",
    "container payloads: write, read, remove",
    "container attachments: read",
]


def trials(cloud: Cloud) -> StorageTrials:
    """On this account, with one producer."""
    payloads = Payloads(cloud.account)
    ledger = Ledger(cloud.account, payloads, silent(), new_id=lambda: "w", keep_payload=60.0)
    return StorageTrials(
        Queues(cloud.account), ledger, Quotas(cloud.account), payloads, Attachments(cloud.account), ("outbox", "outbox")
    )


def faults(found: list[Finding]) -> dict[str, str]:
    """What failed, and why."""
    return {one.subject: one.reason.code for one in found if one.reason is not None}


async def test_an_empty_account_is_made_usable_and_left_as_it_was(cloud: Cloud) -> None:
    """What is missing is created where it is written; twice is fine, and no message stays behind."""
    for _ in range(2):
        found = await trials(cloud).run()
        assert [one.subject for one in found] == EVERYTHING
        assert faults(found) == {}
    assert not await Queues(cloud.account).peek_visible("doctor")
    assert await Payloads(cloud.account).get("doctor", "doctor") is None


@pytest.mark.parametrize(
    ("operation", "resource", "subjects", "role"),
    [
        ("queue.peek-messages", "outbox", ["queue outbox: look"], "Storage Queue Data Contributor"),
        ("queue.put-message", "*", ["queue doctor: put, take, remove"], "Storage Queue Data Contributor"),
        ("queue.get-messages", "*", ["queue doctor: put, take, remove"], "Storage Queue Data Contributor"),
        ("queue.delete-message", "*", ["queue doctor: put, take, remove"], "Storage Queue Data Contributor"),
        ("table.*", "ledger", ["table ledger: read"], "Storage Table Data Contributor"),
        ("table.transaction", "quotas", ["table quotas: read, write"], "Storage Table Data Contributor"),
        ("blob.put", "*", ["container payloads: write, read, remove"], "Storage Blob Data Contributor"),
        ("blob.delete", "*", ["container payloads: write, read, remove"], "Storage Blob Data Contributor"),
        ("blob.get", "attachments", ["container attachments: read"], "Storage Blob Data Contributor"),
    ],
)
async def test_a_missing_right_is_named_and_the_others_are_tried(
    cloud: Cloud, operation: str, resource: str, subjects: list[str], role: str
) -> None:
    """One right of one service does not hide another; the cure names the role."""
    cloud.arm("status", operation, count=99, status=403, code=MISSING, resource=resource)
    found = await trials(cloud).run()
    assert faults(found) == dict.fromkeys(subjects, "storage-role-missing")
    assert all(one.standing is not Standing.SKIPPED for one in found)
    assert all(role in one.reason.fix for one in found if one.reason)


async def test_an_account_that_is_down_is_told_once(cloud: Cloud) -> None:
    """Every trial would take its time to say the same."""
    cloud.arm("status", "*", count=99, status=503)
    found = await trials(cloud).run()
    assert faults(found) == {EVERYTHING[0]: "storage-busy"}
    assert [one.standing for one in found[1:]] == [Standing.SKIPPED] * (len(EVERYTHING) - 1)

"""Storage that fails, or does what it was told and loses the answer, while a mail is on its way: one mail all the same."""

from collections.abc import Iterator

import pytest

from tests.flows.client import Client, an_envelope, states

STEPS: dict[str, dict[str, str]] = {
    "the row and its payload": {"operation": "table.transaction", "resource": "ledger"},
    "the place in the queue": {"operation": "queue.put-message", "resource": "sending"},
    "the intent or the outcome": {"operation": "table.update", "resource": "ledger"},
}
"""What the app writes for each mail, and by which facts the storage proxy knows it."""


@pytest.fixture
def storage(client: Client) -> Iterator[Client]:
    """Everybody around the app, for a test that lets storage misbehave; afterwards it behaves again."""
    yield client
    client.storage()


@pytest.mark.parametrize("trouble", ["status", "drop", "lose-answer"])
@pytest.mark.parametrize("step", STEPS)
def test_one_failed_operation_is_repeated_unseen(storage: Client, step: str, trouble: str) -> None:
    """The caller is told yes, the mail is sent, and neither the mail nor its states are doubled."""
    storage.storage({"name": trouble, "count": 1, "match": STEPS[step]})
    status = storage.settled(storage.submit())
    assert states(status) == ["waiting", "sending", "sent"]
    assert len(storage.of(status)) == 1
    assert storage.storage_fired() == [1]


def test_a_caller_is_not_told_yes_while_storage_is_down(storage: Client) -> None:
    """503 with a time to come back; the same call afterwards is accepted, and there is one mail."""
    storage.storage({"name": "status", "status": 503, "match": {"operation": "table.transaction", "resource": "ledger"}})
    headers = {"idempotency-key": "storage-down"}
    refused = storage.post("messages", an_envelope(), headers=headers)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    storage.storage()
    assert storage.post("messages", an_envelope(), headers=headers).status_code == 202
    assert len(storage.of(storage.settled("storage-down"))) == 1


def test_a_caller_told_no_after_the_row_was_written_may_repeat(storage: Client) -> None:
    """The queue fails after the row exists: 503, and the repeated call puts the mail on its way, once."""
    storage.storage({"name": "status", "status": 503, "match": {"operation": "queue.put-message", "resource": "sending"}})
    headers = {"idempotency-key": "storage-half"}
    assert storage.post("messages", an_envelope(), headers=headers).status_code == 503
    storage.storage()
    assert storage.post("messages", an_envelope(), headers=headers).status_code == 202
    status = storage.settled("storage-half")
    assert (status["state"], len(storage.of(status))) == ("sent", 1)

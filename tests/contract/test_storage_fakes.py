"""The fakes have the adapters' shapes, and the host's side of the fake queues behaves like the host."""

import inspect

import pytest

from shared import ports
from shared.edges.digest_buffer import DigestBuffer
from shared.edges.ledger import Ledger
from shared.edges.payloads import Payloads
from shared.edges.queues import Queues
from shared.edges.recipient_refs import RecipientRefs
from shared.edges.stops import StopRecords
from shared.rules.outcome import Reason
from shared.rules.storage_errors import StorageUnavailable
from tests.fakes.digests import FakeDigestBuffer
from tests.fakes.storage import HOST_LEASE, FakeLedger, FakePayloads, FakeQueues, FakeReferences, FakeStops

PAIRS = [
    (Ledger, FakeLedger),
    (Payloads, FakePayloads),
    (Queues, FakeQueues),
    (DigestBuffer, FakeDigestBuffer),
    (StopRecords, FakeStops),
    (RecipientRefs, FakeReferences),
]
PORTS = [
    (ports.Ledger, Ledger),
    (ports.OpenMails, Ledger),
    (ports.Queues, Queues),
    (ports.Buffer, DigestBuffer),
    (ports.Stops, StopRecords),
    (ports.References, RecipientRefs),
]


def public(kind: type) -> dict[str, inspect.Signature]:
    """The public methods of a class with their signatures."""
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in methods if not name.startswith("_")}


@pytest.mark.parametrize(("adapter", "fake"), PAIRS)
def test_a_fake_has_its_adapters_methods(adapter: type, fake: type) -> None:
    """Every public method of the adapter is there in the fake, with the same parameters and results."""
    assert public(adapter).items() <= public(fake).items()


@pytest.mark.parametrize(("port", "adapter"), PORTS)
def test_an_adapter_has_its_ports_methods(port: type, adapter: type) -> None:
    """Every method that the stories ask for takes the same parameters in the adapter."""
    theirs, ours = public(port), public(adapter)
    assert {name: list(s.parameters.values()) for name, s in theirs.items()} == {
        name: list(ours[name].parameters.values()) for name in theirs
    }


async def test_a_taken_message_is_hidden_until_its_lease_ends() -> None:
    """As with the host: a message that nobody deletes comes back after ten minutes, with its count."""
    queues = FakeQueues(lambda: 0.0)
    await queues.put("sending", "a")
    first = queues.receive("sending")
    assert first is not None
    assert queues.receive("sending") is None
    assert queues.receive("sending", HOST_LEASE - 1) is None
    again = queues.receive("sending", HOST_LEASE)
    assert again is first
    assert again.dequeue_count == 2


async def test_a_message_can_be_released_and_deleted() -> None:
    """A failed message shows itself after its pause; a processed one is gone."""
    now = [0.0]
    queues = FakeQueues(lambda: now[0])
    await queues.put("sending", "a")
    message = queues.receive("sending")
    assert message is not None
    queues.release(message, delay=30.0)
    assert queues.receive("sending") is None
    now[0] = 30.0
    assert queues.receive("sending") is message
    queues.finish(message)
    assert queues.texts("sending") == []


async def test_a_fake_fails_on_demand() -> None:
    """The next operations fail as told, and do nothing; then all is well again."""
    queues = FakeQueues(lambda: 0.0)
    queues.fail_next(StorageUnavailable(Reason("storage-busy", "too busy"), 5.0), times=2)
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            await queues.put("sending", "a")
    await queues.put("sending", "b")
    assert queues.texts("sending") == ["b"]
    assert queues.operations == ["put", "put", "put"]

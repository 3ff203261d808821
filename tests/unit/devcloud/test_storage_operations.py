"""Names of storage requests that the life of a message or a row does not show; those are in `test_storage_proxy.py`."""

import pytest

from devcloud.storage_operations import Operation, classify


@pytest.mark.parametrize(
    ("service", "method", "path", "query", "expected"),
    [
        ("queue", "GET", "/acc", {"comp": "list"}, Operation("queue.list", "")),
        ("queue", "PUT", "/acc/q", {"comp": "metadata"}, Operation("queue.set-metadata", "q")),
        ("queue", "PATCH", "/acc/q/messages", {}, Operation("queue.other", "q")),
        ("table", "GET", "/acc/Tables", {}, Operation("table.list", "")),
        ("table", "DELETE", "/acc/Tables('ledger')", {}, Operation("table.delete-table", "ledger")),
        ("table", "PATCH", "/acc/t(PartitionKey='a%2Fb',RowKey='(c)')", {}, Operation("table.upsert", "t")),
        ("table", "GET", "/acc", {"comp": "properties"}, Operation("table.account", "")),
        ("table", "POST", "/acc/$batch", {}, Operation("table.transaction", "")),
        ("blob", "GET", "/acc", {"comp": "list"}, Operation("blob.list-containers", "")),
        ("blob", "PUT", "/acc/c", {"comp": "lease", "restype": "container"}, Operation("blob.lease-container", "c")),
        ("blob", "PUT", "/acc/c/b", {"comp": "blocklist"}, Operation("blob.put-block-list", "c")),
        ("blob", "GET", "/acc/c/b", {"comp": "metadata"}, Operation("blob.get-metadata", "c")),
    ],
)
def test_every_request_has_a_name(service: str, method: str, path: str, query: dict[str, str], expected: Operation) -> None:
    """What is rarer than a message's or a row's life has a name too."""
    assert classify(service, method, path, query, conditional=False, body=b"") == expected

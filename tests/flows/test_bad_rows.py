"""Rows that somebody edited or a newer version wrote, a key used twice, a right that is missing: named, and others go on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.data.tables import TableClient, UpdateMode

from shared.rules import identifiers
from shared.rules.envelope import envelope_from
from shared.rules.mail_row import ROW_VERSION
from tests.flows.client import Client, an_envelope
from tests.flows.test_poison import operator


@pytest.fixture
def storage(client: Client) -> Iterator[Client]:
    """Everybody around the app, for a test that takes rights away; afterwards they are back."""
    yield client
    client.storage()


def forbid(client: Client, table: str) -> None:
    """From now on the app has no right for this table."""
    client.storage({"name": "status", "status": 403, "match": {"resource": table}})


def edit(client: Client, mail: str, column: str, value: object) -> Any:  # noqa: ANN401 - whatever stands there
    """Change a column of a mail's row by hand; gives what stood there."""
    with TableClient.from_connection_string(client.cloud.line["storage"], "ledger") as table:
        before = table.get_entity(mail, "mail")[column]
        table.update_entity({"PartitionKey": mail, "RowKey": "mail", column: value}, mode=UpdateMode.MERGE)
    return before


@pytest.mark.parametrize(
    ("column", "value", "title"),
    [
        ("State", "nonsense", "A row in storage cannot be read"),
        ("Version", ROW_VERSION + 1, "Written by a newer version"),
    ],
)
def test_a_row_that_cannot_be_read_is_a_named_problem(client: Client, column: str, value: object, title: str) -> None:
    """Whoever asks is told so; put right, it is the mail that it was, and other mails never noticed."""
    mail = client.settled(client.submit())["id"]
    before = edit(client, mail, column, value)
    for answer in (client.get(f"messages/{mail}"), client.delete(f"messages/{mail}")):
        assert (answer.status_code, answer.json()["title"]) == (503, title)
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert "contoso" not in answer.text
    assert client.settled(client.submit())["state"] == "sent"
    edit(client, mail, column, before)
    assert client.settled(mail)["state"] == "sent"


def test_a_key_used_for_two_contents_has_a_row(client: Client) -> None:
    """The caller is told 422 each time; an operator finds one row that names the first mail."""
    headers = {"idempotency-key": "two-contents"}
    mail = client.post("messages", an_envelope(), headers=headers).json()["id"]
    other = an_envelope(text="other")
    for _ in range(2):
        answer = client.post("messages", other, headers=headers)
        assert (answer.status_code, answer.json()["id"]) == (422, mail)
    content = identifiers.content_hash(envelope_from(other))
    row = operator(client, f"messages/{identifiers.refused_id('function-key', f'{mail}/{content}')}")
    assert (row["state"], row["reason"]["code"]) == ("rejected", "key-conflict")
    assert mail in row["reason"]["text"]


@pytest.mark.parametrize("table", ["ledger", "index"])
def test_without_a_right_for_one_table_nobody_is_told_yes(storage: Client, table: str) -> None:
    """503 that names the role; with the right the same call is one mail."""
    headers = {"idempotency-key": f"no-right-{table}"}
    forbid(storage, table)
    refused = storage.post("messages", an_envelope(), headers=headers)
    storage.storage()
    assert refused.status_code == 503
    assert "Storage Table Data Contributor" in refused.json()["fix"]
    accepted = storage.post("messages", an_envelope(), headers=headers)
    assert accepted.status_code == 202
    status = storage.settled(accepted.json()["id"])
    assert (status["state"], len(storage.of(status))) == ("sent", 1)


@pytest.mark.parametrize("table", ["index", "digests"])
def test_a_mail_that_is_accepted_leaves_without_a_right_for(storage: Client, table: str) -> None:
    """It needs neither the index nor the digests on its way."""
    mail = storage.submit(send_at=(datetime.now(UTC) + timedelta(seconds=3)).isoformat())
    forbid(storage, table)
    assert storage.settled(mail)["state"] == "sent"


def test_without_a_right_for_the_digests_the_tick_does_its_other_work(storage: Client) -> None:
    """What the host gave up is still written down."""
    forbid(storage, "digests")
    storage.make_queue("outbox-poison")
    storage.put("outbox-poison", json.dumps(an_envelope(id="beside-the-digests")))
    assert storage.settled("beside-the-digests")["state"] == "parked"

"""Bodies on a producer's queue that are no mail: each is kept with the reason, and the queue goes on."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from azure.storage.queue import QueueSasPermissions, generate_queue_sas

from tests.flows.client import Client, an_envelope, reasons
from tests.flows.waiting import wait_for

BODIES: dict[str, str | bytes] = {
    "no JSON": "{not json",
    "no Base64": "hello there!",
    "Base64 of no JSON": b"hello",
    "Base64 of other bytes": b"\xff\xfe\x00\x01",
    "an array": b"[1, 2]",
    "a number": b"42",
    "an empty object": "{}",
    "an unknown field": json.dumps(an_envelope(recipient="x")),
    "a field of the wrong type": json.dumps(an_envelope(to="ops@contoso.test")),
    "the same field twice": '{"sender": "alerts", "sender": "reports", "to": ["a@contoso.test"]}',
    "an oversized subject": json.dumps(an_envelope(subject="x" * 2000)),
    "an oversized key": json.dumps(an_envelope(id="x" * 300)),
    "too many recipients": json.dumps(an_envelope(to=[f"{n}@c.test" for n in range(501)])),
    "nesting without end": '{"data": ' + "[" * 20_000 + "]" * 20_000 + "}",
    "a huge number": '{"sender": ' + "9" * 5000 + "}",
    "half of a surrogate pair": '{"sender": "alerts", "to": ["a@contoso.test"], "subject": "\\ud800", "text": "x"}',
    "an escaped NUL": '{"sender": "alerts", "to": ["a@contoso.test"], "subject": "a\\u0000b", "text": "x"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
}
"""Bodies that the queue's own client can put; bytes as Base64."""

RAW_BODIES: dict[str, bytes] = {
    "an empty text": b"",
    "U+FFFF": b'{"subject": "\xef\xbf\xbf"}',
    "a control character": b'{"subject": "\x01"}',
    "NUL": b'{"subject": "\x00"}',
    "a lone surrogate": b'{"subject": "\xed\xa0\x80"}',
}
"""Bodies that only somebody who speaks the queue's REST interface by hand can put."""


def put_raw(client: Client, queue: str, body: bytes) -> str:
    """Put bytes that no XML library would write; gives the message's id."""
    parts = dict(part.partition("=")[::2] for part in client.cloud.line["storage"].split(";") if part)
    expiry = datetime.now(UTC) + timedelta(hours=1)
    sas = generate_queue_sas(
        parts["AccountName"], queue, parts["AccountKey"], permission=QueueSasPermissions(add=True), expiry=expiry
    )
    answer = httpx.post(
        f"{parts['QueueEndpoint'].rstrip('/')}/{queue}/messages?{sas}&messagettl=-1",
        content=b"<QueueMessage><MessageText>" + body + b"</MessageText></QueueMessage>",
        headers={"content-type": "application/xml"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return answer.text.partition("<MessageId>")[2].partition("</MessageId>")[0]


@pytest.fixture(scope="module")
def kept(client: Client) -> dict[str, str]:
    """All unsound bodies on one queue, with a good mail behind each five of them; message ids by what is wrong."""
    ids: dict[str, str] = {}
    for number, (name, body) in enumerate([*BODIES.items(), *RAW_BODIES.items()]):
        ids[name] = put_raw(client, "outbox", body) if name in RAW_BODIES else client.put("outbox", body)  # type: ignore[arg-type]  # the raw ones are bytes
        if number % 5 == 4:
            client.produce(id=f"behind-{number}")
    return ids


@pytest.mark.parametrize("name", [*BODIES, *RAW_BODIES])
def test_an_unsound_body_is_parked_with_its_reason(client: Client, kept: dict[str, str], name: str) -> None:
    """The message's id finds a row that says why, and nothing of the body is repeated there."""
    status = client.settled(kept[name])
    assert status["state"] == "parked"
    assert (status["attempts"], status["recipients"]) == (0, [])
    (reason,) = reasons(status)
    assert len(reason) > len("invalid: ")
    assert client.of(status) == []


def test_the_queue_goes_on_behind_unsound_bodies(client: Client, kept: dict[str, str]) -> None:
    """Good mails among the bad ones are sent, the queue is empty in the end, and the host poisoned nothing."""
    total = len(kept)
    for number in range(4, total, 5):
        assert client.settled(f"behind-{number}")["state"] == "sent"
    for message in kept.values():
        client.settled(message)
    wait_for("an empty queue", lambda: client.peek("outbox") == [])
    assert "host-gave-up" not in str([client.status(message) for message in kept.values()])


def test_the_parked_row_keeps_the_body(client: Client, kept: dict[str, str]) -> None:
    """An operator can read what was not understood: it rests in storage as it came."""
    status = client.settled(kept["no JSON"])
    assert client.payload(status["id"]) == b"{not json"


def test_a_sound_key_in_an_unsound_body_finds_the_row(client: Client) -> None:
    """A producer that names its key looks for the mail under it, whatever else is wrong with the body."""
    client.produce(id="unsound-but-named", subject="a\nb")
    assert client.settled("unsound-but-named")["state"] == "parked"


def test_a_sender_that_is_not_the_producers_is_refused(client: Client) -> None:
    """The row says so without naming a sender and keeps the body, and nothing is sent."""
    body = json.dumps(an_envelope(id="foreign", sender="reports", to=["foreign@contoso.test"]))
    client.put("small-box", body)
    status = client.settled("foreign")
    assert status["state"] == "rejected"
    assert "sender-not-allowed" in reasons(status)[0]
    assert client.payload(status["id"]) == body.encode()
    assert client.mails(to="foreign@contoso.test") == []


def test_a_recipient_that_the_sender_may_not_reach_is_refused(client: Client) -> None:
    """`allow_recipients` holds for every recipient, over HTTP with a pointer to each that is not allowed."""
    answer = client.post("messages", an_envelope(sender="strict", to=["a@contoso.test"], bcc=["b@fabrikam.test"]))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/bcc/0"]


def test_a_body_larger_than_a_request_may_be_is_refused(client: Client) -> None:
    """413 before anything is parsed, 415 for what does not call itself JSON."""
    assert client.post("messages", b" " * 1_000_001).status_code == 413
    assert client.post("messages", b"{}", headers={"content-type": "text/plain"}).status_code == 415

"""What the host gave up, put where the host puts it: the tick finds it, a row says why, and an operator puts it back."""

import json
from datetime import UTC, datetime, timedelta

import httpx

from shared.rules import identifiers
from shared.rules.orders import Order, encode
from tests.flows.client import Client, Json, an_envelope, reasons
from tests.flows.waiting import wait_for

MENDED = {"who": "ann", "why": "mended"}


def operator(client: Client, path: str, body: Json | None = None) -> Json:
    """Ask an operator's route, or act where there is a body."""
    address = f"{client.cloud.line['functions'][0]}/api/operator/{path}"
    headers = {"x-functions-key": client.cloud.line["master_key"]}
    method = "POST" if body else "GET"
    answer = httpx.request(method, address, json=body, headers=headers, timeout=30.0, trust_env=False)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def held(client: Client, caller: str) -> Json:
    """The row of unknown origin of this caller, as soon as it is listed."""

    def look() -> Json | None:
        rows = operator(client, "messages")["messages"]
        found = [row for row in rows if row["provenance"]["caller"] == caller and row["reason"]["code"] == "origin-unknown"]
        return found[0] if found else None

    return wait_for(f"a row of {caller}", look)


def test_a_producers_message_is_explained_and_put_back(client: Client) -> None:
    """The row is found under the producer's id; redriven, the message becomes the mail of that id."""
    body = an_envelope(id="given-up", to=["given-up@contoso.test"])
    client.make_queue("outbox-poison")
    client.put("outbox-poison", json.dumps(body))
    status = client.settled("given-up")
    assert (status["state"], status["reason"]["code"], status["attempts"]) == ("parked", "host-gave-up", 20)
    wait_for("an empty queue", lambda: client.peek("outbox-poison") == [])
    assert operator(client, f"messages/{status['id']}/redrive", MENDED)["state"] == "cancelled"
    mail = client.reason("given-up", "accepted-by-exchange")
    assert mail["id"] == identifiers.mail_id("producer:default", "given-up")
    assert len(client.mails(to="given-up@contoso.test")) == 1


def test_a_message_without_an_id_put_back_is_one_mail(client: Client) -> None:
    """Its origin is unknown, and the list shows it."""
    client.make_queue("small-box-poison")
    client.put("small-box-poison", json.dumps(an_envelope(to=["nameless@contoso.test"])).encode())
    row = held(client, "producer:small")
    operator(client, f"messages/{row['id']}/redrive", MENDED)
    client.arrived(to="nameless@contoso.test")
    assert client.status(f"put-back-{row['id']}") is not None


def test_a_mail_whose_order_was_given_up_is_parked_and_put_back(client: Client) -> None:
    """The row names the trace; the order that was given up counts no more, and one mail leaves."""
    mail = client.submit(to=["order@contoso.test"], send_at=(datetime.now(UTC) + timedelta(days=30)).isoformat())
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    client.make_queue("sending-poison")
    client.put("sending-poison", encode(Order(id=mail, ticket=1, traceparent=trace)))
    status = client.settled(mail)
    assert (status["state"], reasons(status)[-1]) == ("parked", "host-gave-up")
    assert "a" * 32 in status["reason"]["text"]
    operator(client, f"messages/{mail}/redrive", MENDED)
    assert client.settled(mail)["state"] == "sent"
    assert len(client.mails(to="order@contoso.test")) == 1


def test_an_order_that_leads_nowhere_is_kept(client: Client) -> None:
    """A row of nobody, with what stood on the private queue."""
    client.make_queue("sending-poison")
    client.put("sending-poison", "no order at all")
    row = held(client, "unknown")
    assert client.payload(row["id"]) == b"no order at all"
    assert operator(client, f"messages/{row['id']}/cancel", MENDED)["state"] == "cancelled"


def test_the_poison_queues_are_counted(client: Client) -> None:
    """The metric names the queue and what became of its message."""

    def look() -> bool:
        points = [point for point in client.metrics() if point["name"] == "keyless_mail.poison.messages"]
        return any(point["attributes"].get("keyless_mail.outcome") == "kept" for point in points)

    client.make_queue("outbox-poison")
    client.put("outbox-poison", "counted")
    wait_for("the metric", look)

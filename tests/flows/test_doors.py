"""Each door of the app: one event, one mail, and a record of what became of it."""

import base64
import json
import time
from datetime import datetime

import pytest

from devcloud.demo_doors import standard_webhook_headers
from tests.flows.client import Client, an_envelope, header, reasons, states
from tests.flows.waiting import wait_for

SENT = ["waiting", "sending", "sent"]


def sent_once(client: Client, name: str) -> None:
    """The mail of this id or key went through its states, reached everybody, and Exchange has it exactly once."""
    status = client.settled(name)
    assert states(status) == SENT
    assert reasons(status) == ["accepted", "transmitting", "accepted-by-exchange"]
    assert status["attempts"] == 1
    assert {recipient["state"] for recipient in status["recipients"]} == {"accepted"}
    assert status["possible_duplicate"] is False
    (mail,) = client.of(status)
    assert status["reply"] == {"code": 250, "enhanced": "2.0.0", "exchange_id": mail["message_id"]}


def signed(client: Client, event_id: str, body: bytes) -> dict[str, str]:
    """Headers of a Standard Webhook whose sender knows the secret."""
    secret = client.cloud.settings["DEMO_WEBHOOK_SECRET"]
    return standard_webhook_headers(secret, event_id, int(time.time()), body)


@pytest.mark.parametrize("form", ["raw", "base64"])
def test_a_queue_message_becomes_one_mail(client: Client, form: str) -> None:
    """A producer may put JSON as it is or as Base64; the mail is found under the producer's own key."""
    body = json.dumps(an_envelope(id=f"door-{form}", to=[f"{form}@contoso.test"]))
    client.put("outbox", body if form == "raw" else body.encode())
    sent_once(client, f"door-{form}")
    assert client.arrived(to=f"{form}@contoso.test")["mailbox"] == "alerts@contoso.test"


def test_a_queue_message_without_a_key_is_found_by_its_message_id(client: Client) -> None:
    """Where the producer names no key, the queue message's own id is the key."""
    sent_once(client, client.produce())


def test_the_same_key_on_the_queue_twice_is_one_mail(client: Client) -> None:
    """A producer that repeats itself, key and content the same, has one mail sent."""
    for _ in range(2):
        client.produce(id="door-twice", to=["queue-twice@contoso.test"])
    client.produce(id="door-behind")
    sent_once(client, "door-behind")
    sent_once(client, "door-twice")


def test_other_content_under_a_used_key_is_refused_on_the_queue(client: Client) -> None:
    """The first mail of a key stays as it is; the second message gets a row that says why it was not taken."""
    client.produce(id="door-conflict", to=["conflict@contoso.test"])
    sent_once(client, "door-conflict")
    second = client.produce(id="door-conflict", to=["conflict@contoso.test"], subject="Something else")
    refused = client.settled(second)
    assert refused["state"] == "rejected"
    assert "key-conflict" in reasons(refused)[0]
    sent_once(client, "door-conflict")


def test_an_http_call_becomes_one_mail(client: Client) -> None:
    """POST answers 202 with the mail's id and where to ask for it."""
    answer = client.post("messages", an_envelope(to=["http@contoso.test"]))
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/messages/{answer.json()['id']}"
    assert answer.json()["state"] == "waiting"
    sent_once(client, answer.json()["id"])


def test_a_batch_becomes_one_mail_each(client: Client) -> None:
    """An array is accepted as a whole, and each of its mails is found by the call's key and its place."""
    batch = [an_envelope(to=[f"batch-{number}@contoso.test"]) for number in range(3)]
    answer = client.post("messages", batch, headers={"idempotency-key": "door-batch"})
    assert answer.status_code == 202
    for number, receipt in enumerate(answer.json()):
        sent_once(client, receipt["id"])
        assert client.arrived(to=f"batch-{number}@contoso.test")["message_id"].startswith(f"<{receipt['id']}@")


def test_a_batch_with_one_bad_envelope_stores_nothing(client: Client) -> None:
    """One fault refuses the whole array, and the fault's pointer says in which envelope it is."""
    batch = [an_envelope(id="door-good"), an_envelope(id="door-bad", to=["nobody"])]
    answer = client.post("messages", batch)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/1/to/0"]
    assert client.status("door-good") is None


@pytest.mark.parametrize("keys", [("door-new", "door-taken"), ("door-self", "door-self")])
def test_a_batch_with_a_conflicting_key_stores_nothing(client: Client, keys: tuple[str, str]) -> None:
    """A key that stands for other content already, stored or in the same array, refuses the whole array."""
    client.submit(id="door-taken", subject="First")
    batch = [an_envelope(id=key, subject=f"Number {number}") for number, key in enumerate(keys)]
    assert client.post("messages", batch).status_code == 422
    assert client.status(keys[0]) is None


@pytest.mark.parametrize("written", ["door-replay", '"door-replay"'])
def test_a_repeated_call_gets_the_same_mail(client: Client, written: str) -> None:
    """The same Idempotency-Key, bare or quoted, and the same body: the same id, and one mail."""
    envelope, headers = an_envelope(to=["replay@contoso.test"]), {"idempotency-key": written}
    answers = [client.post("messages", envelope, headers=headers) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202] * 5
    (mail,) = {answer.json()["id"] for answer in answers}
    sent_once(client, mail)
    assert client.settled("door-replay")["id"] == mail


def test_another_body_under_a_used_key_is_a_conflict(client: Client) -> None:
    """The same Idempotency-Key with another body: 422, and the first mail stays as it is."""
    headers = {"idempotency-key": "door-reused"}
    first = client.post("messages", an_envelope(), headers=headers)
    second = client.post("messages", an_envelope(subject="Something else"), headers=headers)
    assert (first.status_code, second.status_code) == (202, 422)
    assert second.headers["content-type"] == "application/problem+json"
    assert second.json()["id"] == first.json()["id"]
    sent_once(client, first.json()["id"])


def test_a_webhook_becomes_one_mail(client: Client) -> None:
    """A signed event is accepted, also when its sender repeats it, and its mail is found by the event's id."""
    body = json.dumps({"type": "order.paid", "data": {"order": 1042}}).encode()
    for _ in range(2):
        answer = client.post("webhooks/demo", body, key=False, headers=signed(client, "msg_door", body))
        assert (answer.status_code, answer.json()["id"]) == (202, "msg_door")
    sent_once(client, "msg_door")
    mail = client.opened(client.of(client.settled("msg_door"))[0])
    assert mail["Subject"] == "demo: order.paid"
    assert "1042" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # a mail of a template has text


def test_a_webhook_with_a_wrong_signature_becomes_nothing(client: Client) -> None:
    """Who does not know the secret gets 401, and there is no mail."""
    body = b'{"type": "order.paid"}'
    answer = client.post("webhooks/demo", body + b" ", key=False, headers=signed(client, "msg_forged", body))
    assert answer.status_code == 401
    assert client.status("msg_forged") is None


def test_a_digest_collects_its_items_into_one_mail(client: Client) -> None:
    """Items from the HTTP API and from a webhook, one of them twice, leave as one mail when the window has ended."""
    items = [{"id": "item-1", "title": "Backup finished"}, {"id": "item-1", "title": "Backup finished"}]
    ends = {client.post("digests/daily-ops/events", item).json()["window_end"] for item in items}
    body = b'{"title": "Certificate renewed"}'
    answer = client.post("webhooks/collected", body, key=False, headers=signed(client, "msg_item", body))
    assert answer.status_code == 202
    for end in ends:
        sent_once(client, str(int(datetime.fromisoformat(end).timestamp())))

    def all_items() -> bool:
        bodies = [client.opened(mail).get_body(("plain",)) for mail in client.mails(to="digest@contoso.test")]
        text = "".join(body.get_content() for body in bodies if body)
        # A window may end between the two posts of the one item; then it stands in both mails, once in each.
        return (text.count("Backup finished"), text.count("Certificate renewed")) == (len(ends), 1)

    wait_for("every item to arrive once", all_items)


def test_the_mail_is_from_the_sender_and_carries_our_names(client: Client) -> None:
    """From with its display name, Message-ID from the mail's id, Date, and the marks of automatic mail."""
    status = client.settled(client.submit(to=["headers@contoso.test"], tags=["disk"], headers={"X-Ticket": "4711"}))
    (mail,) = client.of(status)
    assert header(mail, "From") == ["Contoso Alerts <alerts@contoso.test>"]
    assert header(mail, "Message-ID") == [f"<{status['id']}@contoso.test>"]
    assert header(mail, "To") == ["headers@contoso.test"]
    assert header(mail, "Subject") == ["Disk almost full"]
    assert header(mail, "X-Ticket") == ["4711"]
    assert header(mail, "Auto-Submitted") == ["auto-generated"]
    date = datetime.strptime(header(mail, "Date")[0], "%a, %d %b %Y %H:%M:%S %z")
    accepted = datetime.fromisoformat(status["timeline"][0]["at"])
    assert abs((date - accepted).total_seconds()) < 2
    assert mail["from"] == "alerts@contoso.test"


def test_nobody_sees_anothers_mails(client: Client) -> None:
    """A caller that a producer does not list among its readers is told that there is no such mail."""
    hidden = client.produce("quiet-box", id="door-hidden", to=["hidden@contoso.test"])
    mail = client.arrived(to="hidden@contoso.test")
    for name in (hidden, "door-hidden", mail["message_id"].strip("<").partition("@")[0]):
        assert client.status(name) is None


def test_without_a_key_nothing_is_accepted_or_told(client: Client) -> None:
    """The host answers 401 before the app is asked."""
    assert client.post("messages", an_envelope(), key=False).status_code == 401
    assert client.get("messages/door-raw", key=False).status_code == 401


def test_a_mail_may_be_sent_later(client: Client) -> None:
    """`send_at` keeps the mail waiting until then, and then it leaves with that moment as its Date."""
    later = datetime.fromtimestamp(int(time.time()) + 4).astimezone()
    status = client.settled(client.submit(send_at=later.isoformat()))
    assert datetime.fromisoformat(status["timeline"][1]["at"]).timestamp() >= later.timestamp() - 2
    assert header(client.of(status)[0], "Date") == [later.astimezone(tz=None).strftime("%a, %d %b %Y %H:%M:%S +0000")]


def test_a_body_in_base64_may_be_wrapped(client: Client) -> None:
    """Tools that wrap Base64 at 76 characters are understood as well."""
    body = json.dumps(an_envelope(id="door-wrapped")).encode()
    client.put("outbox", base64.encodebytes(body).decode())
    sent_once(client, "door-wrapped")


def test_an_item_of_an_array_is_found_by_its_key(client: Client) -> None:
    """KEY/n, with the slash escaped as a path wants it."""
    answer = client.post("messages", [an_envelope(), an_envelope()], headers={"idempotency-key": "array-key"})
    assert answer.status_code == 202
    for n, receipt in enumerate(answer.json()):
        assert client.get(f"messages/array-key%2F{n}").json()["id"] == receipt["id"]

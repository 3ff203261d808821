"""Nothing of a mail, and nothing secret, leaves the app but by SMTP: not in spans, not in metrics, not in a log."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from devcloud.demo_doors import standard_webhook_headers
from tests.flows.client import Client, Json, an_envelope, header
from tests.flows.waiting import wait_for

CANARY = "xylofon"
"""Stands in every text of every mail of this module, and in what Exchange answers to it."""

TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8}")
"""How every JSON Web Token begins (RFC 7519: the Base64 of `{"`)."""

EXAMPLE = "such as ops@contoso.test"
"""What our own texts say an address looks like."""

MESSAGE_ID = re.compile(r"<[0-9a-f]{32}@contoso\.test>")
"""Exchange's answer names the mail by what we called it."""

SAID: dict[str, Any] = {
    "subject": f"Subject {CANARY}",
    "text": f"Text {CANARY}\n",
    "html": f"<p>HTML {CANARY}</p>",
    "headers": {"X-Canary": CANARY},
    "tags": [CANARY],
    "attachments": [{"name": f"{CANARY}.txt", "content_type": "text/plain", "content": "eHlsb2Zvbg=="}],
}


@dataclass(frozen=True, slots=True)
class Left:
    """Everything that left the app beside mail: the traces of the mails, all metrics, the host's log, all answers."""

    mails: list[Json]
    traces: list[Json]
    metrics: list[Json]
    log: str
    answers: str


@pytest.fixture(scope="module")
def left(client: Client, fresh_senders: Iterator[str]) -> Left:
    """Mails through every door and into every kind of trouble, all of them full of the canary."""
    refusal = {"code": 554, "text": f"5.0.0 {CANARY} refused"}
    to, unused = f"{CANARY}@contoso.test", next(fresh_senders)
    client.faults(
        {"name": "custom-reply", "match": {"to": f"refused-{to}"}, "with": refusal},
        {"name": "recipient-refused-5xx", "match": {"to": f"nobody-{to}"}, "with": {"text": f"5.1.10 {CANARY}"}},
        {"name": "garbage-reply", "match": {"to": f"garbage-{to}"}, "with": {"text": f"{CANARY}\r\n"}},
        {"name": "authentication-unsuccessful", "count": 1, "match": {"mailbox": f"{unused}@contoso.test"}},
    )
    names = [client.submit(to=[f"{kind}-{to}"], **SAID) for kind in ("sent", "refused", "nobody")]
    names += [client.submit(to=[f"fresh-{to}"], sender=unused, **SAID), client.produce(to=[f"queue-{to}"], **SAID)]
    names += [client.produce(to=[CANARY], **SAID), client.put("outbox", f"{{{CANARY}"), client.put("outbox", CANARY)]
    answers = [
        client.post("messages", an_envelope(to=[f"bad{CANARY}@"], subject=f"{CANARY}\n")),
        client.post("messages", f"{{{CANARY}".encode()),
        client.post("messages", an_envelope(sender="strict", to=[to.replace("contoso", CANARY)])),
        client.get(f"messages/{CANARY}"),
    ]
    body = json.dumps({"type": CANARY, "data": {CANARY: CANARY}}).encode()
    secret = client.cloud.settings["DEMO_WEBHOOK_SECRET"]
    client.post(
        "webhooks/demo", body, key=False, headers=standard_webhook_headers(secret, "msg_canary", int(time.time()), body)
    )
    garbled = client.reason(client.submit(to=[f"garbage-{to}"], **SAID), "outcome-unknown")
    mails = [client.settled(name) for name in (*names, "msg_canary")]
    client.faults()
    return _collected(client, [*mails, garbled], [answer.text for answer in answers])


def _collected(client: Client, mails: list[Json], answers: list[str]) -> Left:
    ids = [mail["trace_id"] for mail in mails if mail["recipients"]]  # what was refused at the queue has no span of ours
    wait_for("every mail's trace", lambda: all(client.traces(trace_id=trace_id) for trace_id in ids))
    log = client.log() + (client.cloud.folder / "host-1.out").read_text()
    return Left(
        mails,
        [trace for trace_id in ids for trace in client.traces(trace_id=trace_id)] + client.traces(),
        client.metrics(),
        log,
        "\n".join([*answers, *(json.dumps(mail) for mail in mails)]),
    )


def test_the_canary_was_really_on_its_way(client: Client, left: Left) -> None:
    """The mails went where they should: otherwise nothing below would prove anything."""
    assert sorted({mail["state"] for mail in left.mails}) == ["parked", "rejected", "sent", "waiting"]
    arrived = client.mails(to=f"sent-{CANARY}@contoso.test")
    assert [header(mail, "Subject") for mail in arrived] == [[f"Subject {CANARY}"]]
    assert any(mail["reply"] and mail["reply"]["code"] == 554 for mail in left.mails)


def test_no_span_holds_anything_of_a_mail_or_a_token(left: Left) -> None:
    """Neither the canary nor an address nor the beginning of a token."""
    said = json.dumps(left.traces)
    assert "smtp transaction" in said
    assert CANARY not in said
    assert "@contoso.test" not in said
    assert not TOKEN.search(said)


def test_no_metric_holds_anything_of_a_mail(left: Left) -> None:
    """The same for every series."""
    said = json.dumps(left.metrics)
    assert "keyless_mail" in said
    assert CANARY not in said
    assert "@" not in said
    assert not TOKEN.search(said)


def test_no_log_line_holds_anything_of_a_mail_or_a_token(client: Client, left: Left) -> None:
    """The host's log can be pasted in public: no canary, no address, no token, no key and no secret."""
    assert left.log
    assert CANARY not in left.log
    assert "@contoso.test" not in left.log.replace(EXAMPLE, "")
    assert not TOKEN.search(left.log)
    settings = client.cloud.settings
    secrets = [settings["DEMO_WEBHOOK_SECRET"], settings["IDENTITY_HEADER"], *client.key.values()]
    secrets += [part.partition("=")[2] for part in settings["MailStorage"].split(";") if part.startswith("AccountKey=")]
    assert not any(secret in left.log for secret in secrets)


def test_no_answer_repeats_what_was_sent(left: Left) -> None:
    """Errors and states name fields and codes, never a value, and never what Exchange said."""
    assert CANARY not in left.answers
    assert "@contoso.test" not in MESSAGE_ID.sub("", left.answers.replace(EXAMPLE, ""))

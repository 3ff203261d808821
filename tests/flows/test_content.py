"""What a mail may hold, from the envelope to the bytes that arrive."""

import base64
import time
from datetime import UTC, datetime

import pytest

from tests.flows.client import Client, an_envelope, header, reasons

PICTURE = bytes(range(256)) * 8
"""Bytes of every value: an attachment is not text."""


def test_text_and_html_leave_as_alternatives(client: Client) -> None:
    """Both forms arrive, and what is beyond ASCII arrives as it was."""
    status = client.settled(client.submit(subject="Größe 93 %", text="Größe: 93 %\n", html="<p>Größe: <b>93 %</b></p>"))
    mail = client.opened(client.of(status)[0])
    assert mail["Subject"] == "Größe 93 %"
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert text.get_content().strip() == "Größe: 93 %"
    assert "<b>93 %</b>" in html.get_content()


def test_everybody_gets_the_mail_and_nobody_sees_bcc(client: Client) -> None:
    """To, cc and bcc are all offered to Exchange; the headers name the first two only."""
    people = {"to": ["to@contoso.test"], "cc": ["cc@contoso.test"], "bcc": ["bcc@contoso.test"]}
    status = client.settled(client.submit(**people, reply_to=["desk@contoso.test"]))
    (mail,) = client.of(status)
    assert mail["to"] == ["to@contoso.test", "cc@contoso.test", "bcc@contoso.test"]
    assert (header(mail, "To"), header(mail, "Cc")) == (["to@contoso.test"], ["cc@contoso.test"])
    assert header(mail, "Reply-To") == ["desk@contoso.test"]
    assert header(mail, "Bcc") == []
    assert b"bcc@contoso.test" not in client.raw(mail)
    assert [recipient["n"] for recipient in status["recipients"]] == [0, 1, 2]


def test_attachments_travel_in_the_envelope(client: Client) -> None:
    """A file and an inline picture arrive byte for byte, with their names."""
    content = base64.b64encode(PICTURE).decode()
    attachments = [
        {"name": "Größen.bin", "content_type": "application/octet-stream", "content": content},
        {"name": "logo.png", "content_type": "image/png", "content": content, "content_id": "logo"},
    ]
    status = client.settled(client.submit(html='<img src="cid:logo">', attachments=attachments))
    parts = {part.get_filename(): part for part in client.opened(client.of(status)[0]).walk() if part.get_filename()}
    assert {name: part.get_payload(decode=True) for name, part in parts.items()} == {
        "Größen.bin": PICTURE,
        "logo.png": PICTURE,
    }
    assert parts["logo.png"]["Content-ID"] == "<logo>"


@pytest.mark.parametrize("prefix", ["function-key", "producer-default"])
def test_attachments_travel_by_blob(client: Client, prefix: str) -> None:
    """Each caller names blobs below its own prefix, and they arrive byte for byte."""
    client.upload(f"{prefix}/2026/report.pdf", PICTURE)
    attachments = [{"name": "report.pdf", "content_type": "application/pdf", "blob": "2026/report.pdf"}]
    over_http = prefix == "function-key"
    name = client.submit(attachments=attachments) if over_http else client.produce(attachments=attachments)
    status = client.settled(name)
    (part,) = client.opened(client.of(status)[0]).iter_attachments()
    assert (part.get_filename(), part.get_payload(decode=True)) == ("report.pdf", PICTURE)


@pytest.mark.parametrize("blob", ["nobody.pdf", "../producer-small/secret.pdf", "producer-small/secret.pdf"])
def test_a_blob_that_is_not_the_callers_is_refused(client: Client, blob: str) -> None:
    """Neither a missing blob nor another caller's can be attached, and the fault names the field."""
    client.upload("producer-small/secret.pdf", b"secret")
    attachments = [{"name": "secret.pdf", "content_type": "application/pdf", "blob": blob}]
    answer = client.post("messages", an_envelope(attachments=attachments))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/attachments/0/blob"]


def test_a_blob_changed_after_acceptance_is_not_sent(client: Client) -> None:
    """What is sent is what was accepted, or nothing."""
    client.upload("function-key/changing.txt", b"as accepted")
    later = datetime.fromtimestamp(time.time() + 3, UTC).isoformat()
    attachments = [{"name": "changing.txt", "content_type": "text/plain", "blob": "changing.txt"}]
    mail = client.submit(to=["changed@contoso.test"], attachments=attachments, send_at=later)
    client.upload("function-key/changing.txt", b"as changed")
    status = client.settled(mail)
    assert (status["state"], reasons(status)[-1]) == ("rejected", "attachment-changed")
    assert client.mails(to="changed@contoso.test") == []


def test_a_mail_larger_than_a_table_row_arrives(client: Client) -> None:
    """Content beyond what the ledger's row holds rests in a blob and arrives all the same."""
    lines = "".join(f"line {number:05d} of a long report\n" for number in range(12_000))
    status = client.settled(client.submit(text=lines))
    mail = client.opened(client.of(status)[0])
    assert mail.get_content().replace("\r\n", "\n") == lines


def test_a_template_is_filled_with_the_envelopes_data(client: Client) -> None:
    """Subject, text and HTML come from the template; data is escaped where it stands in HTML."""
    data = {"severity": "critical", "title": "Disk <full>", "text": "93 %", "link": "https://contoso.test/disk"}
    status = client.settled(client.submit(template="alert", data=data, text=None, subject=None))
    mail = client.opened(client.of(status)[0])
    assert mail["Subject"] == "[CRITICAL] Disk <full>"
    html = mail.get_body(("html",))
    assert html is not None
    assert "Disk &lt;full&gt;" in html.get_content()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"template": "alert", "data": {"title": "Disk"}, "text": None}, "#/data"),
        ({"template": "no-such", "data": {}, "text": None}, "#/template"),
        ({"template": "../alert", "data": {}, "text": None}, "#/template"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused_at_once(
    client: Client, fields: dict[str, object], pointer: str
) -> None:
    """The caller hears what is missing when it asks, not when the mail is sent."""
    answer = client.post("messages", an_envelope(**fields))
    assert answer.status_code == 422
    assert all(error["pointer"].startswith(pointer) for error in answer.json()["errors"]), answer.text

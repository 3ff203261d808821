"""From a stored mail to the bytes for the wire."""

import email
import email.policy
import hashlib
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.mail import Blob, MailAttachment
from shared.rules.mime import UnsafeMessage, verify
from shared.rules.mime_parts import canonical
from tests.unit.built_mails import built, changed

PNG = MailAttachment(name="logo.png", content_type="image/png", content=b"\x89PNG", content_id="logo@contoso")
PDF = MailAttachment(name="Übersicht.pdf", content_type="application/pdf", content=bytes(range(256)))

lines = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=200).filter(str.strip)
bodies = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\r\n\t"))


def parsed(content: bytes) -> EmailMessage:
    """The message as the standard library reads it, without a defect anywhere."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert not [defect for part in message.walk() for defect in part.defects]
    return message


def shape(message: EmailMessage) -> object:
    """The types of a message's parts as a tree."""
    if not message.is_multipart():
        return message.get_content_type()
    return [message.get_content_type(), *(shape(cast(EmailMessage, part)) for part in message.iter_parts())]


def test_a_small_mail_has_exactly_these_bytes() -> None:
    """Written by hand after RFC 5322 and protocols 4.5: fixed order, CRLF, automatic-mail headers, 7bit."""
    assert built() == (
        b"From: Contoso Alerts <alerts@contoso.test>\r\n"
        b"To: ops@contoso.test\r\n"
        b"Subject: Disk full\r\n"
        b"Date: Mon, 23 Nov 2026 09:00:00 +0000\r\n"
        b"Message-ID: <67ccd9b879851b6a3dbb0e5289d8e41b@contoso.test>\r\n"
        b"Auto-Submitted: auto-generated\r\n"
        b"X-Auto-Response-Suppress: All\r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"On server 12.\r\n"
    )


def test_blind_copies_are_not_in_the_message() -> None:
    """Neither the header nor the address."""
    content = built(changed(bcc=("secret@contoso.test",), cc=("cc@contoso.test",), reply_to=("re@contoso.test",)))
    message = parsed(content)
    assert b"secret" not in content
    assert (message["Bcc"], message["Cc"], message["Reply-To"]) == (None, "cc@contoso.test", "re@contoso.test")


def test_every_attempt_has_the_same_bytes() -> None:
    """Boundaries are not drawn by chance, so that a repeated mail is the same mail."""
    mail = changed(html="<p>x</p>", attachments=(PNG, PDF))
    assert built(mail) == built(mail)


@pytest.mark.parametrize(
    ("fields", "tree"),
    [
        ({}, "text/plain"),
        ({"html": "<p>x</p>"}, ["multipart/alternative", "text/plain", "text/html"]),
        ({"text": None, "html": "<p>x</p>"}, ["multipart/alternative", "text/plain", "text/html"]),
        ({"attachments": (PDF,)}, ["multipart/mixed", "text/plain", "application/pdf"]),
        ({"attachments": (PNG,)}, ["multipart/mixed", "text/plain", "image/png"]),
        (
            {"html": "<img src='cid:logo@contoso'>", "attachments": (PNG,)},
            ["multipart/alternative", "text/plain", ["multipart/related", "text/html", "image/png"]],
        ),
        (
            {"html": "<img src='cid:logo@contoso'>", "attachments": (PDF, PNG)},
            [
                "multipart/mixed",
                ["multipart/alternative", "text/plain", ["multipart/related", "text/html", "image/png"]],
                "application/pdf",
            ],
        ),
    ],
)
def test_the_parts_are_nested_as_mail_programs_expect(fields: dict[str, object], tree: object) -> None:
    """Alternative for text and HTML, related for inline images, mixed for files, and no layer that holds one part."""
    assert shape(parsed(built(changed(**fields)))) == tree


def test_a_mail_of_html_alone_gets_a_text() -> None:
    """Readers without HTML see the words and the links."""
    message = parsed(built(changed(text=None, html='<p>Look <a href="https://contoso.test/">here</a></p>')))
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().strip() == "Look here (https://contoso.test/)"


@given(bodies, bodies, lines, lines)
def test_texts_and_headers_are_read_back_as_they_were(text: str, html: str, subject: str, from_name: str) -> None:
    """Any text in any language comes out as it went in, but for line ends."""
    message = parsed(built(changed(text=text, html=html, subject=subject[:200]), from_name=from_name))
    parts = {part.get_content_subtype(): part.get_payload(decode=True) for part in message.iter_parts()}
    assert parts == {"plain": canonical(text).encode(), "html": canonical(html).encode()}
    assert message["From"].addresses[0].addr_spec == "alerts@contoso.test"


@given(
    bodies | st.text("\r\n.-=_ü", max_size=300),
    st.binary(max_size=300),
    lines.filter(lambda n: not set(n) & set("/\\") and bool(n.strip(" ."))),
)
def test_the_bytes_are_canonical_whatever_the_mail_holds(text: str, content: bytes, name: str) -> None:
    """7bit, no bare CR or LF, no line beyond 998 octets, no lone dot that CRLF would not end."""
    try:
        mail = changed(text=text, attachments=(MailAttachment(name=name[:100], content_type="text/csv", content=content),))
        result = built(mail)
    except UnsafeMessage as refused:
        assert refused.problems[0].pointer == "/attachments"  # noqa: PT017 - a name that reorders its letters is refused
        return
    assert result.isascii()
    assert b"\n" not in result.replace(b"\r\n", b"")
    assert b"\r" not in result.replace(b"\r\n", b"")
    assert max(len(line) for line in result.split(b"\r\n")) <= 998
    (part,) = parsed(result).iter_attachments()
    assert part.get_payload(decode=True) == content


def test_no_header_is_folded_into_another() -> None:
    """The reader finds the fields that were set, in their order, and no other."""
    content = built(changed(headers={"X-Ticket": "12", "X-Long": "ü" * 400, "X-Url": "https://contoso.test/" + "a" * 800}))
    message = parsed(content)
    assert message.keys() == [
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
        *("X-Ticket", "X-Long", "X-Url", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
    ]
    assert b"\r\nX-Url: https://contoso.test/" + b"a" * 800 + b"\r\n" in content


def test_files_carry_their_names_types_and_ids() -> None:
    """Names beyond ASCII as RFC 2231 says, parameters of a type kept, inline images by content id."""
    csv = MailAttachment(name='a "b"; c.csv', content_type='text/csv; charset="iso-8859-1"', content=b"\xfc")
    message = parsed(built(changed(html="x", attachments=(PNG, PDF, csv))))
    files = list(message.iter_attachments())
    assert [part.get_filename() for part in files] == ["Übersicht.pdf", 'a "b"; c.csv']
    assert files[1].get_content_charset() == "iso-8859-1"
    assert [part.get_content_disposition() for part in files] == ["attachment", "attachment"]
    (image,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert (image["Content-ID"], image.get_content_disposition()) == ("<logo@contoso>", "inline")


def test_content_of_a_blob_is_put_in_by_its_name() -> None:
    """The blob's bytes are handed in; without them nothing is built."""
    blob = Blob(name="p/a.pdf", etag="x", sha256=hashlib.sha256(b"abc").hexdigest(), size=3)
    mail = changed(attachments=(MailAttachment(name="a.pdf", content_type="application/pdf", blob=blob),))
    (part,) = parsed(built(mail, blobs={"p/a.pdf": b"abc"})).iter_attachments()
    assert part.get_payload(decode=True) == b"abc"
    with pytest.raises(UnsafeMessage, match="no content"):
        built(mail)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"From: a\r\n\r\nb\n\r\n", "CR or LF"),
        (b"From: a\r\n\r\nb\r.\r\r\n", "CR or LF"),
        (b"From: a\r\n\r\n\xc3\xbc\r\n", "7bit"),
        (b"From: a\r\n\r\n\0\r\n", "NUL"),
        (b"From: a\r\n\r\n" + b"x" * 999 + b"\r\n", "998"),
        (b"From: a\r\n\r\nx", "open end"),
        (b"From: a\r\nBcc: v\r\n\r\nx\r\n", "other fields"),
        (b"Fron: a\r\n\r\nx\r\n", "other fields"),
        (b"From: a\r\n \r\n b\r\n\r\nx\r\n", "blank line"),
    ],
)
def test_the_final_check_knows_every_way_to_be_wrong(content: bytes, word: str) -> None:
    """Each broken message is refused with its own sentence."""
    with pytest.raises(UnsafeMessage, match=word):
        verify(content, ["From"])


def test_the_final_check_accepts_what_is_right() -> None:
    """998 octets are allowed, and folded fields count once."""
    verify(b"From: a,\r\n b\r\n\r\n" + b"x" * 998 + b"\r\n", ["From"])

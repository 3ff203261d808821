"""A mail taken apart for the eye: bodies, attachments, and garbage that must not raise."""

import base64
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devcloud.inbox import mail_html
from devcloud.inbox.mail_view import Attachment, decoded_header, look_at

PIXEL = b"\x89PNG not really"


def _rich_mail() -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = "Jörg <joerg@contoso.test>"
    message["Subject"] = "Grüße aus München"
    message.set_content("plain ü\n")
    message.add_alternative('<p>rich ü <img src="cid:one"></p>', subtype="html")
    html = message.get_body(("html",))
    assert html is not None
    html.add_related(PIXEL, "image", "png", cid="<one>")
    message.add_attachment(b"a;b\n", maintype="text", subtype="csv", filename="März <1>.csv")
    return message.as_bytes()


def test_bodies_headers_and_attachments_are_told_apart() -> None:
    """Text and HTML are the bodies; the inline image and the file are attachments; headers are decoded."""
    view = look_at(_rich_mail())
    assert view.text is not None
    assert view.text.strip() == "plain ü"
    assert view.html is not None
    assert "rich ü" in view.html
    assert ("Subject", "Grüße aus München") in view.headers
    shown = [(part.index, part.name, part.content_type, part.content_id, part.content) for part in view.attachments]
    assert shown[0][2:] == ("image/png", "one", PIXEL)
    assert shown[1] == (1, "März <1>.csv", "text/csv", "", b"a;b\n")
    assert view.defects == ()


def test_an_attached_mail_is_one_attachment() -> None:
    """The parts of a mail within the mail are not taken for the mail's own."""
    outer = EmailMessage()
    outer.set_content("see attached")
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("inner text")
    outer.add_attachment(inner)
    view = look_at(outer.as_bytes())
    assert view.text == "see attached\n"
    assert len(view.attachments) == 1
    assert b"inner text" in view.attachments[0].content


@pytest.mark.parametrize("header", ["Content-Disposition: attachment", "Content-Type: text/plain; name=notes.txt"])
def test_a_text_that_is_attached_is_not_the_body(header: str) -> None:
    """A disposition or a name makes an attachment of a text part."""
    view = look_at(f"{header}\r\n\r\nhello".encode())
    assert view.text is None
    assert [part.content for part in view.attachments] == [b"hello"]


@pytest.mark.parametrize("charset", ["rot13", "idna", "punycode", "undefined", "no-such-thing", "a\\0b", "utf-16"])
def test_strange_charsets_still_show_something(charset: str) -> None:
    """Python knows codecs that are no charsets, and raises oddly for them; the text is shown all the same."""
    raw = f'Content-Type: text/plain; charset="{charset}"\r\n\r\nhello \xff'.encode("latin-1")
    assert look_at(raw).text


GARBAGE = [
    b"Content-Type: .):\n\xff;\r.*\r\nTo: .@[ \r\nCc: .:\r\nSubject: still here\r\n\r\nx",
    b"",
    b"\r\n",
    b"\x00\xff\xfe",
    b"Subject\r\n\r\nx",
    b"From: <\r\nTo: @,,;:<>\r\nSubject: =?x?y?z?=\r\nContent-ID: <<\r\n\r\n",
    b"Content-Type: multipart/mixed\r\n\r\nno boundary",
    b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\n\r\n--a--',
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
    b"Content-Disposition: attachment; filename*=utf-99''%ff; filename*0*=x\r\n\r\nx",
    b"Message-ID: [\r\nDate: never\r\nContent-Type: ;;;=\r\nMIME-Version: =\r\n\r\nx",
    b'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"',
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 400,
    b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(400)),
    b"Content-Type: message/rfc822\r\n\r\n" * 1_010,
]


@pytest.mark.parametrize("raw", GARBAGE)
def test_garbage_is_shown_and_never_raises(raw: bytes) -> None:
    """Nothing that arrives can make the view fail."""
    view = look_at(raw)
    assert all(isinstance(part.content, bytes) for part in view.attachments)


@given(st.binary(max_size=300), st.lists(st.sampled_from(GARBAGE[4:12]), max_size=3))
@example(b"Content-Type: text/html; charset=\xff", [])
def test_any_bytes_at_all_can_be_looked_at(raw: bytes, before: list[bytes]) -> None:
    """Arbitrary bytes, alone or after headers that are known to hurt, are shown."""
    view = look_at(b"\r\n".join([part.partition(b"\r\n\r\n")[0] for part in before] + [raw]))
    mail_html.shown(view.html or "", view.attachments)


def test_one_hostile_header_does_not_hide_the_others() -> None:
    """The subject is shown although the content type makes the standard parser fail."""
    assert ("Subject", "still here") in look_at(GARBAGE[0].replace(b"\n\xff;\r.*", b";")).headers


def test_a_header_that_cannot_be_decoded_is_shown_as_it_is() -> None:
    """The raw value is the answer of last resort, and line breaks never survive."""
    assert decoded_header("=?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n there") == "Grüße there"
    assert decoded_header("<[", "Message-ID") == "<["


def _body(html: str, attachments: Sequence[Attachment] = ()) -> str:
    return mail_html.shown(html, attachments).removeprefix('<base target="_blank">')


def test_what_is_put_in_stands_behind_the_doctype() -> None:
    """Before it, it would change the way in which browsers lay the mail out."""
    shown = mail_html.shown("\n<!DOCTYPE html PUBLIC 'x'><html>", [])
    assert shown == "\n<!DOCTYPE html PUBLIC 'x'><base target=\"_blank\"><html>"


ACTIVE = [
    "<script>alert(1)</script>",
    "<SCRIPT\nsrc=//evil.test></sCrIpT>",
    "<link/rel=preconnect href=//evil.test>",
    "<meta http-equiv=refresh content='0;url=//evil.test'>",
    "<base\thref=//evil.test>",
    "<svg><script>alert(1)</script></svg>",
]


@pytest.mark.parametrize("html", ACTIVE)
def test_elements_that_act_by_standing_there_are_renamed(html: str) -> None:
    """No element that runs, navigates or connects keeps its name."""
    shown = _body(html).lower()
    assert not any(
        f"<{name}{end}" in shown for name in ("script", "link", "meta", "base") for end in (" ", "/", ">", "\n", "\t")
    )


def test_words_that_only_look_like_such_elements_stay() -> None:
    """Text and other elements are left alone."""
    html = "<scripture>link meta</scripture> <basefont><b>base</b> &lt;script&gt; <style>a{}</style>"
    assert _body(html) == html


def test_only_images_of_the_mail_itself_are_written_in() -> None:
    """`cid:` of a known image becomes data; an unknown one, and a part that is no image, stay as they are."""
    parts = [
        Attachment(0, "a.png", "image/png", "a b@x", PIXEL),
        Attachment(1, "p.html", "text/html", "page", b"<script>alert(1)</script>"),
    ]
    shown = _body('<img src="cid:a%20b@x"><img src=cid:page><img src="cid:none">', parts)
    data = base64.b64encode(PIXEL).decode()
    assert shown == f'<img src="data:image/png;base64,{data}"><img src=cid:page><img src="cid:none">'


def test_an_image_named_very_often_cannot_fill_the_memory() -> None:
    """Beyond the limit references stay references."""
    image = Attachment(0, "a.png", "image/png", "a", bytes(6_000_000))
    assert len(mail_html.shown("<img src=cid:a>" * 100, [image])) < mail_html.MAX_INLINED_CHARS + 20_000

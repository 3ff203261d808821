"""XML sanitising of queue messages."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devcloud.xmltext import sanitize, sanitize_keeping_length

ANY_TEXT = st.text(st.characters(codec=None))


def document(text: str) -> bytes:
    """Return a message whose body is `text`, written as careless clients write it."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<QueueMessage><MessageText>{escaped}</MessageText></QueueMessage>".encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        (b"a\x00b", "a\ufffdb"),
        (b"a\x0bb", "a\ufffdb"),
        (b"\xef\xbf\xbf!", "\ufffd!"),
        (b"\xef\xbf\xbe!", "\ufffd!"),
        (b"\xed\xa0\x80!", "\ufffd!"),
        (b"&#xFFFF;", "\ufffd"),
        (b"&#0;&#1;", "\ufffd\ufffd"),
        (b"&#xd800;", "\ufffd"),
        (b"&#99999999999999999999;", "\ufffd"),
        (b"&#x110000;", "\ufffd"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"a\tb\nc\rd", "a\tb\nc\rd"),
        (b"&#xD;&#x1F600;&amp;", "&#xD;&#x1F600;&amp;"),
        ("\ue000\ufffd\U0010ffff".encode(), "\ue000\ufffd\U0010ffff"),
    ],
)
def test_what_xml_cannot_hold_becomes_the_replacement_character(dirty: bytes, clean: str) -> None:
    """Each forbidden character, raw or as a reference, becomes one U+FFFD and everything else stays."""
    assert sanitize(dirty).decode() == clean


@given(ANY_TEXT)
def test_every_text_can_be_parsed_afterwards(text: str) -> None:
    """Whatever the characters of a body are, both forms give a document that a parser takes."""
    ET.fromstring(sanitize(document(text)))  # noqa: S314 - made here
    ET.fromstring(sanitize_keeping_length(document(text)))  # noqa: S314 - made here


@given(st.binary())
def test_the_length_is_kept(content: bytes) -> None:
    """The second form never changes the length, which a shared key signs."""
    assert len(sanitize_keeping_length(content)) == len(content)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="&\uffff\ufffe")))
def test_good_documents_are_left_alone(text: str) -> None:
    """A document without forbidden characters comes back byte for byte."""
    content = text.encode()
    assert sanitize(content) == content
    assert sanitize_keeping_length(content) == content

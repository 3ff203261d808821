"""The stored mail."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.mail import Blob, Mail, MailAttachment, decode, encode
from shared.rules.problems import Refused
from shared.rules.storage_errors import NewerPayload

MAIL = Mail(sender="alerts", subject="Disk full", to=("ops@contoso.test",), text="On server 12.")

texts = st.text(st.characters(exclude_categories=["Cs"]))
blobs = st.builds(Blob, name=texts, etag=texts, sha256=texts, size=st.integers(0, 2**40))
attachments = st.builds(
    MailAttachment,
    name=texts,
    content_type=texts,
    content=st.none() | st.binary(),
    blob=st.none() | blobs,
    content_id=st.none() | texts,
)
tuples = st.lists(texts, max_size=3).map(tuple)
mails = st.builds(
    Mail,
    sender=texts,
    subject=texts,
    to=tuples,
    cc=tuples,
    bcc=tuples,
    reply_to=tuples,
    text=st.none() | texts,
    html=st.none() | texts,
    attachments=st.lists(attachments, max_size=2).map(tuple),
    headers=st.dictionaries(texts, texts, max_size=3),
    tags=tuples,
    priority=st.sampled_from(["high", "normal", "bulk"]),
)


@given(mails)
def test_a_mail_comes_back_as_it_was_stored(mail: Mail) -> None:
    """Encoding and decoding lose nothing."""
    assert decode(encode(mail)) == mail


def test_the_stored_form_is_versioned_json() -> None:
    """Other versions must be able to read what stands in storage, so the form is fixed here."""
    stored = encode(MAIL)
    assert json.loads(stored) == {
        "v": 1,
        "mail": {"sender": "alerts", "subject": "Disk full", "to": ["ops@contoso.test"], "text": "On server 12."},
    }


def test_equal_mails_have_equal_bytes() -> None:
    """The order in which headers were given does not change the stored bytes, and so not their hash."""
    one = Mail(sender="a", subject="s", to=("a@b.test",), headers={"X-A": "1", "X-B": "2"})
    other = Mail(sender="a", subject="s", to=("a@b.test",), headers={"X-B": "2", "X-A": "1"})
    assert encode(one) == encode(other)


def test_recipients_are_everybody_once_in_order() -> None:
    """To, cc and bcc follow each other, and nobody gets the mail twice."""
    mail = Mail(
        sender="a", subject="s", to=("a@x.test", "b@x.test"), cc=("b@x.test", "c@x.test"), bcc=("a@x.test", "d@x.test")
    )
    assert mail.recipients == ("a@x.test", "b@x.test", "c@x.test", "d@x.test")


@given(st.binary())
def test_broken_bytes_are_refused(payload: bytes) -> None:
    """Whatever stands in storage, decoding gives a mail or `Refused`."""
    with pytest.raises(Refused) as caught:
        decode(payload)
    assert caught.value.code == "broken-payload"


@pytest.mark.parametrize(
    "payload", [b'{"v":0,"mail":{}}', b'{"v":1,"mail":{"sender":"a"}}', b'{"v":1,"mail":{"sender":"\xff"}}', b"[" * 100_000]
)
def test_a_payload_that_is_no_mail_is_broken(payload: bytes) -> None:
    """Nobody but this program writes payloads."""
    with pytest.raises(Refused) as caught:
        decode(payload)
    assert caught.value.code == "broken-payload"


def test_a_newer_versions_mail_is_not_called_broken() -> None:
    """Newer instances know what it means."""
    with pytest.raises(NewerPayload, match="version 2"):
        decode(b'{"v":2,"mail":{"whatever":1}}')

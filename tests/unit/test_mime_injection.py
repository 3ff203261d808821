"""Nothing gets into a message that the mail does not say, whatever storage holds."""

from typing import Any

import pytest

from shared.rules.mail import MailAttachment
from shared.rules.mime import UnsafeMessage, build
from tests.unit.built_mails import built, changed


@pytest.mark.parametrize("bad", ["\r\nBcc: v@e.test", "\nX: y", "\r", "\0", "\u2028", "\x85", "\x7f", "\ud800"])
@pytest.mark.parametrize(
    ("pointer", "fields"),
    [
        ("/subject", {"subject": "s{}"}),
        ("/to", {"to": ("a@contoso.test{}",)}),
        ("/cc", {"cc": ("a@contoso.test", "b{}@contoso.test")}),
        ("/reply_to", {"reply_to": ("{}a@contoso.test",)}),
        ("/headers", {"headers": {"X-A": "1{}"}}),
        ("/headers", {"headers": {"X-A{}": "1"}}),
        ("/attachments", {"attachments": ({"name": "a{}.pdf"},)}),
        ("/attachments", {"attachments": ({"content_type": "a/b{}"},)}),
        ("/attachments", {"attachments": ({"content_id": "a{}"},)}),
    ],
)
def test_nothing_is_injected_even_if_storage_was_tampered_with(pointer: str, fields: dict[str, Any], bad: str) -> None:
    """The checks of acceptance are repeated before the wire, field by field, and their errors hold no value."""
    with pytest.raises(UnsafeMessage) as caught:
        built(changed(**{name: _with(value, bad) for name, value in fields.items()}))
    assert caught.value.problems[0].pointer == pointer
    assert caught.value.code == "unsafe-message"
    assert "v@e.test" not in str(caught.value)


def _with(value: object, bad: str) -> object:
    """The value with `bad` in the place of every pair of braces; a dict in a tuple stands for an attachment."""
    match value:
        case str():
            return value.format(bad)
        case tuple():
            return tuple(_attachment(item, bad) if isinstance(item, dict) else _with(item, bad) for item in value)
        case dict():
            return {_with(name, bad): _with(item, bad) for name, item in value.items()}
    return value


def _attachment(fields: dict[str, str], bad: str) -> MailAttachment:
    sound = {"name": "a", "content_type": "a/b", **{name: text.format(bad) for name, text in fields.items()}}
    return MailAttachment(
        content=b"", name=sound["name"], content_type=sound["content_type"], content_id=sound.get("content_id")
    )


@pytest.mark.parametrize(
    "address",
    ["", "a@b.test, c@d.test", "a@b.test> NOTIFY=NEVER", "Bob <a@b.test>", "jürgen@b.test", "x<y@z.test"],
)
def test_an_address_that_is_more_than_one_is_refused(address: str) -> None:
    """The header would name somebody else than the SMTP command."""
    with pytest.raises(UnsafeMessage):
        built(changed(to=(address,)))
    with pytest.raises(UnsafeMessage):
        build(changed(), from_name="", from_address=address, message_id="<a@b.test>", date=0.0)


@pytest.mark.parametrize("bad", ["\r\nBcc: v@e.test", "\0", "\u2028"])
def test_the_settings_cannot_inject_either(bad: str) -> None:
    """The sender's name and the Message-ID are checked like everything else."""
    with pytest.raises(UnsafeMessage):
        built(from_name=f"Alerts{bad}")
    with pytest.raises(UnsafeMessage):
        build(changed(), from_name="", from_address="a@b.test", message_id=f"<a@b.test>{bad}", date=0.0)


@pytest.mark.parametrize(
    "header", ["Bcc", "Subject", "X-MS-Exchange-Organization-SCL", "X-Auto-Response-Suppress", "Content-Type"]
)
def test_headers_of_the_mail_system_cannot_be_set(header: str) -> None:
    """Not even by a stored mail."""
    with pytest.raises(UnsafeMessage, match="header"):
        built(changed(headers={header: "1"}))

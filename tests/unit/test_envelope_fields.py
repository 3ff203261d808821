"""The envelope's fields, one by one: what none of them may hold."""

import pytest

from shared.rules.envelope import MOST_ATTACHMENTS
from tests.unit.sample_envelopes import FILE, SMALL, refusal


@pytest.mark.parametrize("bad", ["\r", "\n", "\r\n", "\0"])
@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("sender", "/sender"),
        ("subject", "/subject"),
        ("to", "/to/0"),
        ("cc", "/cc/0"),
        ("bcc", "/bcc/0"),
        ("reply_to", "/reply_to/0"),
        ("tags", "/tags/0"),
        ("id", "/id"),
        ("template", "/template"),
    ],
)
def test_line_breaks_and_nul_are_refused_at_their_field(field: str, pointer: str, bad: str) -> None:
    """CR, LF and NUL never pass into a header, a name or an address; the answer points at the field."""
    text = f"ops@contoso.test{bad}Bcc: x@e.test"
    value = [text] if pointer.endswith("/0") else text
    assert pointer in refusal({**SMALL, field: value})


@pytest.mark.parametrize("bad", ["\r\nBcc: x@e.test", "\n", "\0", "\u2028", "\x85", "\x7f"])
def test_header_and_attachment_injection_is_refused_at_its_field(bad: str) -> None:
    """Names and values of headers, and every text of an attachment."""
    assert "/headers/X-A" in refusal({**SMALL, "headers": {"X-A": f"1{bad}"}})
    assert any(pointer.startswith("/headers") for pointer in refusal({**SMALL, "headers": {f"X-A{bad}": "1"}}))
    for field in ("name", "content_type", "content_id"):
        assert f"/attachments/0/{field}" in refusal({**SMALL, "attachments": [{**FILE, field: f"a/b{bad}"}]})


@pytest.mark.parametrize(
    ("attachment", "pointer"),
    [
        ({**FILE, "blob": "x"}, "/attachments/0"),
        ({k: v for k, v in FILE.items() if k != "content"}, "/attachments/0"),
        ({**FILE, "content": "YW Jj"}, "/attachments/0/content"),
        ({**FILE, "content": "YWJ"}, "/attachments/0/content"),
        ({**FILE, "content": "-_-_"}, "/attachments/0/content"),
        ({**FILE, "name": ""}, "/attachments/0/name"),
        ({**FILE, "name": "x" * 256}, "/attachments/0/name"),
        ({**FILE, "name": "../x"}, "/attachments/0/name"),
        ({**FILE, "content_type": "pdf"}, "/attachments/0/content_type"),
        ({**FILE, "content_id": "<a@b>"}, "/attachments/0/content_id"),
        ({**FILE, "content": None, "blob": "../x"}, "/attachments/0/blob"),
        ({**FILE, "size": 3}, "/attachments/0/size"),
        ("a.pdf", "/attachments/0"),
    ],
)
def test_an_attachment_is_checked_field_by_field(attachment: object, pointer: str) -> None:
    """Content or blob, exactly one, and every field in its form."""
    assert set(refusal({**SMALL, "attachments": [attachment]})) == {pointer}


def test_inline_images_have_their_own_ids() -> None:
    """The same content id twice is refused at the second, and too many attachments as a whole."""
    assert set(refusal({**SMALL, "attachments": [{**FILE, "content_id": "a"}] * 2})) == {"/attachments/1/content_id"}
    assert set(refusal({**SMALL, "attachments": [FILE] * (MOST_ATTACHMENTS + 1)})) == {"/attachments"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("priority", "urgent"),
        ("on_unknown", "drop"),
        ("send_at", "2026-11-23T09:00:00"),
        ("expires_at", 5),
        ("id", ""),
        ("id", "x" * 257),
        ("tags", ["x" * 65]),
        ("headers", {"X-A": "1", "x-a": "2"}),
        ("data", []),
        ("subject", "x" * 901),
        ("sender", ""),
    ],
)
def test_fields_with_a_fixed_form_are_refused_outside_it(field: str, value: object) -> None:
    """Each is refused at its own pointer."""
    assert f"/{field}" in {pointer[: len(field) + 1] for pointer in refusal({**SMALL, field: value})}

"""Names and fingerprints."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.envelope import Envelope, envelope_from
from shared.rules.identifiers import content_hash, mail_id, message_id, payload_hash, recipient_ref

SMALL: dict[str, Any] = {"sender": "alerts", "to": ["ops@contoso.test"], "subject": "Disk full", "text": "x"}


def hash_of(**changes: object) -> str:
    """The content hash of the small envelope with changes."""
    return content_hash(envelope_from({**SMALL, **changes}))


def test_the_mail_id_of_a_caller_and_a_key_never_changes() -> None:
    """Computed outside with sha256sum over the length-prefixed parts; mails in storage are found by it."""
    assert mail_id("producer:default", "order-4711") == "67ccd9b879851b6a3dbb0e5289d8e41b"


@given(st.text(), st.text(), st.text(), st.text())
def test_different_pairs_have_different_ids(caller: str, key: str, other_caller: str, other_key: str) -> None:
    """Only the same caller with the same key gets the same id."""
    same = (caller, key) == (other_caller, other_key)
    assert (mail_id(caller, key) == mail_id(other_caller, other_key)) == same


@given(st.text(), st.text(min_size=1), st.text())
def test_moving_letters_between_caller_and_key_changes_the_id(left: str, middle: str, right: str) -> None:
    """Length prefixes keep the border between the parts, and lone surrogates do no harm."""
    assert mail_id(left + middle, right) != mail_id(left, middle + right)
    assert len(mail_id(left, right)) == 32


def test_a_reference_is_hmac_sha_256() -> None:
    """RFC 4231, test case 2, cut to 24 digits."""
    assert recipient_ref(b"Jefe", "what do ya want for nothing?") == "5bdcc146bf60754e6a042426"


@given(st.text(), st.binary(min_size=32, max_size=32))
def test_capitals_and_spaces_do_not_make_another_recipient(address: str, key: bytes) -> None:
    """Whoever asks for an address gets its mails however it was typed; any text has a reference."""
    assert recipient_ref(key, f" {address.strip().casefold()}\n") == recipient_ref(key, address)
    assert len(recipient_ref(key, address)) == 24


def test_another_key_gives_other_references() -> None:
    """Of two accounts nobody can compare recipients."""
    assert recipient_ref(b"a" * 32, "bob@contoso.test") != recipient_ref(b"b" * 32, "bob@contoso.test")


def test_the_payload_hash_is_sha_256() -> None:
    """FIPS 180-4's example."""
    assert payload_hash(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_message_id_holds_the_mail_id() -> None:
    """It stands in angle brackets and ends with the sender's domain."""
    assert (
        message_id("67ccd9b879851b6a3dbb0e5289d8e41b", "contoso.test") == "<67ccd9b879851b6a3dbb0e5289d8e41b@contoso.test>"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"send_at": "2026-11-23T09:00:00Z"}, {"send_at": "2026-11-23T10:00:00.000+01:00"}),
        ({"headers": {"X-A": "1", "X-B": "2"}}, {"headers": {"X-B": "2", "X-A": "1"}}),
        ({"id": "a"}, {"id": "b"}),
        ({"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, {"tracestate": "a=b"}),
        ({"to": ["ops@CONTOSO.test"]}, {"cc": []}),
        ({"priority": "normal"}, {"html": None}),
    ],
)
def test_the_same_content_written_differently_is_the_same(one: dict[str, object], other: dict[str, object]) -> None:
    """Order of keys, offset of a time, case of a domain, defaults, id and trace do not count."""
    assert hash_of(**one) == hash_of(**other)


def test_the_order_of_template_data_does_not_count() -> None:
    """Data is compared by its members."""
    base = {**SMALL, "template": "t", "text": None}
    one = envelope_from({**base, "data": {"a": 1, "b": {"c": [1, 2], "d": None}}})
    other = envelope_from({**base, "data": {"b": {"d": None, "c": [1, 2]}, "a": 1}})
    third = envelope_from({**base, "data": {"b": {"d": None, "c": [2, 1]}, "a": 1}})
    assert content_hash(one) == content_hash(other) != content_hash(third)


CHANGES: list[dict[str, object]] = [
    {},
    {"sender": "reports"},
    {"to": ["b@contoso.test"]},
    {"to": ["ops@contoso.test", "b@contoso.test"]},
    {"cc": ["b@contoso.test"]},
    {"bcc": ["b@contoso.test"]},
    {"reply_to": ["b@contoso.test"]},
    {"subject": "Disk"},
    {"text": "y"},
    {"html": "x"},
    {"headers": {"X-A": "1"}},
    {"headers": {"X-A": "2"}},
    {"tags": ["a"]},
    {"priority": "bulk"},
    {"send_at": "2026-11-23T09:00:00Z"},
    {"expires_at": "2026-11-23T09:00:00Z"},
    {"on_unknown": "hold"},
    {"attachments": [{"name": "a", "content_type": "a/b", "content": "YWJj"}]},
    {"attachments": [{"name": "a", "content_type": "a/b", "content": "YWJk"}]},
    {"attachments": [{"name": "a", "content_type": "a/b", "blob": "YWJj"}]},
]


def test_every_change_of_the_content_changes_the_hash() -> None:
    """Each field counts, and none can stand for another."""
    assert len({hash_of(**change) for change in CHANGES}) == len(CHANGES)


def test_no_field_is_forgotten() -> None:
    """Every field of the envelope either stands in the list of changes or does not count."""
    named = {name for change in CHANGES for name in change}
    assert set(Envelope.__struct_fields__) - named == {"id", "traceparent", "tracestate", "template", "data"}

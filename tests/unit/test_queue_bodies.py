"""What a body on a producer's queue says of itself, and the text under which it goes back."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.orders import decode_body
from shared.rules.problems import Refused
from shared.rules.queue_bodies import claimed_key, claimed_trace, queue_value, with_key

TRACE = f"00-{'1' * 32}-{'2' * 16}-01"


@given(st.binary(max_size=200))
def test_no_body_is_too_strange_to_ask(body: bytes) -> None:
    """Whatever stands on the queue, asking for its key and trace gives an answer."""
    assert claimed_key(body) is None or claimed_key(body)
    assert isinstance(claimed_trace(body), str)


@pytest.mark.parametrize(
    ("body", "key"), [(b'{"id": "k"}', "k"), (b'{"id": 7}', None), (b'{"id": ""}', None), (b"[]", None), (b"", None)]
)
def test_a_sound_id_is_the_key(body: bytes, key: str | None) -> None:
    """Raw and as Base64, and None where no request could ask for it."""
    assert claimed_key(body) == key
    assert claimed_key(base64.b64encode(body)) == key


def test_only_a_readable_trace_is_claimed() -> None:
    """A broken one is left out."""
    assert claimed_trace(json.dumps({"traceparent": TRACE}).encode()) == TRACE
    assert claimed_trace(b'{"traceparent": "00-x"}') == ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_a_body_put_back_has_the_same_values_and_a_key(value: dict[str, object]) -> None:
    """A number stays that number, a text that text: the content is the same."""
    body = json.dumps(value).encode()
    try:
        before = queue_value(body)
    except Refused:
        return  # NUL, or half of a surrogate pair: no such body is put back with a key
    assert isinstance(before, dict)
    expected = before if before.get("id") is not None else {**before, "id": "k"}
    assert queue_value(with_key(body, "k").encode()) == expected


def test_a_large_body_is_put_back_as_xml_can_carry_it() -> None:
    """Base64 would be too long; U+FFFF travels as an escape."""
    value = {"text": "x" * 60_000 + "\uffff"}
    text = with_key(json.dumps(value).encode(), "k")
    assert text.isascii()
    assert json.loads(decode_body(text.encode())) == {**value, "id": "k"}

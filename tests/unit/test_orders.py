"""Messages on the private queue, and bodies of queue messages."""

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.orders import Order, decode, decode_body, encode
from shared.rules.problems import Refused

MAIL = "67ccd9b879851b6a3dbb0e5289d8e41b"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

orders = st.builds(
    Order,
    id=st.text("0123456789abcdef", min_size=32, max_size=32),
    ticket=st.integers(1, 2**53),
    traceparent=st.sampled_from(["", TRACE]),
)


@given(orders)
def test_an_order_comes_back_as_it_was_sent(order: Order) -> None:
    """As the text that we put, as its bytes, and as the raw JSON inside."""
    text = encode(order)
    assert decode(text) == decode(text.encode()) == decode(base64.b64decode(text)) == order


def test_the_message_is_base64_of_exactly_four_fields() -> None:
    """Other versions must be able to read it, so its form is fixed here."""
    text = encode(Order(id=MAIL, ticket=3, traceparent=TRACE))
    assert json.loads(base64.b64decode(text)) == {"v": 1, "id": MAIL, "ticket": 3, "traceparent": TRACE}


@given(st.binary() | st.text())
def test_any_body_is_an_order_or_refused(body: bytes | str) -> None:
    """Nothing but `Refused` is ever raised."""
    with contextlib.suppress(Refused):
        decode(body)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"id": "x"}, "/id"),
        ({"id": MAIL + "\n"}, "/id"),
        ({"ticket": 0}, "/ticket"),
        ({"ticket": "1"}, "/ticket"),
        ({"v": 2}, "/v"),
        ({"payload": {}}, "/payload"),
    ],
)
def test_a_strange_order_is_refused_at_its_field(changes: dict[str, object], pointer: str) -> None:
    """Only we write this queue, and what we did not write is not obeyed."""
    with pytest.raises(Refused) as caught:
        decode(json.dumps({"v": 1, "id": MAIL, "ticket": 1, "traceparent": "", **changes}))
    assert [p.pointer for p in caught.value.problems] == [pointer]


@pytest.mark.parametrize("broken", ["x", None, 5, TRACE.upper()])
def test_a_broken_trace_context_never_fails_an_order(broken: object) -> None:
    """It is left out."""
    assert decode(json.dumps({"id": MAIL, "ticket": 1, "traceparent": broken})).traceparent == ""


@given(st.binary())
def test_base64_of_any_bytes_is_decoded(content: bytes) -> None:
    """What stands in a body's Base64 is given as it is; raw bodies are told by their brace."""
    body = base64.b64encode(b"{" + content)
    assert decode_body(body) == b"{" + content
    assert decode_body(b" \r\n" + body + b"\n") == b"{" + content
    assert decode_body(b"\n {" + content) == b"\n {" + content


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"eyJhIjoxfQ==", b'{"a":1}'), (b"eyJhIjox\r\nfQ==", b'{"a":1}'), (b'{"a":1}', b'{"a":1}'), (b"", b"")],
)
def test_both_forms_of_a_body_are_read(body: bytes, text: bytes) -> None:
    """Base64, also with line breaks, and raw JSON; an empty body is left for the parser to refuse."""
    assert decode_body(body) == text


@pytest.mark.parametrize(
    "body", [b"eyJhIjoxfQ", b"eyJ-_w==", b"hello world!", b"[1]", b'"x"', "ü".encode(), b"\xff\xfe{\x00"]
)
def test_what_is_neither_is_refused(body: bytes) -> None:
    """Missing padding, the URL alphabet, arrays and other encodings get one clear sentence."""
    with pytest.raises(Refused, match="neither a JSON object nor Base64"):
        decode_body(body)

"""Strict JSON."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.json_text import LARGEST_INTEGER, MOST_DEPTH, examine, parse_json
from shared.rules.problems import Refused

LIMIT = 10_000

sound = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner)
    ),
    max_leaves=10,
)


def refusal(body: bytes, limit: int = LIMIT) -> Refused:
    """The refusal that this body gets."""
    with pytest.raises(Refused) as caught:
        parse_json(body, limit=limit)
    return caught.value


@given(
    st.binary()
    | st.text().map(lambda t: t.encode("utf-8", "surrogatepass"))
    | st.text('[]{}",:\\u0d8 1e-tfn').map(str.encode)
)
def test_any_bytes_give_a_value_or_a_refusal(body: bytes) -> None:
    """Nothing but `Refused` is ever raised, whatever the bytes."""
    with contextlib.suppress(Refused):
        parse_json(body, limit=LIMIT)


@given(sound)
def test_sound_json_comes_back_as_it_was(value: object) -> None:
    """What the standard library writes, within our limits, is read unchanged."""
    assert parse_json(json.dumps(value).encode(), limit=10**7) == value


def test_the_size_is_checked_before_anything_else() -> None:
    """A body one byte above the limit is refused as too large, even if it is no JSON; one at the limit is read."""
    assert refusal(b"x" * 11, 10).code == "too-large"
    assert parse_json(b'"12345678"', limit=10) == "12345678"


@pytest.mark.parametrize(
    ("body", "pointer", "word"),
    [
        (b"", "", "empty"),
        (b" \n", "", "empty"),
        (b"\xef\xbb\xbf{}", "", "byte order mark"),
        (b'{"a":"\xff"}', "", "not UTF-8 at byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "", "not UTF-8"),
        (b"{}{}", "", "extra data at line 1, column 3"),
        (b"{'a':1}", "", "not JSON"),
        (b'{"a":1,}', "", "not JSON"),
        (b"[01]", "", "not JSON"),
        (b'["\n"]', "", "control character"),
        (b"// x\n{}", "", "not JSON"),
        (b'{"a":1,"b":2,"a":3}', "/a", "'a' stands more than once"),
        (b'{"data":[{"x":1,"x":1}]}', "/data/0/x", "more than once in data[0]"),
        (b'{"a":NaN}', "/a", "not a finite number"),
        (b'{"a":-Infinity}', "/a", "not a finite number"),
        (b'{"a":1e999}', "/a", "not a finite number"),
        (b'{"a":9007199254740993}', "/a", "2**53"),
        (b'{"a":' + b"9" * 9000 + b"}", "/a", "2**53"),
        (b'{"a":"x\\u0000"}', "/a", "NUL"),
        (b'{"a\\u0000":1}', "", "NUL"),
        (b'{"a":"\\ud800"}', "/a", "surrogate"),
        (b'{"a":"\\udc00\\ud800"}', "/a", "surrogate"),
    ],
)
def test_each_fault_is_named_with_its_place(body: bytes, pointer: str, word: str) -> None:
    """Every kind of fault has its own sentence and the pointer of its place."""
    problem = refusal(body).problems[0]
    assert problem.pointer == pointer
    assert word in problem.message


def test_a_surrogate_pair_is_one_character() -> None:
    """Two escaped halves that belong together are fine (RFC 8259 section 7 gives this clef)."""
    assert parse_json(b'"\\uD834\\uDD1E"', limit=LIMIT) == "\U0001d11e"


def test_the_largest_exact_integer_is_accepted() -> None:
    """2**53 and its negative are read exactly."""
    assert parse_json(b"[9007199254740992,-9007199254740992]", limit=LIMIT) == [2**53, -(2**53)]


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_depth_is_bounded_however_deep_the_body_is(opening: bytes) -> None:
    """The deepest allowed nesting is read, one level more is refused, and so is one that exhausts the parser's stack."""
    closing = b"]" if opening == b"[" else b"}"
    assert parse_json(opening * MOST_DEPTH + b"1" + closing * MOST_DEPTH, limit=LIMIT)
    assert "deeper" in refusal(opening * (MOST_DEPTH + 1) + b"1" + closing * (MOST_DEPTH + 1)).problems[0].message
    assert "deeper" in refusal(opening * 100_000, 10**6).problems[0].message


def test_every_fault_is_reported_at_once() -> None:
    """Three faults give three problems."""
    problems = refusal(b'{"a":NaN,"b":"\\u0000","c":{"d":1,"d":1}}').problems
    assert [p.pointer for p in problems] == ["/a", "/b", "/c/d"]


def test_no_value_is_repeated() -> None:
    """A refusal never holds the text that it refuses."""
    for body in (
        b'{"password":"hunter2\\u0000"}',
        b"hunter2",
        b'{"a":"hunter2",}',
        b'{"bob@hunter2.test":1,"bob@hunter2.test":2}',
    ):
        refused = refusal(body)
        assert "hunter2" not in str(refused)
        assert refused.__cause__ is None


@given(sound)
def test_what_was_parsed_passes_examination(value: object) -> None:
    """Values that come from elsewhere are held to the same rules as parsed ones."""
    examine(value)


def test_values_from_elsewhere_are_examined_below_their_pointer() -> None:
    """A fault in an array's item is reported with the array's place."""
    with pytest.raises(Refused) as caught:
        examine({"data": {"x": float("nan"), 1: 2}}, "/3")
    assert [p.pointer for p in caught.value.problems] == ["/3/data/x", "/3/data"]

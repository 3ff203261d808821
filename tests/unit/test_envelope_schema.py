"""The published schema of the envelope: what the reader takes the schema takes, and back as far as a schema can say it."""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, get_args, get_origin

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.operator_questions import FindQuestion, ListQuestion
from shared.redrive import BulkOrder
from shared.rules import field_rules as rules
from shared.rules.addresses import check_address
from shared.rules.conversion import Check, Read
from shared.rules.envelope import Attachment, Envelope, envelope_from
from shared.rules.envelope_schema import EXAMPLES, MEANINGS, envelope_schema
from shared.rules.problems import Refused
from shared.rules.schema_marks import BASE64, SAYS
from shared.steer import Order
from shared.stop_button import PauseOrder, ResumeOrder

READ = (Envelope, Attachment, Order, BulkOrder, PauseOrder, ResumeOrder, FindQuestion, ListQuestion)
"""Every struct by which a request's body or query is read."""

SCHEMA = jsonschema_rs.validator_for(envelope_schema())

LOOSER = {check_address, rules.subject, rules.header_value, rules.moment}
"""Rules that refuse more than a schema can say: what an address is, bytes instead of characters, dates that are none."""

LONGEST = 255
"""Characters of the texts that are compared in both directions: longer ones are refused by the fields' own limits."""

ODD = "\x00\t\n\r \x1b\x7f\x85\xa0\u1680\u2003\u2028\u2029\u202d\u202e\u2066\u2069\u3000\ufeffé字😀/\\.@\"';=+_-aZ0"
"""Characters at which some rule makes a difference."""

NEAR = [
    *("a@b.test", "ops@münchen.test", "ops@contoso.test\n", "a b@c.test", "@", "x@y", "order 4711", "a", "~" * 257),
    *(
        "X-Ticket",
        "x-ms-a",
        "X-MS",
        "X-Microsoft-",
        "X-FOREFRONT-1",
        "X-Auto-Response-Suppress",
        "X-Auto-Response-Suppressed",
    ),
    *(
        "application/pdf",
        "text/plain; charset=utf-8",
        'a/b;c="d e"',
        "multipart/mixed",
        "Message/rfc822",
        "messages/x",
        "a/b ",
    ),
    *("a.pdf", ".", " . ", "a/b", "../a", "a/..", "a/ ./b", "a//b", "cid@host", "a@"),
    *("github-event", "-a", "a-", "a_b", "A", "2026-11-23T09:00:00Z", "2026-11-23 09:00+01:00", "2026-11-31T09:00:00Z"),
    *("٢026-11-23T09:00:00Z", "2026-11-23T09:00", "2026-11-23t09:00:00.123456789z", "YWJj", "YWI=", "YQ==", "YQ", "Y Q="),
    *(f"{before}{odd}{after}" for odd in ODD for before, after in (("", "b"), ("a.", "pdf"), ("x", ""))),
]
TEXTS = st.sampled_from(NEAR) | st.text(ODD, max_size=12) | st.text(max_size=12)


def takes(function: Callable[[Any], Any], text: object) -> bool:
    """Whether a rule takes the value."""
    try:
        function(text)
    except ValueError:
        return False
    return True


def base64_text(text: str) -> bytes:
    """As the reader decodes it; raises `ValueError`."""
    return msgspec.convert(text, bytes)


def marks(hint: Any) -> Iterator[Check | Read]:  # noqa: ANN401 - an annotation
    """Every mark in an annotation."""
    if get_origin(hint) is Annotated:
        yield from (mark for mark in hint.__metadata__ if isinstance(mark, Check | Read))
        yield from marks(hint.__origin__)
    for inner in get_args(hint):
        yield from marks(inner)


def said(function: Callable[..., Any]) -> jsonschema_rs.Draft202012Validator:
    """The words of one rule as a schema."""
    return jsonschema_rs.Draft202012Validator(dict(SAYS[function]))


@pytest.mark.parametrize("struct", READ, ids=lambda one: one.__name__)
def test_every_mark_of_a_reading_struct_has_its_words(struct: type[msgspec.Struct]) -> None:
    """A rule that is new to a field must be said in the schema, or be listed as one that cannot be said.

    The number of mails that an operator asks for is read by a rule of its own.
    """
    found = {mark.function for field in msgspec.structs.fields(struct) for mark in marks(field.type)}
    assert {function.__name__ for function in found - SAYS.keys()} <= {"_limit"}


@pytest.mark.parametrize("struct", [Envelope, Attachment])
def test_every_field_has_a_meaning_and_no_other(struct: type[msgspec.Struct]) -> None:
    """What is published says what each field is for."""
    assert set(MEANINGS[struct.__name__]) == {"", *struct.__struct_fields__}


@pytest.mark.parametrize("function", [one for one in SAYS if SAYS[one]], ids=lambda one: one.__name__)
def test_a_rules_words_and_the_rule_agree_on_odd_texts(function: Callable[[Any], Any]) -> None:
    """Each odd character at the beginning, inside and at the end of a sound text, and what nearly has some form."""
    judge = said(function)
    for text in NEAR:
        agreed(function, judge, text)


@pytest.mark.parametrize("function", [one for one in SAYS if SAYS[one]], ids=lambda one: one.__name__)
@given(text=TEXTS)
def test_a_rules_words_refuse_nothing_that_the_rule_takes(function: Callable[[Any], Any], text: str) -> None:
    """And take nothing that it refuses, where a schema can say the rule."""
    agreed(function, said(function), text)


def agreed(function: Callable[[Any], Any], judge: jsonschema_rs.Draft202012Validator, text: str) -> None:
    """What the rule takes is valid; what it refuses is not, unless the schema is known to be looser."""
    if takes(function, text):
        assert judge.is_valid(text), ascii(text)
    elif function not in LOOSER and len(text) <= LONGEST:
        assert not judge.is_valid(text), ascii(text)


@given(text=TEXTS | st.binary(max_size=9).map(lambda raw: raw.hex()))
def test_base64_is_what_the_reader_decodes(text: str) -> None:
    """Padding and alphabet, exactly."""
    assert jsonschema_rs.Draft202012Validator(BASE64).is_valid(text) == takes(base64_text, text)


def test_python_reads_the_patterns_as_other_languages_do() -> None:
    """The same to Python's `re` as to Rust's, but for a line break at the end, of which Python's `$` takes no notice."""
    for words in SAYS.values():
        for text in (text for text in NEAR if "pattern" in words and not text.endswith("\n")):
            there = jsonschema_rs.Draft202012Validator({"pattern": words["pattern"]}).is_valid(text)
            assert (re.search(words["pattern"], text) is not None) == there, ascii(text)


def fields(struct: type[msgspec.Struct]) -> "st.SearchStrategy[dict[str, Any]]":
    """Objects with some of this struct's fields, sound ones and others."""
    names = st.sampled_from(struct.__struct_fields__)
    simple = TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    deeper = st.lists(simple, max_size=3) | st.dictionaries(TEXTS, simple, max_size=2)
    return st.dictionaries(names, simple | deeper, max_size=4)


ATTACHMENTS = st.builds(
    lambda base, change: {**base, **change},
    st.sampled_from(EXAMPLES["with attachments"]["attachments"]),
    fields(Attachment),
)
CHANGES = fields(Envelope) | st.fixed_dictionaries({"attachments": st.lists(ATTACHMENTS, max_size=2)})
ENVELOPES = st.builds(
    lambda base, change, less: {name: value for name, value in {**base, **change}.items() if name not in less},
    st.sampled_from(list(EXAMPLES.values())),
    CHANGES,
    st.sets(st.sampled_from(Envelope.__struct_fields__), max_size=1),
)


@settings(max_examples=400)
@given(value=ENVELOPES)
def test_an_envelope_that_is_accepted_is_valid(value: dict[str, Any]) -> None:
    """Whatever else stands in it: whoever checks by the schema first is never kept from sending a sound mail."""
    try:
        envelope_from(value)
    except Refused:
        return
    SCHEMA.validate(value)


@pytest.mark.parametrize("name", EXAMPLES)
def test_null_is_the_same_as_nothing(name: str) -> None:
    """For the schema as for the reader."""
    unset = dict.fromkeys(field.encode_name for field in msgspec.structs.fields(Envelope) if not field.required)
    value = {**unset, **EXAMPLES[name]}
    assert envelope_from(value) == envelope_from(EXAMPLES[name])
    assert SCHEMA.is_valid(value)


@pytest.mark.parametrize("broken", ["garbage", 5, ["x"], {"a": 1}])
def test_a_broken_trace_context_is_valid(broken: object) -> None:
    """It is left out and never fails a mail, so it must not fail a check before it either."""
    assert SCHEMA.is_valid({**EXAMPLES["a text"], "traceparent": broken, "tracestate": broken})


@pytest.mark.parametrize(
    "change",
    [
        {"to": ["a@contoso.test"] * 300, "cc": ["b@contoso.test"] * 201},
        {"subject": "é" * 451},
        {"headers": {"X-A": "1", "x-a": "2"}},
        {"send_at": "2026-11-23T09:00:00Z", "expires_at": "2026-11-23T09:00:00Z"},
        {"send_at": "2026-02-30T09:00:00Z"},
        {"to": ["a..b@contoso.test"]},
    ],
    ids="-".join,
)
def test_what_the_schema_cannot_say_is_known(change: dict[str, Any]) -> None:
    """The list in the module's docstring: refused by the reader, and valid all the same."""
    value = {**EXAMPLES["a text"], **change}
    with pytest.raises(Refused):
        envelope_from(value)
    assert SCHEMA.is_valid(value)

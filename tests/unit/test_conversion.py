"""Conversion with every fault."""

import contextlib
import tomllib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from shared.rules.conversion import Check, Read, convert, sound_fields
from shared.rules.problems import Faults, Refused


class Colour(StrEnum):
    """A fixed set of values."""

    RED = "red"
    BLUE = "blue"


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("is odd; make it even")
    return number


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something nested."""

    name: Annotated[str, Meta(min_length=1, max_length=5)]
    content: bytes | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every kind of field that we use."""

    sender: str
    count: Annotated[int, Meta(ge=1, le=10), Check(_even)] = 2
    ratio: float = 0.5
    on: bool = False
    colour: Colour = Colour.RED
    size: Literal["small", "large"] = "small"
    items: Annotated[tuple[Item, ...], Meta(max_length=2)] = ()
    limits: Annotated[dict[str, int], Meta(max_length=3)] = msgspec.field(default_factory=dict)
    at: Annotated[datetime, Meta(tz=True)] | None = None
    either: int | str = 0
    lenient: Annotated[str | None, Read(lambda v: v if v == "good" else None)] = None
    anything: dict[str, Any] | None = None


def problems(value: object, pointer: str = "") -> dict[str, str]:
    """Message by pointer of the refusal that `value` gets."""
    with pytest.raises(Refused) as caught:
        convert(value, Table, pointer=pointer)
    return {p.pointer: p.message for p in caught.value.problems}


def test_a_sound_value_becomes_the_struct() -> None:
    """Every field arrives converted, the others have their defaults."""
    table = convert(
        {
            "sender": "alerts",
            "count": 4,
            "colour": "blue",
            "items": [{"name": "a", "content": "YWJj"}],
            "limits": {"x": 1},
            "at": "2026-11-23T09:00:00Z",
            "either": "text",
            "lenient": ["bad"],
        },
        Table,
    )
    assert table == Table(
        sender="alerts",
        count=4,
        colour=Colour.BLUE,
        items=(Item(name="a", content=b"abc"),),
        limits={"x": 1},
        at=datetime(2026, 11, 23, 9, tzinfo=UTC),
        either="text",
    )


def test_every_fault_is_found_at_once_with_its_place_and_its_cure() -> None:
    """Wrong types, unknown, missing and nested faults come in one refusal, each at its own pointer."""
    found = problems(
        {
            "sendr": "alerts",
            "count": 3,
            "ratio": "x",
            "on": 1,
            "colour": "green",
            "size": 5,
            "items": [{"name": ""}, {"nam": "a", "content": "?"}],
            "limits": {"x": "y", "z": True},
            "at": "tomorrow",
            "either": [],
        },
        "/table",
    )
    assert found == {
        "/table/sendr": "'sendr' is not a known field of table; did you mean 'sender'?",
        "/table/sender": "table.sender is missing; it is required",
        "/table/count": "table.count is odd; make it even",
        "/table/ratio": "table.ratio has to be a number, not text",
        "/table/on": "table.on has to be true or false, not a number",
        "/table/colour": "table.colour has to be one of: red, blue",
        "/table/size": "table.size has to be one of: small, large",
        "/table/items/0/name": "table.items[0].name may not be empty",
        "/table/items/1/nam": "'nam' is not a known field of table.items[1]; did you mean 'name'?",
        "/table/items/1/name": "table.items[1].name is missing; it is required",
        "/table/items/1/content": "table.items[1].content is not valid Base64 "
        "(RFC 4648 section 4, with padding and without line breaks)",
        "/table/limits/x": "table.limits.x has to be a whole number, not text",
        "/table/limits/z": "table.limits.z has to be a whole number, not true or false",
        "/table/at": "table.at has to be a time with date and offset, such as 2026-11-23T09:00:00Z",
        "/table/either": "table.either has to be a whole number or text, not an array",
    }


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sender", None, "sender has to be text, not null"),
        ("count", 12, "count has to be at most 10"),
        ("count", 0, "count has to be at least 1"),
        ("count", 2.0, "count has to be a whole number, not a number"),
        ("items", {}, "items has to be an array, not an object"),
        ("items", [{}, {}, {}], "items has to have at most 2 entries"),
        ("items", ["x"], "items[0] has to be an object, not text"),
        ("limits", [], "limits has to be an object, not an array"),
        ("limits", {"a": 1, "b": 1, "c": 1, "d": 1}, "limits has to have at most 3 fields"),
        ("at", "2026-11-23T09:00:00", "at has to be a time with date and offset, such as 2026-11-23T09:00:00Z"),
    ],
)
def test_limits_are_explained_in_plain_words(field: str, value: object, message: str) -> None:
    """Each limit has a sentence that says what is allowed."""
    assert message in problems({"sender": "a", field: value}).values()


def test_items_without_names_give_a_problem_each() -> None:
    """A missing field is reported for every entry that lacks it."""
    assert set(problems({"sender": "a", "items": [{}, {}]})) == {"/items/0/name", "/items/1/name"}


@pytest.mark.parametrize("value", [None, 1, "x", [], [{}]])
def test_what_is_no_object_is_refused_as_a_whole(value: object) -> None:
    """The whole input is named where it has the wrong shape."""
    assert "has to be an object" in problems(value)[""]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(Table.__struct_fields__), inner),
)


@given(plain | st.dictionaries(st.sampled_from(Table.__struct_fields__), plain))
def test_any_value_is_converted_or_refused(value: object) -> None:
    """Nothing but `Refused` is ever raised, and it always names something."""
    try:
        assert isinstance(convert(value, Table), Table)
    except Refused as refused:
        assert refused.problems  # noqa: PT017 - both ways out are right


@given(st.text(st.characters(categories=["L"]), min_size=6))
def test_no_value_is_repeated(secret: str) -> None:
    """Whatever stands in a field, the refusal does not hold it."""
    values = {name: f"§{secret}§" for name in Table.__struct_fields__ if name not in ("sender", "either", "lenient")}
    assert all("§" not in message for message in problems({**values, "sender": 1}).values())


def test_agreement_with_msgspec_on_what_is_sound() -> None:
    """A struct without markers accepts exactly what msgspec accepts."""

    @given(plain | st.fixed_dictionaries({"name": plain | st.text(max_size=7)}, optional={"content": plain}))
    def agree(value: object) -> None:
        ours, theirs = Refused([]), Refused([])
        one: object = ours
        other: object = theirs
        with contextlib.suppress(Refused):
            one = convert(value, Item)
        with contextlib.suppress(msgspec.ValidationError):
            other = msgspec.convert(value, Item)
        assert (one is ours) == (other is theirs)
        assert one is ours or one == other

    agree()


def test_a_toml_table_is_read_like_json() -> None:
    """Values of tomllib, times included, convert below the pointer of their table."""
    table = tomllib.loads('[senders.alerts]\nsender = "alerts"\nat = 2026-11-23T09:00:00Z\nlimits = {x = 1}')
    assert convert(table["senders"]["alerts"], Table).at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    wrong = tomllib.loads('sender = 1979-05-27\nlimits = "x"')
    assert problems(wrong, "/senders/alerts") == {
        "/senders/alerts/sender": "senders.alerts.sender has to be text, not a time",
        "/senders/alerts/limits": "senders.alerts.limits has to be an object, not text",
    }


def test_other_types_than_structs_convert_too() -> None:
    """An array of structs has a pointer for each entry."""
    with pytest.raises(Refused) as caught:
        convert([{"name": "a"}, {"name": 5}], list[Item])
    assert [p.pointer for p in caught.value.problems] == ["/1/name"]


def test_sound_fields_are_given_although_others_are_not() -> None:
    """Rules between fields can still look at those that are sound."""
    faults = Faults()
    assert sound_fields({"name": "a", "content": 1}, Item, pointer="", faults=faults) == {"name": "a"}
    assert [p.pointer for p in faults.problems] == ["/content"]


def test_a_hostile_object_costs_a_bounded_answer() -> None:
    """A hundred thousand unknown names are counted, not listed."""
    assert len(problems({"sender": "a", **{f"x{n}": n for n in range(100_000)}})) < 60

"""Which events count, and who gets the mail."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.config import Condition, RecipientMap, Scalar
from shared.rules.event_conditions import LONGEST_PATH, MISSING, MOST_STEPS, check_path, matches, recipients, value_at

EVENT: dict[str, Any] = {
    "action": "opened",
    "number": 1,
    "draft": True,
    "ratio": 1.0,
    "nothing": None,
    "0": "a name",
    "repository": {"full_name": "octo/site"},
    "labels": [{"name": "bug"}, {"name": "urgent"}],
    "teams": ["red", "blue", "red", 7, None, "stranger"],
}
OWNERS = RecipientMap("teams", {"red": "red@contoso.test", "blue": "blue@contoso.test", "crimson": "RED@contoso.test"})

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "0", "b.c", ""]), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("action", "opened"),
        ("repository.full_name", "octo/site"),
        ("labels.1.name", "urgent"),
        ("teams.0", "red"),
        ("0", "a name"),
        ("nothing", None),
        ("labels", [{"name": "bug"}, {"name": "urgent"}]),
    ],
)
def test_a_path_names_a_field(path: str, value: object) -> None:
    """Names go down into objects, numbers into arrays; null is a value."""
    assert value_at(EVENT, path) == value


@pytest.mark.parametrize(
    "path",
    [
        *(
            "other",
            "action.length",
            "nothing.x",
            "labels.2",
            "labels.-1",
            "labels.01",
            "labels.name",
            "labels.\u0661",
            "number.0",
        ),
        *("", ".", "..", "action.", "labels." + "9" * 5000, "repository.full_name.0", "teams.0.0"),
    ],
)
def test_a_path_to_nothing_gives_missing(path: str) -> None:
    """No attribute, no negative place, no second spelling of a place, no character of a text."""
    assert value_at(EVENT, path) is MISSING


@given(event=st.dictionaries(st.sampled_from(["a", "0", "b.c", ""]), _JSON), path=st.text("ab.0c-", max_size=12))
def test_looking_never_fails(event: dict[str, Any], path: str) -> None:
    """Whatever the event and the path are, there is a value, or MISSING, and no condition raises."""
    value_at(event, path)
    assert matches([Condition(path, starts_with="x")], event) in {True, False}
    recipients(RecipientMap(path, {"a": "a@contoso.test"}), event)


@pytest.mark.parametrize(
    ("field", "values", "holds"),
    [
        ("action", ("opened",), True),
        ("action", ("closed", "opened"), True),
        ("action", ("Opened",), False),
        ("action", ("open",), False),
        ("number", (1,), True),
        ("number", ("1",), False),
        ("number", (True,), False),
        ("draft", (True,), True),
        ("draft", (1,), False),
        ("draft", ("true",), False),
        ("ratio", (1,), False),
        ("nothing", ("",), False),
        ("nothing", (0, False), False),
        ("other", ("", 0, False), False),
        ("labels", ("bug",), False),
        ("action", (), False),
    ],
)
def test_values_are_equal_in_type_and_value(field: str, values: tuple[Scalar, ...], holds: bool) -> None:  # noqa: FBT001 - a table's column
    """What looks alike is not the same, and nothing equals what is not there."""
    assert matches([Condition(field, values)], EVENT) is holds


@pytest.mark.parametrize(
    ("field", "start", "holds"),
    [
        ("action", "open", True),
        ("action", "opened", True),
        ("action", "Open", False),
        ("action", "opened!", False),
        ("number", "1", False),
        ("nothing", "", False),
        ("other", "", False),
        ("teams", "red", False),
    ],
)
def test_only_texts_begin_with_something(field: str, start: str, holds: bool) -> None:  # noqa: FBT001 - a table's column
    """Numbers, arrays and missing fields have no beginning."""
    assert matches([Condition(field, starts_with=start)], EVENT) is holds


def test_all_conditions_have_to_hold() -> None:
    """AND; and without conditions every event counts."""
    opened, other = Condition("action", ("opened",)), Condition("number", (2,))
    assert matches([opened], EVENT)
    assert not matches([opened, other], EVENT)
    assert matches([], EVENT)


def test_comparing_as_python_does_would_let_other_events_through() -> None:
    """The defence, once without it: plain equality takes true for 1."""

    def loose(conditions: Sequence[Condition], event: Mapping[str, Any]) -> bool:
        return all(value_at(event, condition.field) in condition.values for condition in conditions)

    only_the_first = [Condition("number", (1,))]
    assert loose(only_the_first, {"number": True})
    assert not matches(only_the_first, {"number": True})


def test_a_map_gives_its_own_addresses() -> None:
    """For a text the one entry; for an array those of its texts, in its order, each address once."""
    by_action = RecipientMap("action", {"opened": "ops@contoso.test"})
    assert recipients(by_action, EVENT) == ("ops@contoso.test",)
    assert recipients(OWNERS, EVENT) == ("red@contoso.test", "blue@contoso.test")
    assert recipients(OWNERS, {"teams": ["crimson", "red"]}) == ("RED@contoso.test",)


@pytest.mark.parametrize(
    "teams", ["evil@evil.test", "Red", "red ", "", ["evil@evil.test"], [["red"]], {"red": "red"}, 7, None, True]
)
def test_an_event_cannot_name_anybody_else(teams: object) -> None:
    """Neither an address nor another spelling of a key is written to."""
    assert recipients(OWNERS, {"teams": teams}) == ()
    assert recipients(OWNERS, {}) == ()


def test_a_map_that_falls_back_to_the_event_would_be_an_open_relay() -> None:
    """The defence, once without it: an entry that is missing becomes the event's own text."""

    def trusting(mapping: RecipientMap, event: Mapping[str, Any]) -> tuple[str, ...]:
        found = value_at(event, mapping.field)
        return (mapping.map.get(str(found), str(found)),)

    attack = {"teams": "victim@elsewhere.test"}
    assert trusting(OWNERS, attack) == ("victim@elsewhere.test",)
    assert recipients(OWNERS, attack) == ()


@pytest.mark.parametrize("path", ["action", "labels.0.name", "a b", "überschrift.0", "x-y_z", ".".join("a" * MOST_STEPS)])
def test_sound_paths_are_let_through(path: str) -> None:
    """Any name without a dot may be a step."""
    check_path(path)


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("", "is empty"),
        (".", "empty step"),
        ("a..b", "empty step"),
        (".a", "empty step"),
        ("a.", "empty step"),
        ("a" * (LONGEST_PATH + 1), f"longer than {LONGEST_PATH}"),
        (".".join("a" * (MOST_STEPS + 1)), f"more than {MOST_STEPS} steps"),
        ("a. b", "a space at the end"),
        (" a", "a space at the end"),
        ("a\n", "cannot be seen"),
        ("a\u200bb", "cannot be seen"),
    ],
)
def test_a_malformed_path_is_refused_with_a_cure(path: str, cause: str) -> None:
    """The text says what is wrong and what to write, and does not repeat the path."""
    with pytest.raises(ValueError, match=cause) as caught:
        check_path(path)
    assert ";" in str(caught.value)
    assert len(path) < 5 or path not in str(caught.value)

"""What templates may do with JSON of any shape."""

import pytest

from shared.rules.template_filters import (
    MAX_DEPTH,
    MAX_NAME,
    MAX_ROWS,
    MAX_VALUE,
    NOTHING,
    as_text,
    first_of,
    lines,
    moment,
    rows,
    shorten,
    web_address,
    without,
)


def table(value: object) -> dict[str, str]:
    """Rows as a mapping."""
    return {row["name"]: row["value"] for row in rows(value)}


def test_an_object_becomes_a_flat_table() -> None:
    """Names are paths, plain arrays are one row, emptiness is shown as such."""
    value: object = {"a": {"b": [1, 2.5, "x"], "c": [{"d": True}, [None]]}, "e": None, "f": {}, "g": [], "h": ""}
    assert table(value) == {
        "a.b": "1, 2.5, x",
        "a.c[0].d": "true",
        "a.c[1]": NOTHING,
        "e": NOTHING,
        "f": NOTHING,
        "g": NOTHING,
        "h": NOTHING,
    }


@pytest.mark.parametrize(("value", "text"), [("x", "x"), (7, "7"), (False, "false"), (None, NOTHING), ([1, 2], "1, 2")])
def test_a_plain_value_is_one_row(value: object, text: str) -> None:
    """It has no name of its own."""
    assert table(value) == {"value": text}


def test_a_table_has_an_end() -> None:
    """What is too much is counted, not shown."""
    found = rows({f"k{n}": n for n in range(MAX_ROWS + 7)})
    assert len(found) == MAX_ROWS + 1
    assert found[-1]["value"] == "7 more not shown"


def test_names_values_and_depth_have_an_end() -> None:
    """A key or value of a megabyte, or a hundred levels, do not make a mail of that size."""
    ((name, text),) = table({"k" * 1000: "v" * 10_000}).items()
    assert (len(name), len(text)) == (MAX_NAME, MAX_VALUE)
    deep: object = "end"
    for _ in range(100):
        deep = {"a": deep}
    ((name, text),) = table(deep).items()
    assert name == ".".join("a" * MAX_DEPTH)
    assert text.startswith('{"a": ')


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-11-23T07:12:44Z", "2026-11-23 07:12 UTC"),
        ("2026-11-23T07:12:44.123+01:00", "2026-11-23 07:12 +0100"),
        ("2026-11-23T07:12", "2026-11-23 07:12"),
        (1_763_800_000, "2025-11-22 08:26 UTC"),
        (1_763_800_000.9, "2025-11-22 08:26 UTC"),
        (1e300, "1e+300"),
        ("yesterday", "yesterday"),
        (None, ""),
        (True, "true"),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_a_moment_is_readable_or_left_alone(value: object, text: str) -> None:
    """ISO 8601 and epoch seconds in one form, without the reader's locale."""
    assert moment(value) == text


@pytest.mark.parametrize(
    "value", ["https://contoso.test/a?b=1#c", "HTTP://contoso.test", "https://[::1]:8080/x", "http://10.0.0.1"]
)
def test_an_address_of_the_web_may_be_linked(value: str) -> None:
    """http and https, with a host."""
    assert web_address(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)",
        "java\nscript:x",
        "https://",
        "https:///x",
        "https://x y",
        "//contoso.test",
        "mailto:a@b.test",
        "https://a\u2028b",
        "",
        None,
        7,
        ["https://x"],
        "https://" + "x" * 3000,
    ],
)
def test_nothing_else_may_be_linked(value: object) -> None:
    """Everything else is text at most."""
    assert web_address(value) == ""


def test_the_first_of_some_keys() -> None:
    """The first that holds something; '' where none does or where there are no keys at all."""
    assert first_of({"a": "", "b": None, "c": 0}, "a", "b", "c") == 0
    assert first_of({"a": 1}, "x") == ""
    assert first_of("text", "x") == ""


def test_an_object_without_some_keys() -> None:
    """Other values stay as they are."""
    assert without({"a": 1, "b": 2}, "a") == {"b": 2}
    assert without([1], "a") == [1]


def test_lines_and_lengths() -> None:
    """A text by lines, and a text cut with an ellipsis."""
    assert lines("a\nb\r\nc") == ["a", "b", "c"]
    assert lines(None) == []
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("see https://contoso.com now", 22, "see…"),
        ("see https://contoso.com now", 24, "see https://contoso.com…"),
        ("https://contoso.com/a/long/path", 26, "https://contoso.com/a/lon…"),
        ("contoso.com", 10, "…"),
        ("one two.three", 6, "one t…"),
        ("          x", 5, "…"),
    ],
)
def test_a_host_is_left_out_rather_than_cut(text: str, limit: int, shown: str) -> None:
    """`contoso.co` is somebody else."""
    assert shorten(text, limit) == shown
    assert as_text(None) == ""

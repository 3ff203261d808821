"""What the attributes of a CloudEvent may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.cloudevents import cloud_events
from shared.rules.cloudevents_values import attribute, attribute_name, canonical
from shared.rules.problems import Refused
from tests.unit.event_senders import ENVELOPE, structured


def cause(name: str, value: object) -> str:
    """Why this attribute cannot have this value, in words."""
    with pytest.raises(ValueError, match="; ") as caught:
        attribute(name, value)
    return str(caught.value)


def read(**changes: object) -> dict[str, object]:
    """The event's data, once the example's envelope is changed."""
    (event,) = cloud_events(structured({**ENVELOPE, **changes}), binary=False)
    return event.data


@pytest.mark.parametrize("name", ["a", "0", "comexampleextension1", "x" * 21])
def test_names_are_lower_case_letters_and_digits(name: str) -> None:
    """Twenty characters are only recommended."""
    attribute_name(name)
    assert read(**{name: "x"})[name] == "x"


@pytest.mark.parametrize("name", ["", "A", "aB", "a-b", "a_b", "a.b", "ü", "٣", "a\n", " a", "data"])
def test_other_names_are_refused(name: str) -> None:
    """`data` is reserved; spec.md, "Naming Conventions"."""
    with pytest.raises(ValueError, match="not an attribute's name"):
        attribute_name(name)
    if name != "data":
        with pytest.raises(Refused, match="not an attribute's name"):
            read(**{name: "x"})


@pytest.mark.parametrize("value", ["", "x", "ü€😀", True, False, 0, 2**31 - 1, -(2**31), "\ufffd"])
def test_an_extension_is_text_a_boolean_or_a_32_bit_integer(value: object) -> None:
    """spec.md, "Type System"; an empty text is a text."""
    assert read(ext=value)["ext"] == value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        *(
            (2**31, "32 bits"),
            (-(2**31) - 1, "32 bits"),
            (1.0, "neither"),
            (1.5, "neither"),
            ([], "neither"),
            ({}, "neither"),
        ),
        *(("a\nb", "control"), ("\x1f", "control"), ("\x7f", "control"), ("\x85", "control"), ("\x9f", "control")),
        *(("\ud800", "control"), ("\ufdd0", "control"), ("\uffff", "control"), ("\U0010fffe", "control")),
    ],
)
def test_an_extension_is_nothing_else(value: object, why: str) -> None:
    """Controls, halves of surrogate pairs and noncharacters are no text."""
    assert why in cause("ext", value)


def test_the_version_is_one() -> None:
    """Neither an older one nor another spelling, nor a number."""
    attribute("specversion", "1.0")
    for other in ("0.3", "1", "1.0.2", "1.0 ", "", 1.0, None):
        assert cause("specversion", other)


@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "dataschema"])
def test_a_named_text_is_not_empty(name: str) -> None:
    """Any other text is fine, also one that is no URI: Event Grid's pages show "#" as the schema."""
    for good in ("#", " ", "a b", "ü", "/subscriptions/x/resourceGroups/Übung"):
        attribute(name, good)
    for bad in ("", None, 1, True, ["x"], "a\0", "\ud800"):
        assert cause(name, bad)


@pytest.mark.parametrize(
    "text",
    [
        *("1985-04-12T23:20:50.52Z", "1996-12-19T16:39:57-08:00", "1990-12-31T23:59:60Z", "1990-12-31T15:59:60-08:00"),
        *(
            "1937-01-01T12:00:27.87+00:20",
            "2018-04-05t17:31:00z",
            "2024-02-29T00:00:00-00:00",
            "2019-11-18T15:13:39.4589254Z",
        ),
    ],
)
def test_times_of_rfc_3339_are_read(text: str) -> None:
    """The examples of its section 5.8, lower case, a leap day, and Event Grid's seven decimals."""
    assert read(time=text)["time"] == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "noon",
            "2018-04-05",
            "2018-04-05T17:31:00",
            "2018-04-05 17:31:00Z",
            "2018-04-05T17:31Z",
            "2018-04-05T24:00:00Z",
        ),
        *("2018-02-29T00:00:00Z", "2018-13-01T00:00:00Z", "2018-00-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        *("2018-04-05T17:60:00Z", "2018-04-05T17:31:61Z", "2018-04-05T17:31:60Z", "1990-12-31T23:59:60+01:00"),
        *("2018-04-05T17:31:00+0000", "2018-04-05T17:31:00+24:00", "2018-04-05T17:31:00+01:60", "2018-04-05T17:31:00.Z"),
        *("٢٠١٨-04-05T17:31:00Z", "2018-04-05T17:31:00Z\n", "2018-95T17:31:00Z", "1522949460"),
    ],
)
def test_other_times_are_refused(text: str) -> None:
    """Without an offset, with a second that never was, in other digits."""
    assert cause("time", text)


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        *(("application/json", True), ("TEXT/Plain; CharSet=utf-8", True), ("application/vnd.a+json;x", True)),
        *(("json", False), ("a/", False), ("/b", False), ("a b/c", False), ("a/b c", False), ("ü/b", False), ("", False)),
    ],
)
def test_a_content_type_is_a_media_type(text: str, ok: bool) -> None:  # noqa: FBT001 - pytest names what it passes
    """RFC 2045 section 5.1."""
    if ok:
        attribute("datacontenttype", text)
    else:
        assert cause("datacontenttype", text)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], max_codepoint=0xFDCF), min_size=1))
def test_any_text_without_controls_is_a_subject(text: str) -> None:
    """Read as it was written."""
    assert read(subject=text)["subject"] == text


def test_values_have_one_canonical_string() -> None:
    """What a header would say; spec.md, "Type System"."""
    assert [canonical(value) for value in (True, False, 5, -5, "5", "true")] == ["true", "false", "5", "-5", "5", "true"]

"""Problems, their collection, and the pointers to them."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.problems import MOST_PROBLEMS, Faults, Problem, Refused, child, place, shown


@pytest.mark.parametrize(
    ("name", "pointer"), [("foo", "/foo"), ("a/b", "/a~1b"), ("m~n", "/m~0n"), (" ", "/ "), ("c%d", "/c%d")]
)
def test_a_pointer_is_escaped_as_in_the_rfc(name: str, pointer: str) -> None:
    """RFC 6901 section 5 gives these examples."""
    assert child("", name) == pointer


@given(st.text())
def test_a_name_that_cannot_be_shown_gives_the_parents_pointer(name: str) -> None:
    """No control character, address or overlong name ever gets into a pointer or a text."""
    for text in (child("", name), shown(name)):
        assert text.isascii()
        assert text.isprintable()
        assert "@" not in text
        assert len(text) < 140


@given(st.lists(st.sampled_from(["a", "m~n", "x/y", "list"]), min_size=1))
def test_a_place_reads_like_the_path_that_people_write(names: list[str]) -> None:
    """The readable form holds the names themselves, joined by dots."""
    pointer = ""
    for name in names:
        pointer = child(pointer, name)
    assert place(pointer) == ".".join(names)


def test_an_entry_of_a_list_has_its_number_in_brackets() -> None:
    """Places read like code: attachments[0].name."""
    assert place("/attachments/0/name") == "attachments[0].name"
    assert place("") == "the input"


def test_faults_beyond_the_limit_are_counted_and_not_listed() -> None:
    """A body with thousands of faults gives a bounded answer that says how many there are."""
    faults = Faults()
    for n in range(MOST_PROBLEMS + 7):
        faults.add(f"/{n}", "wrong")
    assert len(faults.problems) == MOST_PROBLEMS + 1
    assert faults.count == MOST_PROBLEMS + 7
    assert faults.problems[-1].message.startswith("7 more problems")


def test_without_faults_nothing_is_raised() -> None:
    """An empty collection lets the input through."""
    Faults().raise_any()


def test_a_refusal_carries_its_code_and_every_problem() -> None:
    """Programs read the code, people the problems."""
    faults = Faults()
    faults.add("/to", "to is missing")
    with pytest.raises(Refused, match="/to: to is missing") as caught:
        faults.raise_any(code="recipient-not-allowed")
    assert caught.value.code == "recipient-not-allowed"
    assert caught.value.problems == (Problem("/to", "to is missing"),)


def test_a_refusal_survives_being_copied() -> None:
    """A refusal that crosses a process or is copied keeps code and problems."""
    refused = Refused([Problem("/a", "b")], code="c")
    for again in (copy.copy(refused), pickle.loads(pickle.dumps(refused))):  # noqa: S301 - our own bytes
        assert (again.code, again.problems) == ("c", refused.problems)

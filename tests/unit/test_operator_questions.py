"""What stands in an operator's questions."""

import pytest

from shared.operator_questions import find_question, list_question
from shared.rules.states import State
from shared.rules.strict import Refused


def test_a_question_without_words_asks_for_everything() -> None:
    """The host's own query parameters are not part of it."""
    question = list_question({"code": "key", "clientId": "x"})
    assert (question.state, question.sender, question.limit) == (None, None, 500)


def test_filters_and_limit_are_read() -> None:
    """As they stand in a query string: all are texts."""
    question = list_question(
        {"state": "parked", "sender": "alerts", "caller": "producer:default", "reason": "x", "limit": "7"}
    )
    assert (question.state, question.caller, question.limit) == (State.PARKED, "producer:default", 7)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"state": "sent"}, "not listed"),
        ({"state": "x"}, "has to be one of"),
        ({"limit": "0"}, "from 1 to 500"),
        ({"limit": "501"}, "from 1 to 500"),
        ({"limit": "٣"}, "from 1 to 500"),
        ({"limit": "1e2"}, "from 1 to 500"),
        ({"sendr": "x"}, "did you mean 'sender'"),
        ({"sender": "a\nb"}, "line break"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(query: dict[str, str], told: str) -> None:
    """By the parameter's name."""
    with pytest.raises(Refused, match=told):
        list_question(query)


def test_an_address_is_read_as_the_doors_read_it() -> None:
    """Its domain in lower case."""
    assert find_question(b'{"to": "Bob@CONTOSO.test"}').to == "Bob@contoso.test"


@pytest.mark.parametrize(
    "body", [b'{"to": "bob"}', b'{"to": "Bob <bob@contoso.test>"}', b"{}", b'{"to": "a@b.test", "cc": 1}']
)
def test_what_is_no_address_is_refused(body: bytes) -> None:
    """And never repeated."""
    with pytest.raises(Refused) as refused:
        find_question(body)
    assert "bob" not in str(refused.value)

"""What stands in an operator's questions: which mails to list, and whose mails to find."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from shared.overview import LISTABLE, LISTED
from shared.rules.addresses import check_address
from shared.rules.mail_filter import MailFilter
from shared.rules.strict import Check, Problem, Read, Refused, convert, parse_json

QUESTION_LIMIT = 4096
"""Bytes of a question's body."""

HOST_KEYS = frozenset({"code", "clientId"})
"""Query parameters by which the Functions host takes its keys; they are not part of a question."""


def _limit(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= LISTED):
        raise ValueError(f"has to be a whole number from 1 to {LISTED}")
    return int(text)


class ListQuestion(MailFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which mails to list, and how many at most."""

    limit: Annotated[int, Read(_limit)] = LISTED


class FindQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose mails to find, and how many at most, the newest."""

    to: Annotated[str, Check(check_address)]
    limit: Annotated[int, Read(_limit)] = LISTED


def list_question(query: Mapping[str, str]) -> ListQuestion:
    """The question in a query string; raises `Refused`."""
    asked = {name: value for name, value in query.items() if name not in HOST_KEYS}
    question = convert(asked, ListQuestion)
    if question.state is not None and question.state not in LISTABLE:
        raise Refused([Problem("/state", "mails in this state are not listed; find them by their recipient, or by id")])
    return question


def find_question(body: bytes) -> FindQuestion:
    """The question in a JSON body; raises `Refused`."""
    return convert(parse_json(body, limit=QUESTION_LIMIT), FindQuestion)

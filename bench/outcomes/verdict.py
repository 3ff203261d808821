"""What a program was told of one mail, and how that compares with the copies that the server has."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Says(StrEnum):
    """What a caller can read out of what it was told about whether the mail was sent."""

    SENT = "sent"
    NOT_SENT = "not sent"
    UNKNOWN = "nobody can know"
    NOTHING = "does not say"


class Verdict(StrEnum):
    """What was told, beside what is true."""

    RIGHT = "right"
    HONEST = "says it cannot know"
    MARKED = "copies, marked"
    GUESS = "caller has to guess"
    WRONG = "sent, but told not sent"
    DUPLICATES = "silent duplicates"
    LOST = "lost, but told sent"


@dataclass(frozen=True, slots=True)
class Told:
    """The words, what they say, and whether they say that there may be a second copy."""

    words: str
    says: Says
    marked: bool = False


def judge(copies: int, told: Told) -> Verdict:
    """The verdict on one mail of which the server has `copies`. A mail that still waits counts as not sent."""
    if copies > 1:
        return Verdict.MARKED if told.marked else Verdict.DUPLICATES
    if told.says is Says.UNKNOWN:
        return Verdict.HONEST
    if told.says is Says.NOTHING:
        return Verdict.GUESS
    if copies == 1:
        return Verdict.RIGHT if told.says is Says.SENT else Verdict.WRONG
    return Verdict.RIGHT if told.says is Says.NOT_SENT else Verdict.LOST


def told_by_library(answer: Mapping[str, Any]) -> Told:
    """What a library's program told: its line, as `peers.serving` describes it.

    An error that carries a reply of 4yz or 5yz says that the server refused, so: not sent. One without a reply does not
    say, and `False` in place of an error is a no.
    """
    if answer["error"] is None:
        return Told("returns False", Says.NOT_SENT) if answer["value"] is False else Told("returns", Says.SENT)
    code = answer["code"]
    refused = isinstance(code, int) and 400 <= code <= 599
    words = f"{answer['error']} {code}" if refused else f"{answer['error']}: {answer['text']}"
    return Told(words, Says.NOT_SENT if refused else Says.NOTHING)


_SAYS = {"sent": Says.SENT, "unknown": Says.UNKNOWN}


def told_by_ledger(status: Mapping[str, Any]) -> Told:
    """What our project told: the answer of `GET /messages/{id}`. Waiting is: not sent yet."""
    state, reason = status["state"], status["reason"]
    words = state if state == "sent" or not reason else f"{state}: {reason['code']}"
    marked = bool(status["possible_duplicate"])
    return Told(f"{words}, possible duplicate" if marked else words, _SAYS.get(state, Says.NOT_SENT), marked)

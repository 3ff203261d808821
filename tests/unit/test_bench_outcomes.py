"""The pure parts of the comparison of outcomes: what an answer says, how that compares with the copies, and its tables."""

import io
import json
import tomllib

import pytest
from rich.console import Console

from bench.outcomes.cloud import POLICIES, mail_toml, sender_name
from bench.outcomes.incidents import INCIDENTS
from bench.outcomes.result import Result, in_order
from bench.outcomes.trial import Outcome, Trial, ambiguous
from bench.outcomes.verdict import Says, Told, Verdict, judge, told_by_ledger, told_by_library
from devcloud.exchange import faults_document
from devcloud.exchange.config import Limits

CLOSED = Told("Disconnected: closed", Says.NOTHING)
SENT = Told("returns", Says.SENT)


@pytest.mark.parametrize(
    ("copies", "says", "verdict"),
    [
        (0, Says.SENT, Verdict.LOST),
        (0, Says.NOT_SENT, Verdict.RIGHT),
        (0, Says.NOTHING, Verdict.GUESS),
        (0, Says.UNKNOWN, Verdict.HONEST),
        (1, Says.SENT, Verdict.RIGHT),
        (1, Says.NOT_SENT, Verdict.WRONG),
        (1, Says.NOTHING, Verdict.GUESS),
        (1, Says.UNKNOWN, Verdict.HONEST),
        *((2, says, Verdict.DUPLICATES) for says in Says),
    ],
)
def test_what_was_told_is_judged_by_the_copies(copies: int, says: Says, verdict: Verdict) -> None:
    """A second copy that nobody is told of is a silent duplicate, whatever else was told."""
    assert judge(copies, Told("words", says)) is verdict


@pytest.mark.parametrize("says", Says)
def test_a_marked_copy_is_not_silent(says: Says) -> None:
    """Who says that there may be a second copy has told of it."""
    assert judge(2, Told("words", says, marked=True)) is Verdict.MARKED


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"error": None, "code": None, "text": "", "value": "{}"}, SENT),
        ({"error": None, "code": None, "text": "", "value": True}, SENT),
        ({"error": None, "code": None, "text": "", "value": False}, Told("returns False", Says.NOT_SENT)),
        ({"error": "DataError", "code": 432, "text": "busy", "value": None}, Told("DataError 432", Says.NOT_SENT)),
        ({"error": "AuthError", "code": 535, "text": "no", "value": None}, Told("AuthError 535", Says.NOT_SENT)),
        ({"error": "Disconnected", "code": None, "text": "closed", "value": None}, CLOSED),
        ({"error": "Disconnected", "code": -1, "text": "closed", "value": None}, CLOSED),
        ({"error": "Disconnected", "code": "ECLOSED", "text": "closed", "value": None}, CLOSED),
    ],
)
def test_only_a_refusal_says_not_sent(answer: dict[str, object], told: Told) -> None:
    """An error with a reply of 4yz or 5yz says that the mail was not sent, one without does not say."""
    assert told_by_library(answer) == told


@pytest.mark.parametrize(
    ("state", "reason", "marked", "told"),
    [
        ("sent", None, False, Told("sent", Says.SENT)),
        ("sent", {"code": "earlier"}, True, Told("sent, possible duplicate", Says.SENT, marked=True)),
        ("unknown", {"code": "outcome-unknown"}, False, Told("unknown: outcome-unknown", Says.UNKNOWN)),
        ("waiting", {"code": "login-refused"}, False, Told("waiting: login-refused", Says.NOT_SENT)),
        ("rejected", {"code": "too-large"}, False, Told("rejected: too-large", Says.NOT_SENT)),
    ],
)
def test_the_ledger_says_what_it_knows(state: str, reason: dict[str, str] | None, marked: bool, told: Told) -> None:  # noqa: FBT001 - a parameter of the test
    """Only `sent` says sent, only `unknown` says that nobody can know, and a waiting mail is not sent yet."""
    assert told_by_ledger({"state": state, "reason": reason, "possible_duplicate": marked}) == told


def trials(program: str, *, dot: Outcome, cut: Outcome) -> list[Trial]:
    """A program's trials in all incidents: everything is refused, but for one cut after the dot and one before it."""
    refused = Outcome((), Told("DataError 432", Says.NOT_SENT))
    found = {"dot": dot, "data-small": cut}
    chosen = [(incident, found.get(incident.name, refused)) for incident in INCIDENTS]
    return [Trial(program, incident, outcome, outcome) for incident, outcome in chosen]


def test_the_same_words_for_sent_and_not_sent_are_found() -> None:
    """A program is named whose words do not tell the two apart, unless they say just that."""
    same = trials("same", dot=Outcome(("<1>",), CLOSED), cut=Outcome((), CLOSED))
    other = trials("other", dot=Outcome(("<1>",), CLOSED), cut=Outcome((), Told("cut", Says.NOTHING)))
    nobody = Told("unknown", Says.UNKNOWN)
    honest = trials("honest", dot=Outcome(("<1>",), nobody), cut=Outcome((), nobody))
    assert ambiguous([*same, *other, *honest]) == ["same"]


def a_result(*, ours: Outcome) -> Result:
    """A library that resends in silence, and our project with this outcome after the dot."""
    library = trials("[library]", dot=Outcome(("<1>", "<2>"), SENT), cut=Outcome((), CLOSED))
    mine = trials("keyless-mail, hold", dot=ours, cut=Outcome((), Told("unknown", Says.UNKNOWN)))
    return Result(in_order([*mine, *library], ["[library]", "keyless-mail, hold"]), ("how",))


def test_the_tables_name_every_program_and_verdict() -> None:
    """Also on a narrow terminal, and with names that look like markup."""
    paper = io.StringIO()
    a_result(ours=Outcome(("<1>",), Told("unknown: why", Says.UNKNOWN))).show(Console(file=paper, width=100))
    text = paper.getvalue()
    for words in ("[library]", "silent duplicates", "unknown: why", "says it cannot know", "✓ keyless-mail", "how"):
        assert words in text


def test_json_holds_every_trial_in_order() -> None:
    """By incident, for each in the order of the programs, with copies, words and verdict."""
    document = json.loads(json.dumps(a_result(ours=Outcome(("<1>",), Told("unknown: why", Says.UNKNOWN))).as_json()))
    order = [(one["incident"], one["program"]) for one in document["trials"]]
    assert order == [(one.name, name) for one in INCIDENTS for name in ("[library]", "keyless-mail, hold")]
    found = document["trials"][order.index(("dot", "[library]"))]
    assert {name: found[name] for name in ("copies", "message_ids", "told", "says", "verdict")} == {
        "copies": 2,
        "message_ids": 2,
        "told": "returns",
        "says": "sent",
        "verdict": "silent duplicates",
    }
    assert found["tried_again"]["copies"] == 2
    assert document["promise_kept"] is True


@pytest.mark.parametrize(
    "ours", [Outcome(("<1>", "<1>"), SENT), Outcome((), SENT), Outcome(("<1>",), Told("rejected", Says.NOT_SENT))]
)
def test_a_broken_promise_is_said(ours: Outcome) -> None:
    """A silent duplicate, a lost mail or a wrong word of ours stands below the tables and in the JSON."""
    result, paper = a_result(ours=ours), io.StringIO()
    result.show(Console(file=paper, width=100))
    assert "✗ keyless-mail broke its promise: keyless-mail, hold: closed after the final dot" in paper.getvalue()
    assert result.as_json()["promise_kept"] is False


def test_the_simulator_takes_every_incident() -> None:
    """Each names a scenario that there is, with facts and options that it has."""
    rules = [incident.rule("smtplib-x@contoso.test") for incident in INCIDENTS if incident.scenario]
    read, _limits = faults_document.read(json.dumps({"scenarios": rules}).encode(), Limits())
    assert read is not None
    assert [rule.scenario.name for rule in read] == [rule["name"] for rule in rules]


def test_every_incident_has_a_sender_for_each_policy() -> None:
    """With the mailbox that the incident's rule is for, and no other's."""
    senders = tomllib.loads(mail_toml(INCIDENTS))["senders"]
    wanted = {sender_name(policy, incident): policy for policy in POLICIES for incident in INCIDENTS}
    assert {name: sender["on_unknown"] for name, sender in senders.items()} == wanted
    assert all(sender["mailboxes"] == [f"{name}@contoso.test"] for name, sender in senders.items())

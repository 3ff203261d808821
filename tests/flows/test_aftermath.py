"""What took long: mails that met a misbehaviour and were tried again, or wait for a person who decides."""

from collections import Counter

import pytest

from shared.telemetry_names import Attr
from tests.flows.client import Client, Json, header, reasons, states
from tests.flows.conftest import Aftermath
from tests.flows.storm import LONG_PAUSES, OUTAGES, Retried
from tests.flows.waiting import wait_for

AGAIN = ["waiting", "sending", "waiting", "sending", "sent"]
"""The states of a mail whose second attempt went well."""


@pytest.fixture
def retried(aftermath: Aftermath) -> dict[str, Retried]:
    """The mails that Exchange did not take at the first attempt."""
    return aftermath.retried.result(LONG_PAUSES)


def codes(status: Json) -> list[tuple[str, int | None]]:
    """State and reply code of every recipient."""
    return [(recipient["state"], recipient["code"]) for recipient in status["recipients"]]


def test_a_busy_mailbox_is_tried_again(retried: dict[str, Retried]) -> None:
    """432 after the final dot: nothing was sent, the mail waits, and the second attempt leaves one copy."""
    busy = retried["busy"]
    assert states(busy.status) == AGAIN
    assert "concurrency-limit" in reasons(busy.status)
    assert (busy.status["attempts"], busy.status["possible_duplicate"], len(busy.mails)) == (2, False, 1)


def test_only_the_refused_recipient_is_offered_again(retried: dict[str, Retried]) -> None:
    """One of three recipients is not taken at first: the others get the mail at once, and never twice."""
    late = retried["late"]
    assert late.status["state"] == "sent"
    assert [mail["to"] for mail in late.mails] == [
        ["first@contoso.test", "third@contoso.test"],
        ["late@contoso.test"],
    ]
    assert codes(late.status) == [("accepted", 250)] * 3
    first, second = late.mails
    for name in ("Message-ID", "Date", "To", "Cc"):
        assert header(first, name) == header(second, name)


def test_an_unknown_outcome_is_sent_again_where_the_sender_says_so(retried: dict[str, Retried]) -> None:
    """The 250 was lost: under `resend` a second copy leaves, alike to the first in everything that tells duplicates."""
    resend = retried["resend"]
    assert states(resend.status) == ["waiting", "sending", "unknown", "waiting", "sending", "sent"]
    assert resend.status["possible_duplicate"] is True
    first, second = resend.mails
    for name in ("Message-ID", "Date"):
        assert header(first, name) == header(second, name)
    assert first["size"] == second["size"]


@pytest.mark.parametrize("name", ["hold", "tightened"])
def test_an_unknown_outcome_is_held_where_the_sender_or_the_envelope_says_so(retried: dict[str, Retried], name: str) -> None:
    """Under `hold` there is one copy, and a person decides."""
    hold = retried[name]
    assert states(hold.status) == ["waiting", "sending", "unknown"]
    assert (hold.status["attempts"], len(hold.mails)) == (1, 1)


def test_a_second_unknown_outcome_waits_for_a_person(retried: dict[str, Retried]) -> None:
    """A mail is sent again once and no more."""
    twice = retried["twice"]
    assert (twice.status["state"], twice.status["attempts"], len(twice.mails)) == ("unknown", 2, 2)


def test_a_mail_that_exchange_lost_arrives(retried: dict[str, Retried]) -> None:
    """The connection broke before Exchange kept the mail: nobody could know, so it was sent again, and arrived once."""
    lost = retried["lost"]
    assert (lost.status["state"], lost.status["possible_duplicate"], len(lost.mails)) == ("sent", True, 1)


def test_a_connection_cut_before_the_content_sent_nothing(retried: dict[str, Retried]) -> None:
    """Without a 354 nothing was sent, and we know it: another attempt, no possible duplicate."""
    halfway = retried["halfway"]
    assert states(halfway.status) == AGAIN
    assert (halfway.status["possible_duplicate"], len(halfway.mails)) == (False, 1)


@pytest.mark.parametrize("name", ["busy", "resend", "halfway"])
def test_every_attempt_is_part_of_the_accepting_trace(aftermath: Aftermath, retried: dict[str, Retried], name: str) -> None:
    """Both attempts stand in one trace, and the second points to the first."""
    trace_id = retried[name].status["trace_id"]
    attempts = wait_for("both attempts' spans", lambda: _attempts(aftermath.client, trace_id, 2))
    first, second = sorted(attempts, key=lambda span: int(span["attributes"][Attr.ATTEMPT]))
    assert [span["attributes"][Attr.ATTEMPT] for span in (first, second)] == [1, 2]
    assert [(link["trace_id"], link["span_id"]) for link in second["links"]] == [(trace_id, first["span_id"])]
    assert first["links"] == []


def _attempts(client: Client, trace_id: str, count: int) -> list[Json]:
    """The spans of attempts in a trace, once there are so many."""
    spans = [span for trace in client.traces(trace_id=trace_id) for span in trace["spans"]]
    found = [span for span in spans if span["name"] == "process sending" and Attr.OUTCOME in span["attributes"]]
    return found if len(found) == count else []


@pytest.fixture
def crash(aftermath: Aftermath) -> dict[str, Retried]:
    """The mails that were under way when the only host was killed."""
    return aftermath.crash.result(LONG_PAUSES)


def test_a_killed_host_loses_nothing(crash: dict[str, Retried]) -> None:
    """Every mail ends as sent, or as unknown where its sender wants unknown outcomes held."""
    ends = {mail.status["state"] for mail in crash.values()}
    assert ends <= {"sent", "unknown"}
    for mail in crash.values():
        assert mail.mails or mail.status["state"] == "unknown"
        if mail.status["state"] == "unknown":
            assert "attempt-died" in reasons(mail.status)


def test_a_killed_host_sends_nothing_twice_in_silence(crash: dict[str, Retried]) -> None:
    """A mail that may have two copies says so; all others have one."""
    for mail in crash.values():
        most = 2 if mail.status["possible_duplicate"] else 1
        assert len(mail.mails) <= most


def test_the_host_was_killed_in_the_middle(crash: dict[str, Retried]) -> None:
    """Some mails were done, some were in the very act, and some had not begun: else nothing was proven."""
    died = [mail for mail in crash.values() if "attempt-died" in reasons(mail.status)]
    calm = [mail for mail in crash.values() if reasons(mail.status) == ["accepted", "transmitting", "accepted-by-exchange"]]
    assert died
    assert calm


def test_two_hosts_send_nothing_twice(aftermath: Aftermath) -> None:
    """Each mail had many live messages on `sending`, and two hosts that took them: one copy of each left."""
    race = aftermath.race.result(LONG_PAUSES)
    assert [mail.status["state"] for mail in race.values()] == ["sent"] * len(race)
    assert [len(mail.mails) for mail in race.values()] == [1] * len(race)


def test_both_hosts_took_part(aftermath: Aftermath) -> None:
    """The spans name the process: two of them worked on these mails."""
    race = aftermath.race.result(LONG_PAUSES)

    def instances() -> bool:
        traces = [trace for mail in race for trace in aftermath.client.traces(mail_id=mail)]
        spans = [span for trace in traces for span in trace["spans"] if span["name"] == "process sending"]
        return len({span["instance"] for span in spans}) == 2

    wait_for("spans of both hosts", instances)


@pytest.mark.parametrize(("kind", "reason"), [(kind, reason) for kind, _, reason in OUTAGES])
def test_without_a_token_the_mail_waits_and_then_leaves(aftermath: Aftermath, kind: str, reason: str) -> None:
    """Accepted all the same, waiting with the reason, and sent once when the identity endpoint answers again."""
    outage = aftermath.outages.result(LONG_PAUSES)[kind]
    assert outage.during
    for status in outage.during:
        assert status["state"] == "waiting"
        assert reason in reasons(status)
    for mail in outage.after:
        assert (mail.status["state"], len(mail.mails)) == ("sent", 1)


@pytest.mark.usefixtures("aftermath")
def test_no_mail_of_any_other_test_left_twice(client: Client) -> None:
    """What the first cloud's Exchange took twice says that it may be a duplicate; nothing else was taken twice."""
    client.settled(client.submit())
    counted = Counter(mail["message_id"] for mail in client.mails())
    assert counted
    for message_id in (message_id for message_id, count in counted.items() if count > 1):
        status = client.status(message_id.strip("<").partition("@")[0])
        assert status is not None
        assert status["possible_duplicate"]

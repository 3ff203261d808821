"""The pure parts of the chaos run: the plan and the mails follow from the seed, and the verdict can fail."""

import io
import json
from collections import Counter
from collections.abc import Sequence

import pytest
from rich.console import Console

from bench.chaos_mails import ChaosMail, Door, OnUnknown, draw_mails
from bench.chaos_plan import Act, draw_plan
from bench.chaos_report import as_json, show
from bench.chaos_run import Result
from bench.chaos_verdict import EXPLAINED, Moment, Record, Verdict, judge
from devcloud.exchange.config import Limits
from devcloud.exchange.faults_document import read
from devcloud.scenarios import ScenarioBook
from devcloud.storage_faults import SCENARIO_FACTS, SCENARIO_NAMES, StorageFaults, StorageScenario

PLAN = draw_plan(7, hosts=4, seconds=100.0)
ACT = {kind: [step for step in PLAN.steps if step.act is kind] for kind in Act}


def a_mail(*, on_unknown: OnUnknown = OnUnknown.RESEND, people: str = "a") -> ChaosMail:
    """One mail with the key `k`."""
    return ChaosMail("k", 0.0, Door.HTTP, "alerts", on_unknown, tuple(f"{letter}@contoso.test" for letter in people))


def a_verdict(mail: ChaosMail, record: Record | None, *copies: Sequence[str], told: bool = True) -> Verdict:
    """The verdict on this one mail, of which Exchange took a copy for each of these groups of recipients."""
    records = {} if record is None else {mail.key: record}
    inbox = [(mail.key, [f"{letter}@contoso.test" for letter in letters]) for letters in copies]
    return judge([mail], told=frozenset({mail.key} if told else ()), records=records, inbox=inbox)


def a_record(state: str, *recipients: str, marked: bool = False) -> Record:
    """What the app says of the mail."""
    return Record("id", state, recipients, possible_duplicate=marked, timeline=(Moment("noon", state, "why"),))


def test_a_seed_gives_one_plan_and_one_list_of_mails() -> None:
    """The same seed repeats a run, another one does not."""
    assert draw_plan(7, hosts=4, seconds=100.0) == PLAN
    assert draw_plan(8, hosts=4, seconds=100.0) != PLAN
    assert draw_mails(7, 50, 10.0) == draw_mails(7, 50, 10.0) != draw_mails(8, 50, 10.0)


def test_a_plan_holds_every_disturbance_within_its_time() -> None:
    """Hosts die, Azurite restarts once or twice, identity throttles while a fresh host asks, one clock is off."""
    assert len(ACT[Act.KILL_HOST]) > 5
    assert len(ACT[Act.RESTART_AZURITE]) in {1, 2}
    [throttled] = ACT[Act.THROTTLE_IDENTITY]
    assert any(step.at == throttled.at for step in ACT[Act.KILL_HOST])
    assert all(0 < step.at < PLAN.seconds and 0 <= step.host <= PLAN.hosts for step in PLAN.steps)
    assert [PLAN.offset_of(host) != 0 for host in range(1, 5)].count(True) == 1


def test_the_planned_misbehaviour_is_what_the_local_cloud_knows() -> None:
    """Exchange's simulator and the storage proxy take the plan's scenarios, each with a seed of its own."""
    rules, _ = read(json.dumps({"scenarios": list(PLAN.exchange)}).encode(), Limits())
    assert rules is not None
    assert len(rules) == len(PLAN.exchange)
    storage = StorageFaults(scenarios=[StorageScenario(**scenario) for scenario in PLAN.storage])
    ScenarioBook[StorageScenario](names=SCENARIO_NAMES, facts=SCENARIO_FACTS).arm(storage.scenarios)
    seeds = [scenario["seed"] for scenario in (*PLAN.exchange, *PLAN.storage)]
    assert len(set(seeds)) == len(seeds)


def test_half_of_the_mails_are_held() -> None:
    """Both doors and both rules are well represented, in the order of their times, under keys that never repeat."""
    mails = draw_mails(7, 2_000, 90.0)
    held = [mail for mail in mails if mail.on_unknown is OnUnknown.HOLD]
    assert 0.4 < len(held) / len(mails) < 0.65
    assert 0.4 < sum(mail.door is Door.QUEUE for mail in mails) / len(mails) < 0.6
    assert [mail.at for mail in mails] == sorted(mail.at for mail in mails)
    assert len({mail.key for mail in mails}) == len(mails)


def test_an_envelope_tightens_only_what_its_sender_leaves_open() -> None:
    """A mail of the resending sender that is held says so; the queue's envelope carries its key, the HTTP one does not."""
    held, open_mail = a_mail(on_unknown=OnUnknown.HOLD), a_mail()
    assert (held.envelope()["on_unknown"], "on_unknown" in open_mail.envelope()) == ("hold", False)
    assert "id" not in held.envelope()


def test_a_mail_that_arrived_once_is_fine() -> None:
    """Sent, one copy."""
    assert a_verdict(a_mail(), a_record("sent", "accepted"), "a").good


@pytest.mark.parametrize("record", [None, a_record("sending", "pending"), a_record("sent", "accepted")])
def test_an_accepted_mail_without_a_copy_and_without_an_explanation_is_lost(record: Record | None) -> None:
    """No row, still claimed, or called sent: the run fails."""
    verdict = a_verdict(a_mail(), record)
    assert (len(verdict.lost), verdict.good) == (1, False)


@pytest.mark.parametrize("state", sorted(EXPLAINED))
def test_a_state_that_says_why_is_no_loss(state: str) -> None:
    """The mail is not there, and whoever asks is told so."""
    assert a_verdict(a_mail(), a_record(state, "pending")).good


def test_what_was_never_accepted_cannot_be_lost() -> None:
    """The producer was not told yes."""
    assert a_verdict(a_mail(), None, told=False).good


def test_a_recipient_who_is_said_to_have_it_must_have_it() -> None:
    """Of two recipients that the ledger calls accepted one got nothing: lost, although a copy is there."""
    assert a_verdict(a_mail(people="ab"), a_record("sent", "accepted", "accepted"), "a").lost
    assert a_verdict(a_mail(people="ab"), a_record("sent", "accepted", "refused"), "a").good


def test_parts_of_one_mail_are_not_copies() -> None:
    """Two transactions for different recipients leave one copy for each of them."""
    assert a_verdict(a_mail(people="ab"), a_record("sent", "accepted", "accepted"), "a", "b").good


@pytest.mark.parametrize(
    ("on_unknown", "marked", "copies", "good"),
    [
        (OnUnknown.RESEND, True, 2, True),
        (OnUnknown.RESEND, False, 2, False),
        (OnUnknown.RESEND, True, 3, False),
        (OnUnknown.HOLD, True, 1, True),
        (OnUnknown.HOLD, True, 2, False),
    ],
)
def test_a_second_copy_must_be_allowed_and_marked(on_unknown: OnUnknown, marked: bool, copies: int, good: bool) -> None:  # noqa: FBT001 - parameters of the test
    """Under resend two at most, and the app says so; under hold never."""
    record = a_record("sent", "accepted", marked=marked)
    verdict = a_verdict(a_mail(on_unknown=on_unknown), record, *["a"] * copies)
    assert (verdict.good, len(verdict.silent_duplicates)) == (good, 0 if good else 1)


def a_result(verdict: Verdict) -> Result:
    """A run that came to this verdict."""
    return Result(PLAN, verdict, Counter({"hosts killed": 3}), {}, 1, {"k": {"Ticket": "2"}}, 4.0, 130.0)


def test_the_report_names_what_failed_and_how_to_repeat_it() -> None:
    """Seed, counts, the mail with its timeline and its row; the JSON says the same with the whole plan."""
    result = a_result(a_verdict(a_mail(), a_record("waiting", "pending", marked=True), "a", "a", "a"))
    paper = io.StringIO()
    show(result, Console(file=paper, width=120))
    for words in (
        "seed 7",
        "silent duplicate: k",
        "waiting: why",
        "Ticket 2",
        "hosts killed",
        "1 silently sent twice",
        "--seed 7",
    ):
        assert words in paper.getvalue()
    document = json.loads(json.dumps(as_json(result)))
    assert (document["seed"], document["lost"], document["silent_duplicates"], document["good"]) == (7, 0, 1, False)
    assert len(document["plan"]["steps"]) == len(PLAN.steps)
    assert document["details"]["silent duplicate"][0]["copies"] == {"a@contoso.test": 3}

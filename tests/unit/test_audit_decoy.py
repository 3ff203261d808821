"""The decoy: refusal is the proof, acceptance the alarm, and everything else proves nothing."""

import logging

import pytest

from shared.audit_decoy import NOT_ABOUT_RIGHTS, Shown
from shared.audit_order import AuditOrder
from shared.rules.audit import Kind, Verdict
from shared.rules.config import AuditSetting
from shared.rules.outcome import NotSent, Outcome, Parked, Phase, Reason, Rejected, Reply, Retry, Unknown
from shared.rules.reply_table import ROWS
from shared.telemetry import Attr, Metric
from tests.fakes.smtp import LOGIN_REFUSED
from tests.unit.audit_evidence import EXPORT, OBJECT
from tests.unit.audit_rig import DECOY, AuditRig

ORDER = AuditOrder(who="Sam", why="x", grants=EXPORT)
WHY = Reason("made-up", "made up")


def a_rig() -> AuditRig:
    """An audit with a decoy."""
    return AuditRig(AuditSetting(decoy=DECOY))


async def test_a_refused_login_is_the_proof() -> None:
    """535 at AUTH, after one try: the shared token is not dropped for it."""
    rig = a_rig()
    rig.stage.gateway.opens.append(LOGIN_REFUSED)
    row = await rig.audit.order(ORDER)
    assert (row.decoy, row.findings, row.verdict) == (Shown.REFUSED, (), Verdict.MINIMAL)
    assert rig.stage.gateway.opened == [DECOY]


@pytest.mark.parametrize(
    "outcome",
    [
        Retry(300.0, WHY, Reply(430, "4.2.0")),
        Retry(3600.0, WHY, Reply(554, "5.2.252")),
        Rejected(WHY, Reply(550, "5.7.1")),
        Parked(WHY, Reply(550, "5.7.60")),
    ],
)
async def test_a_refusal_after_data_is_the_proof(outcome: Outcome) -> None:
    """430 says in a temporary code that the mailbox does not open; 5xx say it for good."""
    rig = a_rig()
    rig.stage.gateway.outcomes.append(outcome)
    row = await rig.audit.order(ORDER)
    assert (row.decoy, row.findings) == (Shown.REFUSED, ())
    assert (rig.stage.gateway.in_use, rig.stage.gateway.rested) == (0, [(DECOY, 0)])


async def test_acceptance_is_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    """A finding before all others with what takes the right away, an error in the log, a count, and the verdict excess."""
    rig = a_rig()
    row = await rig.audit.order(ORDER)
    (mail,) = rig.stage.gateway.mails
    assert (mail.mailbox, mail.sender, mail.recipients) == (DECOY, DECOY, (DECOY,))
    assert (row.decoy, row.verdict) == (Shown.ACCEPTED, Verdict.EXCESS)
    assert (row.findings[0].code, row.findings[0].kind) == ("decoy-accepted", Kind.ALARM)
    assert OBJECT in row.findings[0].command
    assert [one.levelno for one in caplog.records if "decoy" in one.message] == [logging.ERROR]
    assert (Metric.FAULTS, {Attr.DOOR: "audit", Attr.REASON: "decoy-accepted"}) in rig.recorder.counts


@pytest.mark.parametrize(
    "outcome",
    [
        Retry(15.0, WHY, Reply(432, "4.3.2")),
        Retry(30.0, WHY),
        Unknown(Phase.FINAL_DOT, WHY),
        Parked(Reason("mailbox-full", "made up"), Reply(554, "5.2.2")),
    ],
)
async def test_other_answers_prove_nothing(outcome: Outcome) -> None:
    """A temporary failure, a lost connection, or a refusal that only those get whom the mailbox let in."""
    rig = a_rig()
    rig.stage.gateway.outcomes.append(outcome)
    row = await rig.audit.order(ORDER)
    assert row.decoy == Shown.INCONCLUSIVE
    assert [(one.code, one.kind) for one in row.findings] == [("decoy-inconclusive", Kind.NOTE)]
    assert row.verdict is Verdict.MINIMAL


@pytest.mark.parametrize("stage", ["opens", "offers"])
async def test_what_ends_before_data_proves_nothing(stage: str) -> None:
    """SMTP AUTH that is off, a server that is away, a recipient that is refused: nobody asked for the right to send."""
    rig = a_rig()
    ended: NotSent = Retry(900.0, Reason("smtp-auth-off", "made up"), Reply(535, "5.7.139"))
    getattr(rig.stage.gateway, stage).append(ended)
    row = await rig.audit.order(ORDER)
    assert row.decoy == Shown.INCONCLUSIVE
    assert "made up" in row.findings[0].cause
    assert rig.stage.gateway.in_use == 0


async def test_without_a_token_nothing_is_tried() -> None:
    """It proves nothing."""
    rig = a_rig()
    rig.tokens.text = None
    row = await rig.audit.order(ORDER)
    assert row.decoy == Shown.INCONCLUSIVE
    assert rig.stage.gateway.opened == []


async def test_without_a_decoy_nothing_is_tried() -> None:
    """And nothing is said of one."""
    rig = AuditRig()
    assert (await rig.audit.order(ORDER)).decoy == ""
    assert rig.stage.gateway.opened == []


def test_reasons_that_are_not_about_rights_are_those_of_the_reply_table() -> None:
    """A reason that was renamed there would count as a proof here."""
    assert {row.reason.code for row in ROWS} >= NOT_ABOUT_RIGHTS

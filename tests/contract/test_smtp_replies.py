"""Every row of the reply table, met over the wire: the real gateway hears the simulator's reply and does what is told.

What is expected comes from the Exchange reference, sections 6.1 to 6.3, 6.5 and 6.6.
"""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from devcloud.exchange import ExchangeConfig
from devcloud.tokens import SigningKeys
from shared.rules.outcome import AuthRefused, Fate, Outcome, Parked, Rejected, Retry, Sent
from shared.rules.reply_table import ROWS, ReplyKind
from tests.fakes.reply_cases import CASES, ONE_TO_FIFTEEN_MINUTES, Action, Case, Seconds, pattern
from tests.fakes.smtp_rig import MAILBOX, SimulatorRig, simulator_rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTENT = b"From: alerts@contoso.test\r\nTo: ops@contoso.test\r\nSubject: Disk\r\n\r\nfull\r\n"

STEPS = {"connect": "open", "ehlo": "open", "auth": "open", "mail": "offer", "rcpt": "offer", "data": "send", "dot": "send"}
"""Where the story learns of a refusal at this stage."""

KINDS: dict[Action, ReplyKind] = {
    "R": ReplyKind.RETRY,
    "T": ReplyKind.FRESH_TOKEN,
    "C": ReplyKind.CONFIGURATION,
    "B": ReplyKind.CONFIGURATION,
    "M": ReplyKind.MAIL,
    "X": ReplyKind.RECIPIENT,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SimulatorRig]:
    """One simulator for all; it locks no mailbox, however often a mail is refused."""
    config = ExchangeConfig(messages_per_minute=10_000, lockout_after=0)
    async with simulator_rig(SigningKeys(), tmp_path_factory.mktemp("tls"), config) as built:
        yield built


def arm(server: SimulatorRig, scenario: str, stage: str | None = None, **options: object) -> None:
    """Let the next mail meet this scenario, once."""
    rule = {"name": scenario, "count": 1, "match": {"stage": stage} if stage else {}, "with": options}
    server.exchange.set_faults(json.dumps({"scenarios": [rule]}).encode())


async def met(server: SimulatorRig, *to: str) -> tuple[str, Outcome | AuthRefused]:
    """One mail on a new connection: the step in which it ended, and how."""
    try:
        session = await server.gateway.open(MAILBOX, server.good)
        if isinstance(session, Retry | Rejected | Parked | AuthRefused):
            return "open", session
        try:
            offer = await session.offer(MAILBOX, list(enumerate(to or ("ops@contoso.test",))), len(CONTENT))
            return ("offer", offer.outcome) if offer.outcome else ("send", await session.transmit(CONTENT))
        finally:
            await session.release()
    finally:
        await server.gateway.close()


def check(outcome: Outcome | AuthRefused, step: str, action: Action, delay: Seconds | None) -> None:
    """What is done with the mail is what the reference says is to be done."""
    match action:
        case "T" if step == "open":
            assert isinstance(outcome, AuthRefused)
        case "R" | "T" | "C":
            assert isinstance(outcome, Retry)
            assert delay is not None
            assert delay[0] <= outcome.after <= delay[1]
        case "B":
            assert isinstance(outcome, Parked)
        case "M" | "X":
            assert isinstance(outcome, Rejected)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_reply_of_the_reference_is_understood(server: SimulatorRig, case: Case) -> None:
    """It is found by its very row, at its stage, with its codes; nothing was sent, and the next mail is."""
    before = len(server.delivered())
    arm(server, case.scenario, case.stage, **case.options)
    step, outcome = await met(server)
    assert step == STEPS[case.stage]
    check(outcome, step, case.action, case.delay)
    assert isinstance(outcome, Retry | Rejected | Parked | AuthRefused)
    (row,) = [row for row in ROWS if row.reason is outcome.reason]
    assert (pattern(row), row.kind) == (case.row, KINDS[case.action])
    assert outcome.reply is not None
    said = (outcome.reply.code, outcome.reply.enhanced)
    assert said == ((530, "5.7.57") if case.scenario == "not-authenticated" else (row.code, row.enhanced or "5.2.2"))
    assert len(server.delivered()) == before
    assert isinstance((await met(server))[1], Sent)


@pytest.mark.parametrize("scenario", ["connection-refused", "cut-at-starttls", "cut-at-auth"])
async def test_a_dropped_connection_is_tried_again_in_half_a_minute(server: SimulatorRig, scenario: str) -> None:
    """6.1, its first and its last row: no reply at all."""
    arm(server, scenario)
    step, outcome = await met(server)
    assert step == "open"
    check(outcome, step, "R", (30, 900))


async def test_a_refused_recipient_does_not_cost_the_others_their_mail(server: SimulatorRig) -> None:
    """501 5.1.3 is about this recipient; who was accepted gets the mail."""
    arm(server, "invalid-recipient-address", "rcpt")
    _, outcome = await met(server, "bad@contoso.test", "ops@contoso.test")
    assert isinstance(outcome, Sent)
    assert {n: one.fate for n, one in outcome.recipients.items()} == {0: Fate.REFUSED, 1: Fate.ACCEPTED}


async def test_too_many_recipients_are_split_over_several_mails(server: SimulatorRig) -> None:
    """452 4.5.3: those who were accepted get the mail now, the others are not even asked and get it later."""
    rule = {"name": "too-many-recipients-at-rcpt", "match": {"stage": "rcpt", "to": "two@contoso.test"}}
    server.exchange.set_faults(json.dumps({"scenarios": [rule]}).encode())
    _, outcome = await met(server, "one@contoso.test", "two@contoso.test", "three@contoso.test")
    assert isinstance(outcome, Sent)
    fates = {n: one.fate for n, one in outcome.recipients.items()}
    assert fates == {0: Fate.ACCEPTED, 1: Fate.PENDING, 2: Fate.PENDING}


@pytest.mark.parametrize(
    ("stage", "code", "text", "action"),
    [
        ("connect", 421, "4.9.9 closing", "R"),
        ("dot", 421, "4.4.2 closing", "R"),
        ("auth", 471, "4.9.9 not now", "R"),
        ("mail", 450, "4.9.9 not now", "R"),
        ("rcpt", 450, "4.9.9 not now", "R"),
        ("data", 450, "4.9.9 not now", "R"),
        ("dot", 450, "no enhanced code", "R"),
        ("connect", 554, "5.9.9 no service", "C"),
        ("auth", 535, "5.9.9 no", "T"),
        ("auth", 538, "5.9.9 no", "C"),
        ("mail", 553, "5.9.9 no", "M"),
        ("rcpt", 553, "5.9.9 no", "X"),
        ("data", 554, "5.9.9 no", "M"),
        ("dot", 599, "5.9.9 no", "M"),
        ("mail", 502, "5.9.9 no such command", "B"),
        ("dot", 550, "5.7.606 Access denied, banned sending IP", "M"),
        ("mail", 550, "5.7.6 Access denied", "M"),
        ("dot", 550, "5.1.10 recipient not found", "M"),
    ],
)
async def test_a_reply_of_no_row_is_judged_by_its_class(
    server: SimulatorRig, stage: str, code: int, text: str, action: Action
) -> None:
    """6.6 and RFC 5321 4.2.1: the first digit is enough, and a code that begins like a known one is another one."""
    arm(server, "custom-reply", stage, code=code, text=text)
    step, outcome = await met(server)
    assert step == STEPS[stage]
    check(outcome, step, action, ONE_TO_FIFTEEN_MINUTES)
    assert isinstance(outcome, Retry | Rejected | Parked | AuthRefused)
    assert outcome.reason not in [row.reason for row in ROWS]

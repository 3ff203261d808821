"""What every SMTP gateway promises to the send story: one suite on the fake and on the real one against the simulator."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devcloud.tokens import SigningKeys
from shared.rules.outcome import AuthRefused, Fate, Outcome, Parked, RecipientResult, Rejected, Retry, Sent, Unknown
from tests.fakes.smtp_rig import MAILBOX, Rig, Session, fake_rig, simulator_rig

CONTENT = (
    b"From: Contoso Alerts <alerts@contoso.test>\r\nTo: ops@contoso.test\r\nSubject: Disk\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <one@contoso.test>\r\n\r\n.a dot\r\n..two\r\n"
)


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    """Making RSA keys takes its time."""
    return SigningKeys()


@pytest.fixture(params=["fake", "simulator"])
async def rig(request: pytest.FixtureRequest, keys: SigningKeys, tmp_path: Path) -> AsyncIterator[Rig]:
    """Each test runs on both."""
    if request.param == "fake":
        yield fake_rig()
        return
    async with simulator_rig(keys, tmp_path) as built:
        yield built


async def opened(rig: Rig) -> Session:
    """A session that is there."""
    session = await rig.gateway.open(MAILBOX, rig.good)
    assert not isinstance(session, Retry | Rejected | Parked | AuthRefused)
    return session


async def sent(rig: Rig, *addresses: str) -> Outcome:
    """One mail, as the story sends it."""
    session = await opened(rig)
    try:
        offer = await session.offer(MAILBOX, list(enumerate(addresses)), len(CONTENT))
        return offer.outcome or await session.transmit(CONTENT)
    finally:
        await session.release()


def fates(outcome: Outcome) -> dict[int, Fate]:
    """Recipient number to fate."""
    return {number: result.fate for number, result in outcome.recipients.items()}


async def test_a_mail_arrives_as_it_was_given(rig: Rig) -> None:
    """Byte for byte, leading dots and all, and the server's own id is told."""
    outcome = await sent(rig, "ops@contoso.test", "bob@contoso.test")
    assert isinstance(outcome, Sent)
    assert (outcome.reply.code, outcome.reply.enhanced) == (250, "2.0.0")
    assert outcome.reply.exchange_id
    assert outcome.reply.host
    assert fates(outcome) == {0: Fate.ACCEPTED, 1: Fate.ACCEPTED}
    assert rig.delivered() == [CONTENT]


async def test_a_refused_login_is_told_apart(rig: Rig) -> None:
    """The story drops the token and asks for a fresh one."""
    refused = await rig.gateway.open(MAILBOX, rig.bad)
    assert isinstance(refused, AuthRefused)
    assert refused.reply.code == 535


async def test_a_refused_recipient_does_not_keep_the_mail_from_the_others(rig: Rig) -> None:
    """One is refused for good, one for now, one gets the mail, and the numbers are the caller's."""
    session = await opened(rig)
    recipients = [
        (3, "scenario+recipient-refused-5xx@contoso.test"),
        (5, "scenario+recipient-refused-4xx@contoso.test"),
        (8, "ops@contoso.test"),
    ]
    offer = await session.offer(MAILBOX, recipients, len(CONTENT))
    assert offer.accepted == (8,)
    outcome = await session.transmit(CONTENT)
    await session.release()
    assert isinstance(outcome, Sent)
    assert fates(outcome) == {3: Fate.REFUSED, 5: Fate.PENDING, 8: Fate.ACCEPTED}
    assert outcome.recipients[3] == RecipientResult(Fate.REFUSED, 550, "5.1.10")
    assert len(rig.delivered()) == 1


async def test_a_mail_that_nobody_may_get_is_rejected(rig: Rig) -> None:
    """All refused for good: no content leaves."""
    outcome = await sent(rig, "scenario+recipient-refused-5xx@contoso.test")
    assert isinstance(outcome, Rejected)
    assert fates(outcome) == {0: Fate.REFUSED}
    assert rig.delivered() == []


async def test_a_mail_that_somebody_may_get_later_is_tried_again(rig: Rig) -> None:
    """One never, one not now: later, and then only the one."""
    outcome = await sent(rig, "scenario+recipient-refused-4xx@contoso.test", "scenario+recipient-refused-5xx@contoso.test")
    assert isinstance(outcome, Retry)
    assert fates(outcome) == {0: Fate.PENDING, 1: Fate.REFUSED}


async def test_an_abandoned_mail_is_not_sent_and_the_session_goes_on(rig: Rig) -> None:
    """The loser of a claim sends RSET; the connection serves the next mail."""
    session = await opened(rig)
    await session.offer(MAILBOX, [(0, "ops@contoso.test")], len(CONTENT))
    await session.abandon()
    await session.release()
    assert rig.delivered() == []
    assert isinstance(await sent(rig, "ops@contoso.test"), Sent)


async def test_a_session_that_is_only_released_sends_nothing(rig: Rig) -> None:
    """Also after an offer: without `transmit` there is no mail."""
    session = await opened(rig)
    await session.offer(MAILBOX, [(0, "ops@contoso.test")], len(CONTENT))
    await session.release()
    assert rig.delivered() == []


async def test_a_lost_reply_to_the_dot_is_unknown(rig: Rig) -> None:
    """The server has the mail and nobody is told: neither sent nor not sent."""
    outcome = await sent(rig, "scenario+cut-after-dot@contoso.test")
    assert isinstance(outcome, Unknown)
    assert fates(outcome) == {0: Fate.UNKNOWN}
    assert len(rig.delivered()) == 1


@pytest.mark.parametrize(
    ("scenario", "kind", "reason"),
    [
        ("concurrent-connections", Retry, "concurrency-limit"),
        ("corrupt-content", Rejected, "content-refused"),
    ],
)
async def test_a_refusal_after_the_dot_is_not_a_sent_mail(rig: Rig, scenario: str, kind: type, reason: str) -> None:
    """The reply to the final dot decides, and the next mail goes through."""
    outcome = await sent(rig, f"scenario+{scenario}@contoso.test")
    assert isinstance(outcome, kind)
    assert isinstance(outcome, Retry | Rejected)
    assert outcome.reason.code == reason
    assert rig.delivered() == []
    assert isinstance(await sent(rig, "ops@contoso.test"), Sent)

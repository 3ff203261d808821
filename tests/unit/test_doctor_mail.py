"""The doctor's mail: on the way of every mail, its outcome told, and nothing left behind."""

from dataclasses import replace

import pytest

from shared.doctor_mail import LONGEST_WAIT, DoctorMail
from shared.rules.findings import Finding, Standing, Step
from shared.rules.outcome import Outcome, Parked, Reason, Rejected, Reply, Retry
from shared.rules.states import State
from shared.rules.stops import EVERYTHING
from shared.steer import Steer
from tests.stage import Stage, a_config, a_sender

SEND_AS = Reason("send-as-denied", "made up", "a cure")


def clinic(stage: Stage, *, working: bool = True) -> DoctorMail:
    """The story on the stage, whose host processes orders while the doctor waits (unless it does not work)."""

    async def wait(seconds: float) -> None:
        if working:
            await stage.run()
        stage.later(seconds)

    steer = Steer(stage.config, stage.ledger, stage.placer, stage.clock)
    return DoctorMail(stage.accept_story, stage.ledger, steer, stage.stops, stage.clock, wait)


async def send(stage: Stage, *, working: bool = True) -> Finding:
    """A mail of sender alerts."""
    return await clinic(stage, working=working).send(stage.config.senders["alerts"], who="Sam")


async def test_an_accepted_mail_is_the_proof() -> None:
    """It went from the sender to its own mailbox, and says who asked."""
    stage = Stage()
    found = await send(stage)
    assert (found.step, found.standing) == (Step.SEND, Standing.OK)
    (mail,) = stage.gateway.mails
    assert (mail.sender, mail.recipients) == ("alerts@contoso.test", ("alerts@contoso.test",))
    assert b"Sam asked" in mail.content
    assert stage.row.provenance.door == "doctor"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Retry(3600.0, SEND_AS, Reply(554, "5.2.252")), State.CANCELLED),
        (Parked(SEND_AS), State.CANCELLED),
        (Rejected(SEND_AS, Reply(550, "5.1.8")), State.REJECTED),
    ],
)
async def test_a_refusal_is_told_and_nothing_stays_behind(outcome: Outcome, state: State) -> None:
    """The reason is the ledger's own, and the mail is not tried again."""
    stage = Stage()
    stage.gateway.outcomes = [outcome]
    found = await send(stage)
    assert (found.standing, found.reason) == (Standing.FAULT, SEND_AS)
    assert stage.state() is state


async def test_a_pause_is_told_as_what_holds_the_mail() -> None:
    """Nobody waits for an outcome that cannot come."""
    stage = Stage()
    await stage.stops.pause(EVERYTHING, who="Kim", why="moving")
    found = await send(stage)
    assert found.reason is not None
    assert found.reason.code == "paused"
    assert stage.state() is State.CANCELLED


async def test_the_wait_has_an_end() -> None:
    """A busy mailbox is no fault; the mail goes its way, with its id told."""
    stage = Stage()
    began = stage.now
    found = await send(stage, working=False)
    assert found.standing is Standing.WARNING
    assert stage.row.id in found.seen
    assert LONGEST_WAIT <= stage.now - began < LONGEST_WAIT + 1
    assert stage.state() is State.WAITING
    stage.later(900.0)
    await stage.run()
    assert stage.state() is State.EXPIRED


async def test_a_sender_that_may_not_write_to_itself_proves_nothing() -> None:
    """The cure is in mail.toml; nothing was stored."""
    elsewhere = replace(a_sender(), allow_recipients=("fabrikam.test",))
    stage = Stage(config=replace(a_config(), senders={"alerts": elsewhere}))
    found = await send(stage)
    assert found.reason is not None
    assert found.reason.code == "own-mailbox-not-allowed"
    assert not stage.ledger.rows


async def test_two_mails_are_two() -> None:
    """Whoever asks twice wants to know twice."""
    stage = Stage()
    await send(stage)
    await send(stage)
    assert len(stage.gateway.mails) == 2

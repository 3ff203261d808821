"""A mailbox that Exchange does not let in: its mails wait, and a login tries for all of them."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from shared.placing import SENDING
from shared.rules.breakers import QUARTER
from shared.rules.orders import decode
from shared.rules.outcome import Reason, Reply, Retry
from shared.rules.states import State
from shared.rules.token import Token
from shared.transmission import ByToken, Transmission
from tests.crowd import LOCKED_OUT, mails, states, until_rest
from tests.stage import Stage, a_config, a_sender, an_envelope

DENIED = Retry(3600.0, Reason("send-as-denied", "made up"), Reply(554, "5.2.252"))
WEEKEND = 3 * 86_400.0


async def test_a_refused_login_stops_the_mailbox_for_all_its_mails() -> None:
    """The first mail finds out, with a fresh token too; the others try nothing and burn no attempt."""
    stage = Stage()
    stage.gateway.refused_tokens = {f"t{n}" for n in range(1, 99)}
    await mails(stage, 20)
    await stage.run()
    assert len(stage.gateway.tokens) == 2
    assert sorted(entry.row.attempts for entry in stage.ledger.rows.values()) == [0] * 19 + [1]
    assert states(stage) == {State.WAITING}
    assert stage.queues.texts(SENDING) == []


async def test_the_probe_logs_in_once_in_a_quarter_of_an_hour_and_sends_nothing() -> None:
    """However often the tick comes."""
    stage = Stage()
    stage.gateway.refused_tokens = {f"t{n}" for n in range(1, 99)}
    await mails(stage, 3)
    await stage.run()
    tried = len(stage.gateway.tokens)
    for _ in range(60):
        await stage.stops.run()
        stage.later(60)
    assert 3 <= len(stage.gateway.tokens) - tried <= 4
    assert stage.gateway.mails == []


async def test_when_the_login_is_granted_everything_goes() -> None:
    """The next probe notices, and puts all the mails back."""
    stage = Stage()
    stage.gateway.refused_tokens = {"t1", "t2"}
    await mails(stage, 20)
    await stage.run()
    assert stage.gateway.mails == []
    await until_rest(stage)
    assert states(stage) == {State.SENT}
    assert len(stage.gateway.mails) == 20
    assert stage.gateway.in_use == 0
    assert stage.stop_records.records == {}


async def test_a_weekend_behind_a_breaker_loses_nothing() -> None:
    """Mails that may live for a day are sent after three days of standstill."""
    stage = Stage()
    stage.gateway.refused_tokens = {f"t{n}" for n in range(1, 999)}
    await mails(stage, 3)
    await stage.run()
    stage.later(WEEKEND)
    await mails(stage, 1, since=3)
    await stage.run()
    stage.gateway.refused_tokens = set()
    await until_rest(stage)
    assert len(stage.gateway.mails) == 4
    assert states(stage) == {State.SENT}


async def test_the_callers_own_deadline_does_not_stand_still() -> None:
    """A password reset of last Friday must not arrive on Monday."""
    stage = Stage()
    stage.gateway.refused_tokens = {"t1", "t2"}
    await stage.accept(an_envelope(expires_at="2027-01-15T09:00:00Z"))
    await stage.run()
    stage.later(WEEKEND)
    await until_rest(stage)
    assert stage.state() is State.EXPIRED
    assert stage.gateway.mails == []


async def test_another_mailbox_of_the_pool_takes_over() -> None:
    """A sender with two mailboxes goes on with the other one, under the same From."""
    config = a_config()
    boxes = ("alerts@contoso.test", "second@contoso.test")
    pool = replace(config, senders={**config.senders, "alerts": replace(a_sender(), mailboxes=boxes)})
    stage = Stage(config=pool)
    stage.gateway.outcomes = [LOCKED_OUT]
    await mails(stage, 12)
    await stage.run()
    stopped = next(iter(stage.stop_records.records))
    assert stopped.name in boxes
    assert {mail.mailbox for mail in stage.gateway.mails} == set(boxes) - {stopped.name}
    assert {mail.sender for mail in stage.gateway.mails} == {"alerts@contoso.test"}
    assert len(stage.gateway.mails) == 11


@pytest.fixture
def orders() -> Callable[[Stage], list[str]]:
    """The mails that have a message on `sending`."""
    return lambda stage: [decode(text).id for text in stage.queues.texts(SENDING)]


async def test_a_probe_never_goes_faster_than_its_time(orders: Callable[[Stage], list[str]]) -> None:
    """Two ticks side by side log in once: the record's conditional write decides."""
    stage = Stage()
    stage.gateway.refused_tokens = {f"t{n}" for n in range(1, 99)}
    await mails(stage, 1)
    await stage.run()
    tried = len(stage.gateway.tokens)
    stage.later(QUARTER + 1)
    stale = await stage.breakers.records(within=0.0)
    await stage.stops.run()
    assert not await stage.breakers.write(replace(stale[0].stop, until=0.0), stale[0])
    assert len(stage.gateway.tokens) == tried + 1
    assert orders(stage) == []


@pytest.mark.parametrize(
    ("roles", "code"),
    [([], "submission-out-of-scope"), (["SMTP.SendAsApp"], "models-mixed"), (None, "submission-out-of-scope")],
)
async def test_a_mailbox_that_does_not_open_is_told_by_the_token(roles: list[str] | None, code: str) -> None:
    """In the ledger as by the doctor: outside the scope, or both models at once; an opaque token leaves the usual cause."""
    stage = Stage()
    said = {"aud": "https://outlook.office365.com", "roles": roles, "exp": stage.now + 3600}
    text = "opaque" if roles is None else f"e.{base64.urlsafe_b64encode(json.dumps(said).encode()).decode()}.s"
    tokens = FixedTokens(Token(text, stage.now, stage.now + 3600))
    stage.send = replace(stage.send, transmission=Transmission(tokens, stage.gateway, ByToken(stage.config, stage.clock)))
    stage.gateway.outcomes = [Retry(300.0, Reason("mailbox-logon-failed", "made up"), Reply(430, "4.2.0"))]
    await stage.accept()
    await stage.run()
    assert stage.row.why is not None
    assert stage.row.why.code == code


@dataclass(frozen=True)
class FixedTokens:
    """Always the same token."""

    token: Token

    async def get(self, margin: float = 0.0) -> Token:  # noqa: ARG002 - the shape of the port
        """As the port says."""
        return self.token

    async def drop(self, token: Token) -> None:
        """As the port says."""

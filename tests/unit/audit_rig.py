"""The permission audit on fakes: the stage's mail, a ledger of audits in memory, tokens whose claims the test says."""

import itertools
from dataclasses import dataclass, field, replace

from shared.audit import Audit
from shared.audit_decoy import Decoy
from shared.audit_ports import Sight
from shared.audit_weekly import WeeklyAudit
from shared.rules.audit import Holder
from shared.rules.config import AuditSetting
from shared.rules.grants import GRAPH_APP_ID
from shared.rules.outcome import Reason
from shared.rules.token import EXPIRY_MARGIN, Token
from shared.rules.token_errors import TokenUnavailable
from tests.fakes.audits import FakeAudits
from tests.fakes.recorder import Recorder
from tests.fakes.sights import FakeSight
from tests.stage import Stage, a_config
from tests.unit.audit_evidence import NOW, a_token

DECOY = "decoy@contoso.test"


@dataclass
class ClaimedTokens:
    """Gives one token; `text` is what a test makes of it, None lets the fetch fail."""

    text: str | None = field(default_factory=a_token)

    async def get(self, margin: float = EXPIRY_MARGIN) -> Token:  # noqa: ARG002 - the port's shape
        """As the port says."""
        if self.text is None:
            raise TokenUnavailable(Reason("identity-down", "made up"), 30.0)
        return Token(self.text, fetched_at=NOW, expires_at=NOW + 1e9)

    async def drop(self, token: Token) -> None:
        """As the port says; nobody here drops tokens."""
        raise AssertionError(token)


class AuditRig:
    """`setting` is `[audit]`. `now` moves only by the test."""

    def __init__(self, setting: AuditSetting | None = None) -> None:
        self.recorder = Recorder()
        config = replace(a_config(), audit=setting or AuditSetting())
        self.stage = Stage(config=config, telemetry=self.recorder.telemetry, now=NOW)
        self.audits = FakeAudits()
        self.tokens = ClaimedTokens()
        self.graph = FakeSight(a_token())
        self._ids = itertools.count(1)
        self.audit = Audit(
            config=config,
            tokens=self.tokens,
            sights=(Sight(Holder.SENDER, GRAPH_APP_ID, self.graph),),
            decoy=Decoy(self.tokens, self.stage.gateway),
            audits=self.audits,
            accept=self.stage.accept_story,
            telemetry=self.recorder.telemetry,
            clock=self.stage.clock,
            new_id=lambda: f"{next(self._ids):032x}",
        )

    def process(self) -> WeeklyAudit:
        """The tick's part in a process that has just started."""
        return WeeklyAudit(self.audit, self.audits, self.stage.clock)

"""A gateway in memory that keeps the port's promises and records the mails that it took.

    gateway.mails                       what was accepted, oldest first
    gateway.opens / offers / outcomes   answers for the next calls, each taken once; afterwards all is well
    gateway.refused_tokens              texts of tokens at which the login is refused

Recipients may ask for an answer by their address, with the names that the simulator in `devcloud/` has for them:
`scenario+recipient-refused-5xx@…`, `scenario+recipient-refused-4xx@…`, `scenario+cut-after-dot@…` (taken, but nobody is
told), `scenario+cut-in-data@…`, `scenario+concurrent-connections@…`, `scenario+corrupt-content@…`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.edges.smtp_offer import Offer
from shared.rules.outcome import (
    AuthRefused,
    Fate,
    NotSent,
    Outcome,
    Phase,
    Reason,
    RecipientResult,
    Recipients,
    Rejected,
    Reply,
    Retry,
    Sent,
    Unknown,
)
from shared.rules.token import EXPIRY_MARGIN, Token

LOGIN_REFUSED = AuthRefused(Reason("login-refused", "made up"), Reply(535, "5.7.3"))

_REFUSED_AT_RCPT = {
    "recipient-refused-5xx": RecipientResult(Fate.REFUSED, 550, "5.1.10"),
    "recipient-refused-4xx": RecipientResult(Fate.PENDING, 450, "4.2.1"),
}
_AFTER_DATA: Mapping[str, Outcome] = {
    "cut-after-dot": Unknown(Phase.FINAL_DOT, Reason("outcome-unknown", "made up")),
    "cut-in-data": Retry(30.0, Reason("connection-lost", "made up")),
    "concurrent-connections": Retry(15.0, Reason("concurrency-limit", "made up"), Reply(432, "4.3.2")),
    "corrupt-content": Rejected(Reason("content-refused", "made up"), Reply(554, "5.6.0")),
}


@dataclass(frozen=True, slots=True)
class TakenMail:
    """A mail as the server has it; `recipients` are those that were accepted."""

    mailbox: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass
class FakeGateway:
    """See above. `opened` are the mailboxes of new and reused sessions, `tokens` the texts that were shown at `open`."""

    mails: list[TakenMail] = field(default_factory=list)
    opens: list[NotSent | AuthRefused] = field(default_factory=list)
    offers: list[NotSent] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    refused_tokens: set[str] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    margins: dict[str, float] = field(default_factory=dict)
    rested: list[tuple[str, int]] = field(default_factory=list)
    in_use: int = 0
    abandoned: int = 0
    closed: bool = False

    def login_margin(self, mailbox: str) -> float:
        """As the port says."""
        return self.margins.get(mailbox, EXPIRY_MARGIN)

    async def open(self, mailbox: str, token: Token) -> "FakeSession | NotSent | AuthRefused":
        """As the port says."""
        self.opened.append(mailbox)
        self.tokens.append(token.value)
        if self.opens:
            return self.opens.pop(0)
        if token.value in self.refused_tokens:
            return LOGIN_REFUSED
        self.in_use += 1
        return FakeSession(self, mailbox)

    async def rest(self, mailbox: str, keep: int) -> None:
        """As the port says."""
        self.rested.append((mailbox, keep))

    async def close(self) -> None:
        """As the port says."""
        self.closed = True


@dataclass
class FakeSession:
    """One session; a call out of order is a bug of the caller and raises `AssertionError`."""

    gateway: FakeGateway
    mailbox: str
    _sender: str = ""
    _accepted: dict[int, str] = field(default_factory=dict)
    _refused: dict[int, RecipientResult] = field(default_factory=dict)
    _open: bool = False
    _released: bool = False
    reply_seconds: float | None = None

    async def offer(self, sender: str, recipients: Sequence[tuple[int, str]], size: int) -> Offer:
        """As the port says."""
        assert size >= 0
        assert not self._open
        assert not self._released
        if self.gateway.offers:
            return Offer(outcome=self.gateway.offers.pop(0))
        asked = {number: _REFUSED_AT_RCPT.get(_scenario(address)) for number, address in recipients}
        self._refused = {number: result for number, result in asked.items() if result is not None}
        self._accepted = {number: address for number, address in recipients if number not in self._refused}
        self._sender = sender
        if not self._accepted:
            return Offer((), self._refused, self._nobody())
        self._open = True
        return Offer(tuple(self._accepted), self._refused)

    async def transmit(self, content: bytes) -> Outcome:
        """As the port says."""
        assert self._open
        assert not self._released
        self._open = False
        self.reply_seconds = 0.0
        outcome = self._outcome()
        taken = isinstance(outcome, Sent) or any(_scenario(one) == "cut-after-dot" for one in self._accepted.values())
        if taken:
            self.gateway.mails.append(TakenMail(self.mailbox, self._sender, tuple(self._accepted.values()), content))
        return outcome

    async def abandon(self) -> None:
        """As the port says."""
        self.gateway.abandoned += self._open
        self._open = False

    async def release(self) -> None:
        """As the port says."""
        assert not self._released
        self._released = True
        self.gateway.in_use -= 1

    def _outcome(self) -> Outcome:
        if self.gateway.outcomes:
            scripted = self.gateway.outcomes.pop(0)
            return scripted if scripted.recipients else replace(scripted, recipients=self._results(scripted))
        asked = [_AFTER_DATA[name] for name in map(_scenario, self._accepted.values()) if name in _AFTER_DATA]
        outcome = asked[0] if asked else self._sent()
        return replace(outcome, recipients=self._results(outcome))

    def _sent(self) -> Sent:
        return Sent(Reply(250, "2.0.0", f"<taken-{len(self.gateway.mails)}@contoso.test>", "fake.contoso.test"))

    def _results(self, outcome: Outcome) -> Recipients:
        if isinstance(outcome, Sent):
            result = RecipientResult(Fate.ACCEPTED, outcome.reply.code, outcome.reply.enhanced)
        elif isinstance(outcome, Unknown):
            result = RecipientResult(Fate.UNKNOWN)
        else:
            return self._refused
        return {**self._refused, **dict.fromkeys(self._accepted, result)}

    def _nobody(self) -> NotSent:
        reason = Reason("recipient-refused", "made up")
        if any(result.fate is Fate.PENDING for result in self._refused.values()):
            return Retry(60.0, reason, Reply(450, "4.2.1"), self._refused)
        return Rejected(reason, Reply(550, "5.1.10"), self._refused)


def _scenario(address: str) -> str:
    local = address.partition("@")[0]
    return local.removeprefix("scenario+") if local.startswith("scenario+") else ""

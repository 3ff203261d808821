"""From a turn to an outcome: token → session → MAIL, RCPT → slot → claim → DATA."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from shared.attempt import Attempt
from shared.pace_ports import Turn
from shared.ports import Gateway, Session, Tokens
from shared.rules.access_faults import LOGON_FAILED, evidence_of, explain
from shared.rules.config import MailConfig, Sender
from shared.rules.mail import Mail
from shared.rules.mail_row import pending
from shared.rules.outcome import AuthRefused, NotSent, Outcome, Parked, Reason, Rejected, Retry
from shared.rules.pace import Later
from shared.rules.reply_table import CONCURRENCY
from shared.rules.storage_errors import Conflict
from shared.rules.token import Token
from shared.rules.token_errors import TokenUnavailable

AUTH_PAUSE = 900.0
"""Seconds after a login was refused twice. Grants take up to hours to spread, and hammering locks the mailbox."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail and its sender."""

    mail: Mail
    sender: Sender


class Explain(Protocol):
    """Tells apart the causes that share one refusal, by what the token says of itself."""

    def __call__(self, refused: Reason, mailbox: str, token: Token | None) -> Reason:
        """The cause, or the refusal where nothing is known; `token` is the refused one, None for none."""


def unexplained(refused: Reason, mailbox: str, token: Token | None) -> Reason:  # noqa: ARG001 - the shape of `Explain`
    """The refusal as it was."""
    return refused


@dataclass(frozen=True, slots=True)
class ByToken:
    """`Explain` by what the refused token says of itself and by the model that mail.toml names."""

    config: MailConfig
    clock: Callable[[], float]

    def __call__(self, refused: Reason, mailbox: str, token: Token | None) -> Reason:
        """As `Explain` says."""
        return explain(refused, evidence_of(self.config, mailbox, self.clock(), token.value if token else ""))


@dataclass(frozen=True, slots=True)
class Transmission:
    """One SMTP transaction under an attempt's claim."""

    tokens: Tokens
    gateway: Gateway
    explain: Explain = unexplained

    async def through(self, mailbox: str, turn: Turn, attempt: Attempt, letter: Letter, content: bytes) -> Outcome | Later:
        """Send the mail to whoever is still to get it; `Later` where its turn is over before it could leave.

        Raises `Conflict` where another attempt was quicker.
        """
        session = await self._session(mailbox)
        if isinstance(session, Retry | Rejected | Parked):
            return session
        try:
            return await self._told_apart(await _transact(session, turn, attempt, letter, content), mailbox)
        finally:
            await session.release()

    async def probe(self, mailbox: str) -> Reason | None:
        """Log in and send nothing: None where the server lets this mailbox in, otherwise why not."""
        try:
            token = await self.tokens.get(self.gateway.login_margin(mailbox))
        except TokenUnavailable as unavailable:
            return unavailable.reason
        opened = await self.gateway.open(mailbox, token)
        if isinstance(opened, AuthRefused):
            await self.tokens.drop(token)
            return self.explain(opened.reason, mailbox, token)
        if isinstance(opened, Retry | Rejected | Parked):
            return opened.reason
        await opened.release()
        await self.gateway.rest(mailbox, 0)  # no turn covers this connection
        return None

    async def _session(self, mailbox: str) -> Session | NotSent:
        """An authenticated session; after a refused login once more with a fresh token (Exchange reference 6.1, class T)."""
        refused: AuthRefused | None = None
        for _ in ("cached token", "fresh token"):
            try:
                token = await self.tokens.get(self.gateway.login_margin(mailbox))
            except TokenUnavailable as unavailable:
                return Retry(unavailable.retry_after, unavailable.reason)
            opened = await self.gateway.open(mailbox, token)
            if not isinstance(opened, AuthRefused):
                return opened
            refused = opened
            await self.tokens.drop(token)
        assert refused is not None  # noqa: S101 - the loop ran twice; says so to the type checker
        return Retry(AUTH_PAUSE, self.explain(refused.reason, mailbox, token), refused.reply)

    async def _told_apart(self, outcome: Outcome | Later, mailbox: str) -> Outcome | Later:
        """After DATA the token was good; its roles tell a missing right from both models at once."""
        if not isinstance(outcome, Retry) or outcome.reason.code != LOGON_FAILED:
            return outcome
        try:
            token = await self.tokens.get(self.gateway.login_margin(mailbox))
        except TokenUnavailable:
            token = None
        return replace(outcome, reason=self.explain(outcome.reason, mailbox, token))


async def _transact(session: Session, turn: Turn, attempt: Attempt, letter: Letter, content: bytes) -> Outcome | Later:
    recipients = [(n, letter.mail.recipients[n]) for n in pending(attempt.row)]
    offer = await session.offer(letter.sender.from_address, recipients, len(content))
    if offer.outcome is not None:
        return offer.outcome
    later = await turn.ready()
    if later is not None:
        await session.abandon()
        return later
    try:
        await attempt.claim()
    except Conflict:
        await session.abandon()
        raise
    async with attempt.lease():
        outcome = await session.transmit(content)
    if session.reply_seconds is not None:
        refused = isinstance(outcome, Retry) and outcome.reason.code == CONCURRENCY
        turn.dotted(session.reply_seconds, len(content), refused=refused)
    return outcome

"""The decoy: a mailbox that the identity must not be able to use. Logging in and sending as it has to be refused.

A mail goes from the decoy to itself, through DATA, because Exchange decides the right to send only there (Exchange
reference 0, item 4). Nobody else gets it, whatever Exchange decides.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.ports import Gateway, Session, Tokens
from shared.rules import audit_commands as commands
from shared.rules.audit import Finding, Kind
from shared.rules.audit_commands import Ids
from shared.rules.config import IdentityModel
from shared.rules.grants import SMTP_ROLE
from shared.rules.identifiers import message_id
from shared.rules.mail import Mail
from shared.rules.mime import build
from shared.rules.outcome import AuthRefused, NotSent, Outcome, Parked, Reason, Rejected, Reply, Retry, Sent
from shared.rules.token_errors import TokenUnavailable

NO_RIGHTS = 430
"""The reply after DATA where the login is fine and the mailbox does not open: a missing right in a temporary code."""

NOT_ABOUT_RIGHTS = frozenset(
    {
        *("mailbox-full", "mailbox-restricted", "daily-recipient-limit", "outbound-spam", "too-many-recipients"),
        *("content-refused", "from-malformed", "several-from", "locked-out-mailbox-full", "locked-out-licence"),
        *("locked-out-recipients", "locked-out-addresses"),
    }
)
"""Reasons of permanent refusals that Exchange has after it let the app into the mailbox, or may have before it looks."""

SUBJECT = "Permission audit: this mail must not arrive"
TEXT = (
    "keyless-mail's permission audit tried to send as this mailbox, which the app must not be able to use.\n"
    "Exchange let it. Run python -m ops audit, and take the right away.\n"
)


class Shown(StrEnum):
    """What Exchange did: refused the app, as it has to, let it send, or something from which nothing follows."""

    REFUSED = "refused"
    ACCEPTED = "accepted"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Proof:
    """What the decoy showed, and why where nothing follows from it."""

    shown: Shown
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Decoy:
    """The story. It takes no turn of a mailbox: one mail a week, and none of ours."""

    tokens: Tokens
    gateway: Gateway

    async def __call__(self, address: str, audit_id: str, at: float) -> Proof:
        """Try it once. `audit_id` (32 hex digits) and `at` (epoch seconds) make the mail's Message-ID and Date."""
        try:
            token = await self.tokens.get(self.gateway.login_margin(address))
        except TokenUnavailable as unavailable:
            return Proof(Shown.INCONCLUSIVE, unavailable.reason)
        opened = await self.gateway.open(address, token)
        if isinstance(opened, AuthRefused):
            return Proof(Shown.REFUSED)
        if isinstance(opened, Retry | Rejected | Parked):
            return Proof(Shown.INCONCLUSIVE, opened.reason)
        try:
            return await _send(opened, address, _content(address, audit_id, at))
        finally:
            await opened.release()
            await self.gateway.rest(address, 0)


def finding_of(proof: Proof, decoy: str, model: IdentityModel, ids: Ids) -> Finding | None:
    """What somebody should know of it; None where Exchange refused."""
    if proof.shown is Shown.ACCEPTED:
        scope, permission = commands.scope_assignment(ids, SMTP_ROLE), commands.remove_full_access(ids, decoy)
        return Finding("decoy-accepted", Kind.ALARM, _LET_IN, scope if model is IdentityModel.RBAC else permission)
    if proof.shown is Shown.INCONCLUSIVE:
        why = proof.reason.text if proof.reason else "the server's answer does not decide it"
        cause = f"the decoy proves nothing this time: {why}"
        return Finding("decoy-inconclusive", Kind.NOTE, cause, proof.reason.fix if proof.reason else "")
    return None


_LET_IN = "Exchange accepted a mail from the decoy: the app can send as a mailbox that is none of its senders'"


async def _send(session: Session, address: str, content: bytes) -> Proof:
    offer = await session.offer(address, [(0, address)], len(content))
    if offer.outcome is not None:
        return Proof(Shown.INCONCLUSIVE, offer.outcome.reason)
    return _judged(await session.transmit(content))


def _judged(outcome: Outcome) -> Proof:
    if isinstance(outcome, Sent):
        return Proof(Shown.ACCEPTED)
    reply = outcome.reply if isinstance(outcome, NotSent) else None
    refused = _is_refusal(reply) and outcome.reason.code not in NOT_ABOUT_RIGHTS
    return Proof(Shown.REFUSED) if refused else Proof(Shown.INCONCLUSIVE, outcome.reason)


def _is_refusal(reply: Reply | None) -> bool:
    return reply is not None and (reply.code == NO_RIGHTS or 500 <= reply.code <= 599)


def _content(address: str, audit_id: str, at: float) -> bytes:
    mail = Mail(sender="", subject=SUBJECT, to=(address,), text=TEXT)
    made = message_id(audit_id, address.rpartition("@")[2])
    return build(mail, from_name="", from_address=address, message_id=made, date=at)

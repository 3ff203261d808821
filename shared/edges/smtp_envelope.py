"""RCPT after RCPT: which recipients the server takes, and whether the transaction can go on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shared.edges.smtp_connection import Connection
from shared.edges.smtp_faults import verdict_of
from shared.rules.outcome import Fate, NotSent, Phase, RecipientResult, Recipients, Rejected, Reply
from shared.rules.replies import RECIPIENT_REFUSED, Verdict, classify, not_sent
from shared.rules.reply_table import ReplyKind
from shared.rules.smtp_text import UnsendableAddress, rcpt_to

ENOUGH = (452, "4.5.3")
"""Too many recipients: the rest would get the same answer, and servers count refused commands."""


@dataclass(slots=True)
class Envelope:
    """The recipients of one transaction, by what became of them."""

    accepted: list[int] = field(default_factory=list)
    refused: dict[int, RecipientResult] = field(default_factory=dict)

    async def offer(self, connection: Connection, recipients: Sequence[tuple[int, str]]) -> NotSent | None:
        """Offer all; an outcome where nobody was accepted or the server refuses more than a recipient."""
        stopped = await self._offer_all(connection, recipients)
        return None if stopped is None else replace(stopped, recipients=dict(self.refused))

    async def _offer_all(self, connection: Connection, recipients: Sequence[tuple[int, str]]) -> NotSent | None:
        permanent: NotSent = Rejected(RECIPIENT_REFUSED)
        temporary: NotSent | None = None
        for position, (number, address) in enumerate(recipients):
            try:
                line = rcpt_to(address)
            except UnsendableAddress:
                self.refused[number] = RecipientResult(Fate.REFUSED)
                continue
            answer = await connection.command(line)
            if answer.positive:
                self.accepted.append(number)
                continue
            reply = answer.reply
            verdict = classify(Phase.RCPT, answer.code, reply.enhanced, answer.text)
            if answer.code == 421 or not answer.negative or verdict.kind not in (ReplyKind.RECIPIENT, ReplyKind.RETRY):
                return not_sent(verdict, reply)
            self._note(number, verdict, reply)
            if verdict.kind is ReplyKind.RECIPIENT:
                permanent = not_sent(verdict, reply)
                continue
            temporary = not_sent(verdict, reply)
            if (reply.code, reply.enhanced) == ENOUGH:
                for later, _ in recipients[position + 1 :]:
                    self._note(later, verdict, reply)
                break
        return None if self.accepted else temporary or permanent

    def _note(self, number: int, verdict: Verdict, reply: Reply) -> None:
        fate = Fate.PENDING if verdict.kind is ReplyKind.RETRY else Fate.REFUSED
        self.refused[number] = RecipientResult(fate, reply.code, reply.enhanced)


def not_sent_because(error: Exception, phase: Phase, refused: Recipients) -> NotSent:
    """The outcome of a failure before the server can have the mail."""
    return not_sent(verdict_of(error, phase), None, dict(refused))

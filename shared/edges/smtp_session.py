"""One mail at a time over a logged-in connection: the envelope, then, when the caller has written its intent, the content.

What it tells is what can be known (design rule 2): no octet of the final dot written → not sent; the dot written without
a whole reply → unknown. A reused connection is not asked whether it still lives: MAIL is the question, because
repeating MAIL on a new connection cannot send anything.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from shared.edges.smtp_connection import Answer, Connection
from shared.edges.smtp_envelope import Envelope, not_sent_because
from shared.edges.smtp_faults import (
    ADDRESS_UNSENDABLE,
    CONTENT_NOT_CANONICAL,
    LOGIN_REFUSED_ANEW,
    NO_RECIPIENTS,
    OUTCOME_UNKNOWN,
    TOO_LARGE,
)
from shared.edges.smtp_offer import Offer, Timeouts
from shared.edges.smtp_span import TransactionSpan
from shared.rules.outcome import (
    AuthRefused,
    Fate,
    NotSent,
    Outcome,
    Parked,
    Phase,
    RecipientResult,
    Recipients,
    Rejected,
    Reply,
    Retry,
    Sent,
    Unknown,
)
from shared.rules.replies import NOT_UNDERSTOOD, classify, not_sent
from shared.rules.reply_table import SHORT
from shared.rules.smtp_text import UnsendableAddress, is_canonical, mail_from
from shared.telemetry import Attr, Telemetry

REDIAL_PAUSE = 5.0
"""Seconds until the next try when the login was refused on the way to replace a dead connection: it asks afresh then."""

NOT_FOR_THIS_MAIL = frozenset({421, 503})
"""Replies to MAIL that are about the connection: it is closing, or its last mail still counts as open (RFC 5321 4.1.4)."""


@dataclass(frozen=True, slots=True)
class SessionTools:
    """What a session borrows from its gateway."""

    redial: Callable[[], Awaitable[Connection | NotSent | AuthRefused]]
    give_back: Callable[[Connection], None]
    telemetry: Telemetry
    monotonic: Callable[[], float]
    timeouts: Timeouts


class SmtpSession:
    """A mailbox's session, as the story holds it from `open` to `release`."""

    def __init__(self, connection: Connection, tools: SessionTools, *, reused: bool) -> None:
        self._connection = connection
        self._tools = tools
        self._reused = reused
        self._span: TransactionSpan | None = None
        self._envelope = Envelope()
        self._mail_open = False
        self._phase = Phase.MAIL
        self._reply_seconds: float | None = None

    @property
    def reply_seconds(self) -> float | None:
        """How long the reply to the last mail's final dot took, or was waited for; None where the dot was not written."""
        return self._reply_seconds

    async def offer(self, sender: str, recipients: Sequence[tuple[int, str]], size: int) -> Offer:
        """MAIL and one RCPT for each `(number, address)`; `size` is in octets. Never raises for what servers do."""
        self._begin(len(recipients), size)
        self._envelope, self._reply_seconds = Envelope(), None
        try:
            stopped = await self._mail(sender, size) or await self._recipients(recipients)
        except Exception as error:  # noqa: BLE001 - every class has its verdict, unknown ones park the mail
            self._connection.close()
            stopped = not_sent_because(error, self._phase, self._envelope.refused)
        except BaseException:
            self._break_off()
            raise
        if stopped is not None:
            self._end(stopped)
        elif self._span is not None:
            self._span.set({Attr.RECIPIENTS_ACCEPTED: len(self._envelope.accepted)})
        return Offer(tuple(self._envelope.accepted), dict(self._envelope.refused), stopped)

    async def transmit(self, content: bytes) -> Outcome:
        """DATA, the content and the final dot, for the recipients that the offer found accepted."""
        try:
            outcome = await self._transmit(content)
        except Exception as error:  # noqa: BLE001 - every class has its verdict, unknown ones park the mail
            outcome = self._after_failure(error)
        except BaseException:
            self._break_off()
            raise
        self._end(outcome)
        return outcome

    async def abandon(self) -> None:
        """RSET: nothing was sent and nothing will be. A connection that does not take it is closed."""
        self._end("abandoned")
        if not self._mail_open:
            return
        self._mail_open = False
        try:
            answer = await self._connection.command(b"RSET", seconds=self._tools.timeouts.probe)
            if not answer.positive:
                self._connection.close()
        except Exception:  # noqa: BLE001 - the connection closed itself, and nothing depends on how
            self._connection.close()

    async def release(self) -> None:
        """Back to the pool, or closed where it cannot be used again."""
        if self._connection.alive:
            await self.abandon()
        self._end("abandoned")
        self._tools.give_back(self._connection)

    async def _mail(self, sender: str, size: int) -> NotSent | None:
        limit = self._connection.size_limit
        if limit and size > limit:
            return Rejected(TOO_LARGE)
        try:
            line = mail_from(sender, None if limit is None else size)
        except UnsendableAddress:
            return Parked(ADDRESS_UNSENDABLE)
        answer = await self._first_answer(line)
        if not isinstance(answer, Answer):
            return answer
        self._connection.mails += 1
        if answer.positive:
            self._mail_open = True
            return None
        return self._refused(answer)

    async def _first_answer(self, line: bytes) -> Answer | NotSent:
        """The reply to MAIL; a reused connection that turns out dead or cannot start a mail is replaced without a word."""
        if not self._reused:
            return await self._connection.command(line)
        try:
            answer = await self._connection.command(line, seconds=self._tools.timeouts.probe)
        except Exception:  # noqa: BLE001 - closed by now; whatever killed it, a new connection tells
            answer = None
        if answer is not None and answer.code not in NOT_FOR_THIS_MAIL:
            return answer
        self._connection.close()
        fresh = await self._tools.redial()
        if isinstance(fresh, AuthRefused):
            return Retry(REDIAL_PAUSE, LOGIN_REFUSED_ANEW, fresh.reply)
        if not isinstance(fresh, Connection):
            return fresh
        self._connection, self._reused = fresh, False
        if self._span is not None:
            self._span.set({Attr.REUSED: False})
        return await self._connection.command(line)

    async def _recipients(self, recipients: Sequence[tuple[int, str]]) -> NotSent | None:
        if not recipients:
            return Parked(NO_RECIPIENTS)
        self._phase = Phase.RCPT
        async with asyncio.timeout(self._tools.timeouts.offering):
            return await self._envelope.offer(self._connection, recipients)

    async def _transmit(self, content: bytes) -> Outcome:
        if not is_canonical(content):
            return Parked(CONTENT_NOT_CANONICAL, recipients=self._envelope.refused)
        self._phase = Phase.DATA
        answer = await self._connection.command(b"DATA")
        if answer.code != 354:
            return self._refused(answer)
        self._phase = Phase.CONTENT
        self._mail_open = False
        try:
            answer = await self._connection.content(content)
        finally:
            if self._connection.dot_written:
                self._reply_seconds = asyncio.get_running_loop().time() - self._connection.dot_at
        if self._connection.dot_written:
            self._phase = Phase.FINAL_DOT
        if answer.positive:
            return Sent(answer.reply, self._all(Fate.ACCEPTED, answer.reply))
        if not answer.negative:
            return self._unknown()
        self._mail_open = True  # Postfix keeps a mail open that its end-of-data restrictions refuse: only RSET ends it
        return self._refused(answer)

    def _refused(self, answer: Answer) -> NotSent:
        reply = answer.reply
        if not answer.negative:
            self._connection.close()
            return Retry(SHORT, NOT_UNDERSTOOD, reply, self._envelope.refused)
        if answer.code in (421, 432):  # 432: too many submit at once; one connection fewer is the cure
            self._connection.close()
        return not_sent(classify(self._phase, answer.code, reply.enhanced, answer.text), reply, self._envelope.refused)

    def _after_failure(self, error: Exception) -> Outcome:
        self._connection.close()
        if self._phase is Phase.CONTENT and self._connection.dot_written:
            return self._unknown()
        return not_sent_because(error, self._phase, self._envelope.refused)

    def _unknown(self) -> Unknown:
        self._connection.close()
        self._phase = Phase.FINAL_DOT
        return Unknown(Phase.FINAL_DOT, OUTCOME_UNKNOWN, self._all(Fate.UNKNOWN, None))

    def _all(self, fate: Fate, reply: Reply | None) -> Recipients:
        result = RecipientResult(fate, reply.code, reply.enhanced) if reply else RecipientResult(fate)
        return {**self._envelope.refused, **dict.fromkeys(self._envelope.accepted, result)}

    def _begin(self, recipients: int, size: int) -> None:
        self._phase = Phase.MAIL
        self._span = TransactionSpan(
            self._tools.telemetry,
            self._tools.monotonic,
            {Attr.RECIPIENTS: recipients, Attr.CONTENT_SIZE: size, Attr.REUSED: self._reused},
        )

    def _end(self, outcome: Outcome | str) -> None:
        if self._span is not None:
            self._span.end(self._phase, outcome)
            self._span = None

    def _break_off(self) -> None:
        """Cancelled in the middle: the next reply would be taken for another command's."""
        self._connection.close()
        self._end("cancelled")

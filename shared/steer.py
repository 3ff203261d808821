"""What people do with a mail: its caller cancels it, an operator puts it back or gives it up. Who and why are kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec

from shared.placing import Placer
from shared.ports import Ledger
from shared.resubmission import CannotReturn, Resubmission
from shared.rules.config import MailConfig
from shared.rules.field_rules import single_line
from shared.rules.mail_row import Entry, MailRow, move
from shared.rules.outcome import Fate, RecipientResult
from shared.rules.states import State
from shared.rules.storage_errors import Conflict, PayloadChanged, PayloadGone
from shared.rules.strict import Check, convert, parse_json

REDRIVABLE = frozenset({State.PARKED, State.REJECTED, State.EXPIRED, State.UNKNOWN})
"""States out of which only a person takes a mail (design 3.6)."""

LONGEST_NAME = 40
"""Characters of who and of why: together they are one line of the timeline."""

ORDER_LIMIT = 4096
"""Bytes of an operator's body."""

GIVEN_UP_BY_HAND = frozenset({State.WAITING, State.PARKED, State.UNKNOWN})
"""States in which an operator may end a mail."""


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator says beside the action: who they are, and why they do it."""

    who: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME), Check(single_line)]
    why: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME), Check(single_line)]


def order_from(body: bytes) -> Order:
    """The order in a JSON body; raises `Refused`."""
    return convert(parse_json(body, limit=ORDER_LIMIT), Order)


class NotPossible(Exception):
    """The mail's state does not allow it; `cause` says why, and nothing was changed."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Steer:
    """The story."""

    config: MailConfig
    ledger: Ledger
    placer: Placer
    clock: Callable[[], float]

    async def cancel(self, entry: Entry) -> MailRow:
        """End a mail that has not left, on its caller's word; a second time is fine. Raises `NotPossible`."""
        return await self._end(entry, frozenset({State.WAITING}), "cancelled by its caller")

    async def give_up(self, entry: Entry, *, who: str, why: str) -> MailRow:
        """End a mail that waits, or waits for a person, on an operator's word. Raises `NotPossible`."""
        return await self._end(entry, GIVEN_UP_BY_HAND, f"cancelled by {who}: {why}")

    async def redrive(self, entry: Entry, *, who: str, why: str) -> MailRow:
        """Put a mail back under the same id and Message-ID. Raises `NotPossible`.

        Its time to live begins again, and the caller's own deadline counts no longer: the operator has decided.
        Recipients that had it keep it: only those that were refused, or of whom nobody knows, are offered again.
        A producer's message that never became a mail goes back to its queue instead.
        """
        row = entry.row
        if row.state in REDRIVABLE and not row.sender:
            with self._to_its_queue() as queue:
                return await queue.put_back(entry, who=who, why=why)
        await self.check_redrivable(row)
        now = self.clock()
        waiting = move(row, State.WAITING, at=now, reason=f"put back by {who}: {why}")
        again = replace(
            waiting,
            recipients=tuple(_offered_again(one) for one in row.recipients),
            possible_duplicate=row.possible_duplicate or row.state is State.UNKNOWN,
            expires_at=now + self.config.senders[row.sender].expires_after,
            deadline=None,
            standstill=None,
            stopped="",
        )
        try:
            return (await self.placer.again(entry, again, delay=0.0, now=now)).row
        except Conflict:
            raise NotPossible("the mail was changed at this moment; look at it again") from None

    async def check_redrivable(self, row: MailRow) -> None:
        """Raise `NotPossible` where the mail cannot be put back, or would be only to be parked."""
        if row.state not in REDRIVABLE:
            raise NotPossible(f"the mail is {row.state}; only {_listed(REDRIVABLE)} mails can be put back")
        if not row.sender:
            with self._to_its_queue() as queue:
                await queue.check(row)
            return
        if row.sender not in self.config.senders:
            raise NotPossible("mail.toml lost the mail's sender; put it back into the file, or cancel the mail")
        await self._check_content(row.id)

    async def _check_content(self, mail_id: str) -> None:
        """Raise `NotPossible` where there is nothing to send."""
        try:
            await self.ledger.open(mail_id)
        except PayloadGone:
            cause = "its content was removed, as it is some time after a mail's end ([retention] payload in mail.toml)"
            raise NotPossible(f"{cause}; send it as a new mail") from None
        except PayloadChanged:
            raise NotPossible("its content is not what was accepted; send it as a new mail") from None

    @contextmanager
    def _to_its_queue(self) -> Iterator[Resubmission]:
        """For a message that never became a mail."""
        try:
            yield Resubmission(self.config, self.ledger, self.placer.queues, self.clock)
        except CannotReturn as obstacle:
            raise NotPossible(obstacle.cause) from None

    async def _end(self, entry: Entry, allowed: frozenset[State], reason: str) -> MailRow:
        row = entry.row
        if row.state is State.CANCELLED:
            return row
        if row.state not in allowed:
            raise NotPossible(f"the mail is {row.state}; only {_listed(allowed)} mails can be cancelled")
        ended = move(row, State.CANCELLED, at=self.clock(), reason=reason)
        try:
            return (await self.ledger.update(entry, replace(ended, ticket=row.ticket + 1))).row
        except Conflict:
            raise NotPossible("the mail was just taken up for sending") from None


def _offered_again(result: RecipientResult) -> RecipientResult:
    return RecipientResult(Fate.PENDING) if result.fate is Fate.REFUSED else result


def _listed(states: frozenset[State]) -> str:
    return " or ".join(sorted(state.value for state in states))

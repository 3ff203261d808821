"""A producer's message that never became a mail, put back on its queue by hand once the reason is gone.

The row keeps the body. It is put under the `id` that it names, or one made of the row's: doing it twice gives one mail.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from shared.ports import Ledger, Queues
from shared.rules import callers
from shared.rules.config import MailConfig, Producer
from shared.rules.mail_row import Entry, MailRow, move, note
from shared.rules.problems import Refused
from shared.rules.queue_bodies import with_key
from shared.rules.states import State
from shared.rules.storage_errors import Conflict, NotStorable, PayloadChanged, PayloadGone
from shared.unaccepted import KEY_CONFLICT, refused_reason


class CannotReturn(Exception):
    """The message cannot go back to its queue; `cause` says why, and nothing was changed."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Resubmission:
    """The story."""

    config: MailConfig
    ledger: Ledger
    queues: Queues
    clock: Callable[[], float]

    async def check(self, row: MailRow) -> None:
        """Raise `CannotReturn` where the message cannot be put back. What comes of it then is for the door to say."""
        self._producer(row)
        await self._text(row)

    async def put_back(self, entry: Entry, *, who: str, why: str) -> MailRow:
        """Put the body back, then say so in the row: a parked row ends as cancelled, a rejected one stays what it is.

        Raises `CannotReturn`.
        """
        producer = self._producer(entry.row)
        text = await self._text(entry.row)
        try:
            await self.queues.put(producer.queue, text)
        except NotStorable as too_large:
            raise CannotReturn(f"the message does not fit into its queue: {too_large.reason.text}") from None
        try:
            return (await self.ledger.update(entry, self._said(entry.row, who, why))).row
        except Conflict:
            raise CannotReturn("somebody else put the message back at this moment; look at it again") from None

    def _producer(self, row: MailRow) -> Producer:
        if row.why is not None and row.why.code == KEY_CONFLICT:
            raise CannotReturn("its id stands for another mail; send it again under a new id")
        for producer in self.config.producers.values():
            if callers.producer(producer).name == row.provenance.caller:
                return producer
        raise CannotReturn("the message was never accepted as a mail, and no producer of mail.toml sent it; send it again")

    async def _text(self, row: MailRow) -> str:
        try:
            kept = await self.ledger.open(row.id)
            return with_key((kept and kept.payload) or b"", f"put-back-{row.id}")
        except (PayloadGone, PayloadChanged) as lost:
            raise CannotReturn(f"the message cannot be put back: {lost}; send it again") from None
        except Refused as refused:
            raise CannotReturn(f"the message cannot be read: {refused_reason(refused).text}; send it again") from None

    def _said(self, row: MailRow, who: str, why: str) -> MailRow:
        now, reason = self.clock(), f"put back on its queue by {who}: {why}"
        if row.state is State.PARKED:
            return move(replace(row, ticket=row.ticket + 1), State.CANCELLED, at=now, reason=reason)
        return note(row, at=now, reason=reason)

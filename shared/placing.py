"""Puts a mail's one live message on the private queue `sending`, or takes it away; nobody else writes to it.

A ticket numbers the live message. The new message is put before the row learns its ticket, and the old message leaves the
queue only after both: a crash in between leaves two messages, of which the claim before DATA lets one through, never none.
"""

from dataclasses import dataclass, replace

from shared.ports import Ledger, OpenMails, Queues
from shared.rules.mail_row import Entry, MailRow
from shared.rules.orders import Order, encode
from shared.rules.stops import Stop
from shared.rules.storage_names import SENDING
from shared.telemetry import QUEUE_SYSTEM, Attr, Kind, Metric, Telemetry

__all__ = ["SENDING", "Placer"]


@dataclass(frozen=True, slots=True)
class Placer:
    """Knows the queue, the ledger and its index; times are seconds."""

    queues: Queues
    ledger: Ledger
    open_mails: OpenMails
    telemetry: Telemetry

    async def first(self, row: MailRow, *, now: float) -> None:
        """Put the message of a new mail; its ticket stands in the row already."""
        await self._put(row, max(0.0, row.due - now))

    async def again(self, entry: Entry, row: MailRow, *, delay: float, now: float) -> Entry:
        """Put a new message that replaces the old one, then write `row` with the new ticket and due time."""
        renewed = replace(row, ticket=entry.row.ticket + 1, due=now + delay)
        await self._put(renewed, delay)
        return await self.ledger.update(entry, renewed)

    async def hold(self, entry: Entry, row: MailRow, stop: Stop, *, since: float) -> Entry:
        """Let the mail wait at a stop without a message: the index says where, then its old message's ticket is outdated.

        Its time to live stands still from `since` on. Whoever lifts the stop puts the mail back.
        """
        key = stop.place.key
        await self.open_mails.stop(row, key)
        held = replace(row, stopped=key, standstill=since, why=stop.reason, ticket=entry.row.ticket + 1)
        return await self.ledger.update(entry, held)

    async def copy(self, order: Order, *, delay: float) -> None:
        """Put an order once more under the ticket that it has: the row belongs to somebody else or cannot be reached."""
        await self.queues.put(SENDING, encode(order), delay=delay)

    async def _put(self, row: MailRow, delay: float) -> None:
        with self.telemetry.span(
            f"send {SENDING}",
            kind=Kind.PRODUCER,
            attributes={
                Attr.MESSAGING_SYSTEM: QUEUE_SYSTEM,
                Attr.MESSAGING_OPERATION: "send",
                Attr.MESSAGING_OPERATION_TYPE: "send",
                Attr.MESSAGING_DESTINATION: SENDING,
                Attr.MAIL_ID: row.id,
                Attr.DELAY: delay,
            },
        ) as span:
            order = Order(id=row.id, ticket=row.ticket, traceparent=span.traceparent or row.traceparent)
            await self.queues.put(SENDING, encode(order), delay=delay)
            self.telemetry.count(Metric.SENT, {Attr.MESSAGING_DESTINATION: SENDING})

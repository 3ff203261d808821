"""Putting back many mails at once: after a template was mended, a mailbox got its rights, an outage is over."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from shared.looking import Unreadable, rows_of, why_unreadable
from shared.ports import Ledger, OpenMails
from shared.rules.field_rules import single_line
from shared.rules.mail_filter import MailFilter
from shared.rules.mail_row import Entry, MailRow
from shared.rules.open_mail import OpenMail
from shared.rules.storage_errors import BrokenRow, NewerRow
from shared.rules.strict import Check, Problem, Refused, convert, parse_json
from shared.steer import LONGEST_NAME, ORDER_LIMIT, REDRIVABLE, NotPossible, Steer

BATCH = 200
"""Mails put back by one call: a few seconds of storage calls, far below what a caller waits for."""

LOOKED_AT = 2000
"""Mails looked at by one call. A narrow filter passes by many."""

AT_ONCE = 8
"""Mails put back side by side, each with three calls to storage."""

_PLACE = re.compile(r"(\d{1,12}\.\d{3}) ([ -~]{1,512})")
"""When the order was given first, in epoch seconds, and the index's key up to which it was carried out."""


class BulkOrder(MailFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which mails, who says so and why; `dry_run` only looks. `after` is where the last call for this order stopped."""

    who: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME), Check(single_line)]
    why: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME), Check(single_line)]
    dry_run: bool
    after: str = ""


def bulk_order_from(body: bytes) -> BulkOrder:
    """The order in a JSON body; raises `Refused`."""
    order = convert(parse_json(body, limit=ORDER_LIMIT), BulkOrder)
    if order.state is not None and order.state not in REDRIVABLE:
        allowed = ", ".join(sorted(state.value for state in REDRIVABLE))
        raise Refused([Problem("/state", f"mails in this state cannot be put back; use one of: {allowed}")])
    return order


@dataclass(slots=True)
class Batch:
    """What one call did: mails put back (on a dry run: that would be), those left with the cause, and where it stopped.

    `after` belongs into the next call's order; '' where every mail was seen.
    """

    put_back: list[MailRow] = field(default_factory=list)
    left: list[tuple[MailRow, str]] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    after: str = ""


@dataclass(frozen=True, slots=True)
class Redrive:
    """The story. `ledger` and `open_mails` are usually the same edge."""

    ledger: Ledger
    open_mails: OpenMails
    steer: Steer
    clock: Callable[[], float]

    async def run(self, order: BulkOrder) -> Batch:
        """Put back the next mails that the order means, at most about `BATCH`.

        An order that is carried out in several calls takes up each mail once: one that comes to grief again meanwhile is
        newer than the order. Raises `Refused` for an `after` that no call gave.
        """
        began, key = _place(order.after) if order.after else (_to_the_millisecond(self.clock()), "")
        batch, seen = Batch(), 0
        while page := await self.open_mails.redrivable(key):
            for start in range(0, len(page), AT_ONCE):
                some = page[start : start + AT_ONCE]
                await self._some(some, order, began, batch)
                key, seen = some[-1].key, seen + len(some)
                if len(batch.put_back) >= BATCH or seen >= LOOKED_AT:
                    batch.after = f"{began:.3f} {key}"
                    return batch
        return batch

    async def _some(self, mails: Sequence[OpenMail], order: BulkOrder, began: float, batch: Batch) -> None:
        meant: list[Entry] = []
        async for _, entry in rows_of(self.ledger, mails):
            if isinstance(entry, Unreadable):
                batch.unreadable.append(entry)
            elif entry is not None and _means(order, entry.row, began):
                meant.append(entry)
        causes = await asyncio.gather(*(self._one(entry, order) for entry in meant))
        for entry, cause in zip(meant, causes, strict=True):
            if cause is None:
                batch.put_back.append(entry.row)
            else:
                batch.left.append((entry.row, cause))

    async def _one(self, entry: Entry, order: BulkOrder) -> str | None:
        """Why the mail was left as it is; None where it was put back."""
        try:
            if order.dry_run:
                await self.steer.check_redrivable(entry.row)
            else:
                await self.steer.redrive(entry, who=order.who, why=order.why)
        except NotPossible as obstacle:
            return obstacle.cause
        except (BrokenRow, NewerRow) as fault:  # it was read a moment ago
            return why_unreadable(fault).text
        return None


def _means(order: BulkOrder, row: MailRow, began: float) -> bool:
    came_later = bool(row.timeline) and row.timeline[-1].at >= began
    return row.state in REDRIVABLE and not came_later and order.fits(row)


def _to_the_millisecond(at: float) -> float:
    """As later calls of the same order will read it."""
    return float(f"{at:.3f}")


def _place(after: str) -> tuple[float, str]:
    found = _PLACE.fullmatch(after)
    if found is None:
        raise Refused([Problem("/after", "after is not what an earlier call answered; leave it out to begin anew")])
    return float(found[1]), found[2]

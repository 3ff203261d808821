"""Following entries of the index to their rows, several at a time and in the index's order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from shared.ports import Ledger
from shared.rules.mail_row import Entry
from shared.rules.open_mail import OpenMail
from shared.rules.outcome import Reason
from shared.rules.storage_errors import BrokenRow, NewerRow

AT_ONCE = 16
"""Rows read side by side: a long list takes a second or two, and leaves connections to the mails that are being sent."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that this program cannot read, and why."""

    mail_id: str
    reason: Reason


async def rows_of(ledger: Ledger, mails: Sequence[OpenMail]) -> AsyncIterator[tuple[OpenMail, Entry | Unreadable | None]]:
    """Each entry with its row, in order; None where there is none. Reads ahead by at most `AT_ONCE`."""
    for start in range(0, len(mails), AT_ONCE):
        some = mails[start : start + AT_ONCE]
        for mail, found in zip(some, await asyncio.gather(*(_read(ledger, mail.mail_id) for mail in some)), strict=True):
            yield mail, found


async def _read(ledger: Ledger, mail_id: str) -> Entry | Unreadable | None:
    try:
        return await ledger.read(mail_id)
    except (BrokenRow, NewerRow) as fault:
        return Unreadable(mail_id, why_unreadable(fault))


def why_unreadable(fault: BrokenRow | NewerRow) -> Reason:
    """What to tell an operator of a row that cannot be read."""
    if isinstance(fault, BrokenRow):
        return fault.reason
    return Reason("newer-row", str(fault), "ask the instances of the newer version, or bring all to one version")

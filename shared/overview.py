"""What operators ask: which mails need a look, what became of the mails to one person, what is stopped."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from shared.looking import Unreadable, rows_of
from shared.ports import Ledger, OpenMails, References
from shared.rules.mail_filter import MailFilter
from shared.rules.mail_row import MailRow
from shared.rules.open_mail import OpenMail
from shared.rules.states import FINAL, WAITS_FOR_A_PERSON, State
from shared.rules.stops import Stop
from shared.stops import StopKeeper
from shared.sweep import OVERDUE

LISTED = 500
"""Mails in one answer, if no other number is asked for: more than a person reads."""

LOOKED_AT = 1000
"""Entries of one list that one answer follows: as many as the index gives at once. A narrow filter may find no more."""

FAILED = frozenset({State.REJECTED, State.EXPIRED})
"""Final states out of which a person may take a mail; listed only where somebody asks for one of them."""

LISTABLE = frozenset(set(State) - (FINAL - FAILED))
"""States for which there is a list. Sent and cancelled mails are found by their recipient, or by their id."""


@dataclass(slots=True)
class Listing:
    """Mails in the order of their list; `more` where the list may go on."""

    rows: list[MailRow] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Listed:
    """An entry of the index, and whether a mail whose row looks so belongs to its list."""

    mail: OpenMail
    belongs: Callable[[MailRow], bool]


@dataclass(frozen=True, slots=True)
class Overview:
    """The story. `ledger` and `open_mails` are usually the same edge."""

    ledger: Ledger
    open_mails: OpenMails
    references: References
    keeper: StopKeeper
    clock: Callable[[], float]

    async def stops(self) -> list[Stop]:
        """What holds mails back now, the oldest first."""
        return sorted(await self.keeper.standing(), key=lambda stop: stop.since)

    async def attention(self, wanted: MailFilter, stops: Iterable[Stop] = (), *, limit: int = LISTED) -> Listing:
        """Mails that a person should look at: those that wait for one, that are held at one of `stops`, or overdue.

        Rejected and expired ones where `wanted` asks for that state, as long as they can be put back.
        """
        found = Listing()
        candidates = await (self._failed() if wanted.state in FAILED else self._open(stops, found))
        by_mail = {listed.mail.mail_id: listed for listed in reversed(candidates)}
        async for mail, entry in rows_of(self.ledger, [listed.mail for listed in reversed(by_mail.values())]):
            if len(found.rows) == limit:
                found.more = True
                break
            if isinstance(entry, Unreadable):
                found.unreadable.append(entry)
            elif entry is None or not by_mail[mail.mail_id].belongs(entry.row):
                await self._forget(mail)
            elif wanted.fits(entry.row):
                found.rows.append(entry.row)
        return found

    async def addressed(self, address: str, *, limit: int = LISTED) -> tuple[Listing, str]:
        """Mails to this address, the newest first, and the address's reference: it stands where the recipient does."""
        (ref,) = await self.references.of([address])
        found = Listing()
        async for _, entry in rows_of(self.ledger, await self.open_mails.addressed(ref)):
            if len(found.rows) == limit:
                found.more = True
                break
            if isinstance(entry, Unreadable):
                found.unreadable.append(entry)
            elif entry is not None and ref in entry.row.recipient_refs:
                found.rows.append(entry.row)
        return found, ref

    async def _open(self, stops: Iterable[Stop], found: Listing) -> Sequence[_Listed]:
        before = self.clock() - OVERDUE
        keys = {stop.place.key for stop in stops}
        lists = [
            [_Listed(mail, _waits_for_a_person) for mail in await self.open_mails.held()],
            *[[_Listed(mail, _held_at(key)) for mail in await self.open_mails.stopped(key)] for key in keys],
            [_Listed(mail, _due_by(before)) for mail in await self.open_mails.due(before)],
        ]
        found.more = any(len(one) >= LOOKED_AT for one in lists)
        return [listed for one in lists for listed in one]

    async def _failed(self) -> Sequence[_Listed]:
        mails: list[OpenMail] = []
        while page := await self.open_mails.redrivable(mails[-1].key if mails else ""):
            mails += page
        return [_Listed(mail, lambda _: True) for mail in mails]

    async def _forget(self, mail: OpenMail) -> None:
        """An entry of the list of those that wait for a person goes where it is no longer true, or old ones would hide
        new ones. Whoever works on the other lists keeps them in order.
        """
        if mail.list == "held":
            await self.open_mails.settle(mail)


def _waits_for_a_person(row: MailRow) -> bool:
    return row.state in WAITS_FOR_A_PERSON


def _held_at(key: str) -> Callable[[MailRow], bool]:
    return lambda row: row.state is State.WAITING and row.stopped == key


def _due_by(before: float) -> Callable[[MailRow], bool]:
    """Whether the row too says that somebody should have looked by then; the index knows the first time only."""
    return lambda row: row.state not in FINAL and row.due <= before

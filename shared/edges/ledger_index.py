"""The index: what leads to mails, so that lists and sweeps never scan the ledger.

Table `index`, one partition. The first word of a row key is the list, so that moving an entry from list to list is one
transaction, and a list is one range of keys:

- `due|<time>|<id>`: mails that the program moves on, by the time at which somebody should look;
- `held|<time>|<id>`: mails that wait for a person;
- `failed|<time>|<id>`: rejected and expired mails, by the time at which their payload should go: a person may put them back;
- `payload|<time>|<id>`: the other final mails, by that time;
- `row|<time>|<id>`: final mails without payload, by the time at which their row should go;
- `stop|<place>|<time>|<id>`: mails that wait at a place where a stop stands, beside their entry in `due`;
- `to|<reference>|<time left until the year 10000>|<id>`: mails by recipient; keys sort upwards, so this gives the newest.

Every mail that has a row has an entry in one of the first five. An entry that leads into `due` is written before its row,
every other one after it; an entry too much is harmless, because whoever follows one reads the row and moves or settles it.
"""

from collections.abc import Sequence
from contextlib import suppress

from shared.edges.storage_account import StorageAccount
from shared.edges.storage_calls import Absent, Changed
from shared.edges.storage_table import TRANSACTION_LIMIT, Change, Stored, Table, drop, put
from shared.rules.mail_row import MailRow
from shared.rules.open_mail import OpenMail
from shared.rules.states import FINAL, WAITS_FOR_A_PERSON, State
from shared.rules.utc_text import to_utc_text

TABLE = "index"
PARTITION = "mails"

DUE, HELD, FAILED, PAYLOAD, ROW, STOP, TO = "due", "held", "failed", "payload", "row", "stop", "to"

LISTED = 1000
"""Entries of one answer, which is one call to storage; whoever is done with these asks again."""

ADDRESSED = 500
"""Mails of one recipient in one answer: an alert's mailbox gets thousands, and a person looks at the newest."""

_BEHIND = "~"
"""Sorts behind everything that a key holds."""

_NEXT = "!"
"""A key with this at its end sorts behind the key and before every other one."""

_YEAR_10000 = 253_402_300_800_000
"""Milliseconds since 1970."""


class OpenIndex:
    """Entries that lead to mails. Raises `StorageUnavailable` and `StorageForbidden`.

    `keep_payload` is how long a final mail keeps its payload, in seconds.
    """

    def __init__(self, account: StorageAccount, *, keep_payload: float) -> None:
        self._entries = Table(account, TABLE)
        self._keep_payload = keep_payload

    async def due(self, now: float) -> list[OpenMail]:
        """Open mails at which somebody should have looked by `now`, the longest overdue first; at most `LISTED`."""
        return await self._listed(DUE, until=now)

    async def held(self) -> list[OpenMail]:
        """Mails that wait for a person, the oldest first; at most `LISTED`."""
        return await self._listed(HELD)

    async def redrivable(self, after: str = "") -> list[OpenMail]:
        """Mails that a person may put back, behind the entry with key `after`: rejected and expired ones whose payload is
        still there, then those of `held`; at most `LISTED`. The two lists are one range of keys, so this is one call.
        """
        first = f"{after}{_NEXT}" if after.startswith((f"{FAILED}|", f"{HELD}|")) else f"{FAILED}|"
        return await self._between(first, f"{HELD}|{_BEHIND}", most=LISTED)

    async def stopped(self, key: str) -> list[OpenMail]:
        """Mails that were noted at the place with this key, the oldest first; at most `LISTED`."""
        return await self._listed(f"{STOP}|{key}")

    async def spent(self, now: float) -> list[OpenMail]:
        """Mails whose payload should go by `now`, the oldest first; at most `LISTED`. The row has the last word."""
        found = [*await self._listed(PAYLOAD, until=now), *await self._listed(FAILED, until=now)]
        return sorted(found, key=lambda mail: mail.key.partition("|")[2])[:LISTED]

    async def outdated(self, now: float) -> list[OpenMail]:
        """Mails whose row should go by `now`, the oldest first; at most `LISTED`. The row has the last word."""
        return await self._listed(ROW, until=now)

    async def addressed(self, ref: str) -> list[OpenMail]:
        """Mails with the recipient that has this reference, the newest first; at most `ADDRESSED`."""
        found = await self._listed(f"{TO}|{ref}", most=ADDRESSED)
        return list({mail.mail_id: mail for mail in found}.values())

    async def settle(self, mail: OpenMail) -> None:
        """The entry is no longer true: it leaves its list.

        A mail that leaves `due` or `held` this way is final, or gone: it goes to `payload`, so that its payload is not
        forgotten where the entry of its end could not be written. A mail that was noted at a stop anew stays there.
        """
        if mail.list in (DUE, HELD):
            await self._move(mail.key, f"{PAYLOAD}{mail.key.removeprefix(mail.list)}")
        elif mail.etag:
            with suppress(Absent, Changed):
                await self._entries.transact([drop(PARTITION, mail.key, etag=mail.etag)])
        else:
            await self._entries.delete(PARTITION, mail.key)

    async def hold(self, mail: OpenMail) -> None:
        """The mail waits for a person: nobody needs to look by itself."""
        await self._move(mail.key, f"{HELD}{mail.key.removeprefix(mail.list)}")

    async def look_again(self, mail: OpenMail, at: float) -> None:
        """Nobody needs to look at the mail before `at`; its entry stays in its list, which is not `held`."""
        await self._move(mail.key, _key(mail.list, at, mail.mail_id))

    async def refile(self, mail: OpenMail, row: MailRow) -> None:
        """The entry goes to where a mail in the state of `row` belongs, even if somebody else has moved it meanwhile."""
        await self._transfer(mail.key, self._place(row))

    async def stop(self, row: MailRow, key: str) -> None:
        """Note that the mail waits at the place with this key; doing it again is fine."""
        await self._entries.upsert(_entity(_key(f"{STOP}|{key}", row.date, row.id)))

    async def emptied(self, mail: OpenMail, drop_at: float) -> None:
        """The payload of a mail from `spent` is gone; its row is due in `outdated` at `drop_at`."""
        await self._transfer(mail.key, _key(ROW, drop_at, mail.mail_id))

    async def _enter(self, row: MailRow) -> None:
        """Enter a mail whose row is about to be written: one call for a mail with less than a hundred recipients.

        The entry of its state comes with the last call, nearest to the row: what was written before it leads nowhere.
        """
        changes = [_put(key) for key in (*_addresses(row), self._place(row))]
        for start in range(0, len(changes), TRANSACTION_LIMIT):
            await self._entries.transact(changes[start : start + TRANSACTION_LIMIT])

    async def _forget_addresses(self, row: MailRow) -> None:
        """Remove the entries that lead from the recipients to this mail."""
        await self._entries.clear(PARTITION, _addresses(row))

    async def _withdraw(self, row: MailRow, standing: MailRow) -> None:
        """Remove the entries of a row that was not written, but not those of the row `standing` that has its id."""
        kept = {*_addresses(standing), self._place(standing)}
        await self._entries.clear(PARTITION, [key for key in (*_addresses(row), self._place(row)) if key not in kept])

    async def _follow(self, before: MailRow, row: MailRow) -> None:
        """Move a mail's entry to where its new state belongs: one call, none if that is where it is."""
        await self._transfer(self._place(before), self._place(row))

    def _place(self, row: MailRow) -> str:
        """The key of the entry that a row in this state has unless the sweep has moved it.

        It is made of what no deferral changes: the mail's Date, which is its first due time, or the time of its end.
        """
        if row.state in FINAL:
            resting = FAILED if row.state in (State.REJECTED, State.EXPIRED) else PAYLOAD
            return _key(resting, row.changed_at + self._keep_payload, row.id)
        return _key(HELD if row.state in WAITS_FOR_A_PERSON else DUE, row.date, row.id)

    async def _move(self, old: str, new: str) -> None:
        """Replace an entry that was just read. If it is gone somebody was quicker, and what they wrote is true."""
        if old != new:
            try:
                await self._entries.transact([drop(PARTITION, old), _put(new)])
            except Absent:
                return

    async def _transfer(self, old: str, new: str) -> None:
        """Replace an entry by a new one, which is written wherever the old one may be."""
        if old != new:
            try:
                await self._entries.transact([drop(PARTITION, old), _put(new)])
            except Absent:
                await self._entries.upsert(_entity(new))

    async def _listed(self, prefix: str, *, until: float | None = None, most: int = LISTED) -> list[OpenMail]:
        last = f"{prefix}|{'' if until is None else to_utc_text(until)}{_BEHIND}"
        return await self._between(f"{prefix}|", last, most=most)

    async def _between(self, first: str, last: str, *, most: int) -> list[OpenMail]:
        rows = await self._entries.between(PARTITION, first, last, most=most)
        return [_entry(row) for row in rows]


def _key(prefix: str, at: float, mail_id: str) -> str:
    return f"{prefix}|{to_utc_text(at)}|{mail_id}"


def _addresses(row: MailRow) -> Sequence[str]:
    """Keys of the entries by recipient; one for a recipient that is named twice, as a transaction wants it."""
    left = _YEAR_10000 - int(row.accepted_at * 1000)
    return [f"{TO}|{ref}|{left:015d}|{row.id}" for ref in dict.fromkeys(row.recipient_refs)]


def _entity(key: str) -> dict[str, str]:
    return {"PartitionKey": PARTITION, "RowKey": key}


def _put(key: str) -> Change:
    return put(_entity(key))


def _entry(row: Stored) -> OpenMail:
    key = str(row.columns["RowKey"])
    listed = key.partition("|")[0]
    return OpenMail(key.rpartition("|")[2], listed, key, etag=row.etag if listed == STOP else "")

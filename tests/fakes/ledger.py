"""The ledger and its index in memory."""

import hashlib
from dataclasses import replace

from shared.rules.mail_row import ROW_VERSION, Entry, MailRow
from shared.rules.open_mail import OpenMail
from shared.rules.outcome import Reason
from shared.rules.states import FINAL, UNDER_WAY, State
from shared.rules.storage_errors import AlreadyThere, BrokenRow, Conflict, NewerRow, PayloadChanged, PayloadGone
from tests.fakes.failing import Failing

KEEP_PAYLOAD = 86_400.0
ADDRESSED = 500
LISTED = 1000


class FakeLedger(Failing):
    """The ledger; `rows` and `payloads` by mail id may be looked at and spoiled, `broken` names rows edited by hand.

    The lists of the index may be looked at too: `index` (due), `resting` (spent) and `aging` (outdated) say when somebody
    should look at a mail, `for_a_person` holds ids, `noted` the mails of a stop's key, `recipients` those of a reference.
    """

    def __init__(self, *, keep_payload: float = KEEP_PAYLOAD) -> None:
        super().__init__()
        self.rows: dict[str, Entry] = {}
        self.payloads: dict[str, bytes] = {}
        self.broken: set[str] = set()
        self.index: dict[str, float] = {}
        self.for_a_person: set[str] = set()
        self.resting: dict[str, float] = {}
        self.aging: dict[str, float] = {}
        self.noted: dict[str, dict[str, float]] = {}
        self._notes: dict[tuple[str, str], int] = {}
        self.recipients: dict[str, dict[str, float]] = {}
        self._keep_payload = keep_payload
        self._writes = 0

    async def insert(self, row: MailRow, payload: bytes) -> Entry:
        """As the port says."""
        self._begin("insert")
        if (hashlib.sha256(payload).hexdigest() if row.payload_hash else "") != row.payload_hash:
            raise PayloadChanged
        if row.id in self.rows:
            raise AlreadyThere(self._readable(row.id))
        self.payloads[row.id] = payload
        self._enter(row)
        for ref in row.recipient_refs:
            self.recipients.setdefault(ref, {})[row.id] = row.accepted_at
        return replace(self._write(row), payload=payload)

    async def read(self, mail_id: str) -> Entry | None:
        """As the port says."""
        self._begin("read")
        return self._readable(mail_id) if mail_id in self.rows else None

    async def open(self, mail_id: str) -> Entry | None:
        """As the port says."""
        self._begin("open")
        if mail_id not in self.rows:
            return None
        entry = self._readable(mail_id)
        if not entry.row.payload_hash:
            return replace(entry, payload=b"")
        payload = self.payloads.get(mail_id)
        if payload is None:
            raise PayloadGone
        if hashlib.sha256(payload).hexdigest() != entry.row.payload_hash:
            raise PayloadChanged
        return replace(entry, payload=payload)

    async def update(self, entry: Entry, row: MailRow) -> Entry:
        """As the port says."""
        self._begin("update")
        if row.id != entry.row.id:
            raise ValueError("an update cannot change the mail's id")
        self._unchanged(entry)
        written = replace(self._write(row), payload=entry.payload)
        if row.state not in UNDER_WAY or entry.row.state not in UNDER_WAY:
            self._leave(row.id)
            self._enter(row)
        return written

    async def drop_payload(self, entry: Entry) -> None:
        """As the port says."""
        self._begin("drop_payload")
        self._empty(entry)

    async def drop(self, entry: Entry) -> None:
        """As the port says."""
        self._begin("drop")
        self._empty(entry)
        for mails in self.recipients.values():
            mails.pop(entry.row.id, None)
        del self.rows[entry.row.id]

    async def due(self, now: float) -> list[OpenMail]:
        """As the port says."""
        self._begin("due")
        return _until(self.index, "due", now)

    async def held(self) -> list[OpenMail]:
        """As the port says."""
        self._begin("held")
        return [OpenMail(mail_id, "held", mail_id) for mail_id in sorted(self.for_a_person)]

    async def redrivable(self, after: str = "") -> list[OpenMail]:
        """As the port says."""
        self._begin("redrivable")
        failed = {m for m in self.resting if m in self.rows and self.rows[m].row.state in (State.REJECTED, State.EXPIRED)}
        found = [OpenMail(m, "failed", f"failed|{self.resting[m]:020.6f}|{m}") for m in failed]
        held = ((m, self.rows[m].row.date) for m in self.for_a_person if m in self.rows)
        found += [OpenMail(m, "held", f"held|{at:020.6f}|{m}") for m, at in held]
        return sorted((mail for mail in found if mail.key > after), key=lambda mail: mail.key)[:LISTED]

    async def stop(self, row: MailRow, key: str) -> None:
        """As the port says."""
        self._begin("stop")
        self.noted.setdefault(key, {})[row.id] = row.date
        self._notes[key, row.id] = self._notes.get((key, row.id), 0) + 1

    async def stopped(self, key: str) -> list[OpenMail]:
        """As the port says."""
        self._begin("stopped")
        mails = _by_time(self.noted.get(key, {}))
        return [OpenMail(mail_id, "stop", key, etag=f"{self._notes[key, mail_id]}") for mail_id in mails]

    async def spent(self, now: float) -> list[OpenMail]:
        """As the port says."""
        self._begin("spent")
        return _until(self.resting, "payload", now)

    async def outdated(self, now: float) -> list[OpenMail]:
        """As the port says."""
        self._begin("outdated")
        return _until(self.aging, "row", now)

    async def emptied(self, mail: OpenMail, drop_at: float) -> None:
        """As the port says."""
        self._begin("emptied")
        self.resting.pop(mail.mail_id, None)
        self.aging[mail.mail_id] = drop_at

    async def addressed(self, ref: str) -> list[OpenMail]:
        """As the port says."""
        self._begin("addressed")
        newest = _by_time(self.recipients.get(ref, {}))[::-1]
        return [OpenMail(mail_id, "to", ref) for mail_id in newest[:ADDRESSED]]

    async def settle(self, mail: OpenMail) -> None:
        """As the port says; a mail that leaves `due` or `held` comes to `spent`, because it is final or gone."""
        self._begin("settle")
        if mail.list == "stop" and mail.etag != f"{self._notes[mail.key, mail.mail_id]}":
            return
        found = self._list(mail).pop(mail.mail_id, None)
        self.for_a_person -= {mail.mail_id} if mail.list == "held" else set()
        if mail.list in ("due", "held"):
            self.resting.setdefault(mail.mail_id, found or 0.0)

    async def hold(self, mail: OpenMail) -> None:
        """As the port says."""
        self._begin("hold")
        self.index.pop(mail.mail_id, None)
        self.for_a_person.add(mail.mail_id)

    async def look_again(self, mail: OpenMail, at: float) -> None:
        """As the port says."""
        self._begin("look_again")
        self._list(mail)[mail.mail_id] = at

    async def refile(self, mail: OpenMail, row: MailRow) -> None:
        """As the port says."""
        self._begin("refile")
        self._list(mail).pop(mail.mail_id, None)
        self._enter(row)

    def _list(self, mail: OpenMail) -> dict[str, float]:
        lists = {"due": self.index, "payload": self.resting, "failed": self.resting, "row": self.aging, "held": {}}
        lists |= {"stop": self.noted.get(mail.key, {}), "to": self.recipients.get(mail.key, {})}
        return lists[mail.list]

    def _enter(self, row: MailRow) -> None:
        if row.state in UNDER_WAY:
            self.index[row.id] = row.date
        elif row.state in FINAL:
            self.resting[row.id] = row.changed_at + self._keep_payload
        else:
            self.for_a_person.add(row.id)

    def _leave(self, mail_id: str) -> None:
        self.index.pop(mail_id, None)
        self.resting.pop(mail_id, None)
        self.for_a_person.discard(mail_id)

    def _empty(self, entry: Entry) -> None:
        if entry.row.state not in FINAL:
            raise ValueError("a mail that is not final keeps its payload and its row")
        self._unchanged(entry)
        self.payloads.pop(entry.row.id, None)
        self._write(entry.row)

    def _unchanged(self, entry: Entry) -> None:
        current = self.rows.get(entry.row.id)
        if current is None or current.etag != entry.etag:
            raise Conflict(current if entry.row.id not in self.broken else None)

    def _write(self, row: MailRow) -> Entry:
        self._writes += 1
        self.rows[row.id] = Entry(row, f"etag-{self._writes}")
        return self.rows[row.id]

    def _readable(self, mail_id: str) -> Entry:
        entry = self.rows[mail_id]
        if entry.row.version > ROW_VERSION:
            raise NewerRow(entry.row.version)
        if mail_id in self.broken:
            raise BrokenRow(Reason("row-broken", "column State is none of the states"))
        return entry


def _by_time(entries: dict[str, float]) -> list[str]:
    return sorted(entries, key=lambda mail_id: (entries[mail_id], mail_id))


def _until(entries: dict[str, float], name: str, now: float) -> list[OpenMail]:
    return [OpenMail(mail_id, name, mail_id) for mail_id in _by_time(entries) if entries[mail_id] <= now]

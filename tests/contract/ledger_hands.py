"""Mails for the ledger's suites, and somebody with access to the ledger's storage who spoils things by hand."""

import hashlib
from dataclasses import dataclass, replace
from typing import Protocol

from azure.data.tables import UpdateMode

from shared.ports import Ledger
from shared.rules.config import OnUnknown
from shared.rules.mail_row import ROW_VERSION, Entry, MailRow, Provenance, begin, move
from shared.rules.outcome import Fate, RecipientResult
from shared.rules.states import State
from tests.contract.conftest import Cloud
from tests.fakes.storage import FakeLedger

NOON = 1_795_471_200.0
"""2026-11-23T22:00:00Z."""

PAYLOAD = b'{"v": 1}'
LARGE = bytes(range(256)) * 300
"""Above what a table row takes."""

BOB, EVE = "b0b" * 8, "e7e" * 8
"""References to two recipients."""

KEEP_PAYLOAD = 3600.0
"""Seconds for which a final mail keeps its payload in these suites."""

TABLE = "ledger"

LedgerPort = Ledger


def a_mail(mail_id: str = "mail-1", payload: bytes = PAYLOAD) -> MailRow:
    """A mail to two recipients that waits."""
    row = MailRow(
        id=mail_id,
        state=State.WAITING,
        sender="alerts",
        provenance=Provenance(
            caller="producer:default",
            door="queue",
            rule="producers.default",
            template="event",
            template_hash="t" * 64,
            package_version="0.1.0",
            config_hash="c" * 64,
        ),
        content_hash="a" * 64,
        payload_hash=hashlib.sha256(payload).hexdigest(),
        message_id=f"<{mail_id}@contoso.test>",
        date=NOON,
        accepted_at=NOON + 0.1234567,
        due=NOON + 1.5,
        expires_at=NOON + 86_400,
        on_unknown=OnUnknown.RESEND,
        traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01",
        recipients=(RecipientResult(Fate.PENDING), RecipientResult(Fate.PENDING)),
        recipient_refs=(BOB, EVE),
    )
    return begin(row, reason="accepted")


def claimed(row: MailRow) -> MailRow:
    """The row as an attempt claims it."""
    sending = move(row, State.SENDING, at=NOON + 2, reason="transmitting")
    trace = "00-" + "3" * 32 + "-" + "4" * 16 + "-01"
    return replace(sending, attempts=row.attempts + 1, lease_until=NOON + 32, attempt_trace=trace)


def ended(row: MailRow, state: State = State.SENT, at: float = NOON + 3) -> MailRow:
    """The row of a claimed mail after its end."""
    return move(row, state, at=at, reason="ended")


async def a_final_mail(ledger: Ledger, mail_id: str = "mail-1", *, payload: bytes = PAYLOAD, at: float = NOON + 3) -> Entry:
    """A mail that was rejected at `at`."""
    entry = await ledger.insert(a_mail(mail_id, payload), payload)
    sending = await ledger.update(entry, claimed(entry.row))
    return await ledger.update(sending, ended(sending.row, State.REJECTED, at))


class Hand(Protocol):
    """What a person with access to the storage may do to a mail."""

    async def delete_row(self, mail_id: str) -> None:
        """Delete the row; its payload is forgotten."""

    async def raise_version(self, mail_id: str) -> None:
        """As if a newer version of the app had written the row."""

    async def spoil(self, mail_id: str) -> None:
        """Write a state that does not exist."""

    async def delete_payload(self, mail_id: str) -> None:
        """Delete the payload."""

    async def change_payload(self, mail_id: str) -> None:
        """Put other bytes in the payload's place."""


@dataclass(frozen=True, slots=True)
class FakeHand:
    """On the fake's dictionaries."""

    ledger: FakeLedger

    async def delete_row(self, mail_id: str) -> None:
        """As the protocol says."""
        del self.ledger.rows[mail_id]

    async def raise_version(self, mail_id: str) -> None:
        """As the protocol says."""
        entry = self.ledger.rows[mail_id]
        self.ledger.rows[mail_id] = replace(entry, row=replace(entry.row, version=ROW_VERSION + 1))

    async def spoil(self, mail_id: str) -> None:
        """As the protocol says."""
        self.ledger.broken.add(mail_id)

    async def delete_payload(self, mail_id: str) -> None:
        """As the protocol says."""
        del self.ledger.payloads[mail_id]

    async def change_payload(self, mail_id: str) -> None:
        """As the protocol says."""
        self.ledger.payloads[mail_id] = b"other"


@dataclass(frozen=True, slots=True)
class CloudHand:
    """On the real table, beside the adapter."""

    cloud: Cloud

    async def edit(self, mail_id: str, row: str, **columns: object) -> None:
        """Change columns of one of a mail's two rows, `mail` or `body`."""
        entity = {"PartitionKey": mail_id, "RowKey": row, **columns}
        await self.cloud.account.table(TABLE).update_entity(entity, mode=UpdateMode.MERGE)

    async def delete_row(self, mail_id: str) -> None:
        """As the protocol says."""
        await self.cloud.account.table(TABLE).delete_entity(mail_id, "mail")

    async def raise_version(self, mail_id: str) -> None:
        """As the protocol says."""
        await self.edit(mail_id, "mail", Version=ROW_VERSION + 1)

    async def spoil(self, mail_id: str) -> None:
        """As the protocol says."""
        await self.edit(mail_id, "mail", State="nowhere")

    async def delete_payload(self, mail_id: str) -> None:
        """As the protocol says."""
        await self.cloud.account.table(TABLE).delete_entity(mail_id, "body")

    async def change_payload(self, mail_id: str) -> None:
        """As the protocol says."""
        await self.edit(mail_id, "body", Payload=b"other")

"""The keys of mail.toml: one struct per table, with types and defaults, and what to write in each key."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.rules.config import KEEP_PAYLOAD, KEEP_ROWS, HttpAuth, IdentityModel, IdentityWay, OnUnknown
from shared.rules.conversion import Check, Read
from shared.rules.setting_values import address, content_rest, from_field, life, recipient_rule, row_rest

Address = Annotated[str, Check(address)]
Addresses = Annotated[list[Address], Meta(min_length=1)]
Names = Annotated[list[str], Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]
CloudName = Literal["worldwide", "gcc-high", "dod", "china", "custom"]
Verification = Literal["standard-webhooks", "github", "cloudevents", "event-grid"]


class Table(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that it does not have is refused by name."""


class CloudTable(Table):
    """`[cloud]`: where the mail leaves, and how large the tenant is."""

    name: CloudName = "worldwide"
    licences: Count | None = None


class IdentityTable(Table):
    """`[identity]`: who asks for the token, and what lets it send."""

    way: IdentityWay = IdentityWay.MANAGED_IDENTITY
    model: IdentityModel = IdentityModel.RBAC


class HttpTable(Table):
    """`[http]`: who proves the callers of the HTTP API."""

    auth: HttpAuth = HttpAuth.FUNCTION_KEY


class RetentionTable(Table):
    """`[retention]`: how long what is over is kept."""

    payload: Annotated[float, Read(content_rest)] = KEEP_PAYLOAD
    rows: Annotated[float, Read(row_rest)] = KEEP_ROWS


class SenderTable(Table):
    """`[senders.NAME]`: one From address and its mailboxes."""

    from_: Annotated[tuple[str, str], Read(from_field)] = msgspec.field(name="from")
    mailboxes: Addresses
    on_unknown: OnUnknown
    allow_recipients: Annotated[list[Annotated[str, Check(recipient_rule)]], Meta(min_length=1)] | None = None
    expires_after: Annotated[float, Read(life)] = 86_400.0
    messages_per_minute: Count = 30
    connections: Count = 3
    recipients_per_day: Count = 10_000


class ProducerTable(Table):
    """`[producers.NAME]`: one queue, and the senders that its messages may name."""

    queue: str
    senders: Names
    readers: list[str] = []


class WebhookTable(Table):
    """`[webhooks.NAME]`: one event source. With `digest`, sender and recipients are the digest's."""

    verify: Verification
    secrets: Names
    sender: str | None = None
    to: Addresses | None = None
    template: str | None = None
    digest: str | None = None


class DigestTable(Table):
    """`[digests.NAME]`: items collected until the schedule's next time."""

    schedule: str
    time_zone: str
    sender: str
    to: Addresses
    template: str


SINGLE: dict[str, type[Table]] = {
    "cloud": CloudTable,
    "identity": IdentityTable,
    "http": HttpTable,
    "retention": RetentionTable,
}
NAMED: dict[str, type[Table]] = {
    "senders": SenderTable,
    "producers": ProducerTable,
    "webhooks": WebhookTable,
    "digests": DigestTable,
}

CURES = {
    "name": 'say "worldwide", or the cloud of your tenant',
    "licences": "write a whole number from 1: the tenant's mailbox licences",
    "way": 'say "managed-identity" or "federated"',
    "model": 'say "rbac" or "claim"',
    "auth": 'say "function-key" or "entra"',
    "payload": 'write a duration from "1h" to "90d"',
    "rows": 'write a duration from "7d" to "3650d"',
    "from": 'write a name and an address: "Contoso Alerts <alerts@contoso.test>"',
    "mailboxes": 'list the addresses that log in: ["alerts@contoso.test"]',
    "on_unknown": 'say "resend" (rather twice than never) or "hold" (a person decides)',
    "allow_recipients": 'list domains and addresses, such as ["contoso.test"], or ["*"] for anybody',
    "expires_after": 'write a duration such as "24h"',
    "messages_per_minute": "write a whole number from 1; Exchange allows 30",
    "connections": "write a whole number from 1; Exchange allows 3",
    "recipients_per_day": "write a whole number from 1; Exchange allows 10000",
    "queue": 'name a storage queue, such as "outbox"',
    "senders": 'name tables of [senders], such as ["alerts"]',
    "readers": 'list callers, such as ["function-key"]',
    "verify": 'say how the source signs: "standard-webhooks", "github", "cloudevents" or "event-grid"',
    "secrets": 'list the NAMES of app settings that hold the secrets, such as ["GITHUB_WEBHOOK_SECRET"]',
    "sender": 'name a table of [senders], such as "alerts"',
    "to": 'list addresses, such as ["ops@contoso.test"]',
    "template": 'name a folder of templates/, such as "event"',
    "digest": 'name a table of [digests], such as "daily-ops"',
    "schedule": 'write a cron expression of five fields, such as "0 7 * * *"',
    "time_zone": 'write an IANA name, such as "Europe/London"',
}
"""What to write in each key; the last word of a fault whose cause does not say it."""

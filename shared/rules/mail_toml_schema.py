"""The keys of mail.toml: one struct per table, with types and defaults, and what to write in each key."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.rules.config import (
    DEFAULT_RATE,
    KEEP_PAYLOAD,
    KEEP_ROWS,
    MOST_VISIBLE,
    EndpointName,
    HttpAuth,
    IdentityModel,
    IdentityWay,
    OnUnknown,
    Priority,
    Scalar,
    Verification,
)
from shared.rules.conversion import Check, Read
from shared.rules.setting_values import (
    address,
    app_id,
    content_rest,
    domain,
    event_field,
    from_field,
    host,
    life,
    recipient_rule,
    row_rest,
)

Address = Annotated[str, Check(address)]
Addresses = Annotated[list[Address], Meta(min_length=1)]
Names = Annotated[list[str], Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]
CloudName = Literal["worldwide", "gcc-high", "dod", "china", "custom"]
Domains = Annotated[list[Annotated[str, Check(domain)]], Meta(min_length=1)]
EventField = Annotated[str, Check(event_field)]


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
    audience: str | None = None


class CallerTable(Table):
    """`[callers.NAME]`: an application that calls the HTTP API with a bearer token, and what it may do."""

    senders: Names
    application: Annotated[str, Check(app_id)] | None = None
    object: Annotated[str, Check(app_id)] | None = None
    templates: list[str] | None = None
    recipients: Domains | None = None
    reply_to: Domains | None = None
    priority: Priority = "high"
    per_day: Count | None = None

    def __post_init__(self) -> None:
        """Exactly one id; raises `ValueError`."""
        if (self.application is None) == (self.object is None):
            raise ValueError("needs the id of the caller; write either application or object")


class RetentionTable(Table):
    """`[retention]`: how long what is over is kept."""

    payload: Annotated[float, Read(content_rest)] = KEEP_PAYLOAD
    rows: Annotated[float, Read(row_rest)] = KEEP_ROWS


class AuditTable(Table):
    """`[audit]`: who is told what the permission audit found, and the mailbox outside the scope that it tries."""

    sender: str | None = None
    to: Addresses | None = None
    decoy: Address | None = None


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
    visible_external: Annotated[int, Meta(ge=0)] = MOST_VISIBLE
    endpoint: EndpointName = EndpointName.SUBMISSION


class ProducerTable(Table):
    """`[producers.NAME]`: one queue, and the senders that its messages may name."""

    queue: str
    senders: Names
    readers: list[str] = []


class ConditionTable(Table):
    """One line of `when`: a field and what it has to be."""

    field: EventField
    equals: Scalar | None = None
    in_: Annotated[list[Scalar], Meta(min_length=1)] | None = msgspec.field(default=None, name="in")
    starts_with: Annotated[str, Meta(min_length=1)] | None = None

    def __post_init__(self) -> None:
        """Exactly one comparison; raises `ValueError`."""
        if sum(one is not None for one in (self.equals, self.in_, self.starts_with)) != 1:
            raise ValueError("needs one of equals, in and starts_with; write exactly one of them")


class RecipientsTable(Table):
    """`recipients`: addresses by what one field of the event says."""

    field: EventField
    map: Annotated[dict[str, Address], Meta(min_length=1)]


class WebhookTable(Table):
    """`[webhooks.NAME]`: one event source. With `digest`, sender and recipients are the digest's."""

    verify: Verification
    secrets: Names | None = None
    audience: str | None = None
    sources: Names | None = None
    origins: Names | None = None
    rate: Count = DEFAULT_RATE
    sender: str | None = None
    to: Addresses | None = None
    template: str | None = None
    digest: str | None = None
    when: list[ConditionTable] = []
    recipients: RecipientsTable | None = None
    links: list[Annotated[str, Check(host)]] = []


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
    "audit": AuditTable,
}
NAMED: dict[str, type[Table]] = {
    "senders": SenderTable,
    "callers": CallerTable,
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
    "audience": 'write the application id URI of the app registration, such as "api://keyless-mail"',
    "application": "write the client id of the caller's application or managed identity, a GUID",
    "object": "write the object id of the caller's service principal, a GUID",
    "templates": 'list folders of templates/, such as ["alert"]; [] is none',
    "reply_to": 'list domains, such as ["contoso.test"]',
    "priority": 'say "high", "normal" or "bulk"',
    "per_day": "write a whole number from 1: mails in a day (UTC)",
    "visible_external": "write a whole number from 0: external addresses that may see each other in to and cc",
    "sources": 'list what events may be about: ids of Azure resources for "event-grid", source for "cloudevents"',
    "origins": 'list names of senders that may subscribe, such as ["eventgrid.azure.net"]',
    "rate": "write a whole number from 1: events a minute",
    "when": 'write conditions such as [{ field = "action", equals = "opened" }]',
    "field": 'name a field of the event by its path, such as "repository.full_name"',
    "equals": "write a text, a whole number, true or false",
    "in": 'list texts or numbers, such as ["opened", "closed"]',
    "starts_with": 'write the beginning, such as "refs/tags/"',
    "recipients": 'list domains (caller), or write { field = "login", map = { octocat = "ops@contoso.test" } } (webhook)',
    "map": 'write a table of texts and addresses, such as { octocat = "ops@contoso.test" }',
    "links": 'list hosts whose links stay links, such as ["github.com"]',
    "payload": 'write a duration from "1h" to "90d"',
    "rows": 'write a duration from "7d" to "3650d"',
    "from": 'write a name and an address: "Contoso Alerts <alerts@contoso.test>"',
    "mailboxes": 'list the addresses that log in: ["alerts@contoso.test"]',
    "on_unknown": 'say "resend" (rather twice than never) or "hold" (a person decides)',
    "allow_recipients": 'list domains and addresses, such as ["contoso.test"], or ["*"] for anybody',
    "expires_after": 'write a duration such as "24h"',
    "endpoint": 'say "submission" or "high-volume"',
    "messages_per_minute": "write a whole number from 1; Exchange allows 30",
    "connections": "write a whole number from 1; Exchange allows 3",
    "recipients_per_day": "write a whole number from 1; Exchange allows 10000",
    "queue": 'name a storage queue, such as "outbox"',
    "senders": 'name tables of [senders], such as ["alerts"]',
    "readers": 'list tables of [callers], or "function-key"',
    "verify": 'say how the source signs: "standard-webhooks", "github", "cloudevents" or "event-grid"',
    "secrets": 'list the NAMES of app settings that hold the secrets, such as ["GITHUB_WEBHOOK_SECRET"]',
    "sender": 'name a table of [senders], such as "alerts"',
    "to": 'list addresses, such as ["ops@contoso.test"]',
    "template": 'name a folder of templates/, such as "event"',
    "digest": 'name a table of [digests], such as "daily-ops"',
    "schedule": 'write a cron expression of five fields, such as "0 7 * * *"',
    "decoy": 'write the address of a mailbox that the app must not be able to use, such as "decoy@contoso.test"',
    "time_zone": 'write an IANA name, such as "Europe/London"',
}
"""What to write in each key; the last word of a fault whose cause does not say it."""

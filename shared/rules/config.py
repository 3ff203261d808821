"""What `mail.toml` says, as values. Read and checked by `shared/settings.py`; everybody else only reads these."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Priority = Literal["high", "normal", "bulk"]
"""Which line a mail stands in."""

MOST_VISIBLE = 10
"""External addresses that may see each other in to and cc: more is nearly always a list that was meant for bcc."""

DEFAULT_RATE = 120
"""Events a minute that a CloudEvents source may send unless the table says otherwise."""


class OnUnknown(StrEnum):
    """What happens to a mail when nobody can know whether Exchange took it."""

    RESEND = "resend"
    HOLD = "hold"


class HttpAuth(StrEnum):
    """Who proves the caller of the HTTP API: the host's function keys, or a bearer token that the app verifies."""

    FUNCTION_KEY = "function-key"
    ENTRA = "entra"


class IdentityWay(StrEnum):
    """How the app comes to a token for Exchange."""

    MANAGED_IDENTITY = "managed-identity"
    FEDERATED = "federated"


class IdentityModel(StrEnum):
    """How Exchange authorises the app: RBAC for Applications, or the SMTP.SendAsApp claim and a mailbox permission."""

    RBAC = "rbac"
    CLAIM = "claim"


class EndpointName(StrEnum):
    """Where a sender's mailboxes log in: Exchange Online's client submission, or High Volume Email (internal mail only)."""

    SUBMISSION = "submission"
    HIGH_VOLUME = "high-volume"


@dataclass(frozen=True, slots=True)
class Server:
    """A host and its port with STARTTLS."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where the mail leaves: SMTP host and port, and where the token for it comes from.

    `exchange_audience` is what the identity's token is for where it is the credential of an app registration, `graph` the
    resource of Microsoft Graph, `high_volume` the server of High Volume Email (None: the cloud has none).
    """

    name: str
    smtp_host: str
    smtp_port: int
    authority: str
    scope: str
    exchange_audience: str = "api://AzureADTokenExchange"
    graph: str = "https://graph.microsoft.com"
    high_volume: Server | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Which identity asks for the token, and by which model Exchange lets it send."""

    way: IdentityWay = IdentityWay.MANAGED_IDENTITY
    model: IdentityModel = IdentityModel.RBAC


@dataclass(frozen=True, slots=True)
class Sender:
    """One From address, the mailboxes that may authenticate for it, where they do, and its limits.

    `expires_after` is in seconds of time in which sending was possible. The three limits are of each mailbox;
    their defaults are Exchange Online's own (30 a minute, 3 connections, 10,000 recipients a day).
    """

    name: str
    from_name: str
    from_address: str
    mailboxes: tuple[str, ...]
    on_unknown: OnUnknown
    allow_recipients: tuple[str, ...]
    expires_after: float
    messages_per_minute: int = 30
    connections: int = 3
    recipients_per_day: int = 10_000
    visible_external: int = MOST_VISIBLE
    endpoint: EndpointName = EndpointName.SUBMISSION


@dataclass(frozen=True, slots=True)
class CallerSetting:
    """An application that calls the HTTP API with a bearer token, and what it may do; None is no limit of its own.

    One of `application` and `object` is set: the client id, or the object id, that its token names, in lower case.
    `recipients` and `reply_to` are domains, `priority` the highest one, `per_day` mails in a UTC day.
    """

    name: str
    senders: tuple[str, ...]
    application: str | None = None
    object: str | None = None
    templates: tuple[str, ...] | None = None
    recipients: tuple[str, ...] | None = None
    reply_to: tuple[str, ...] | None = None
    priority: Priority = "high"
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Producer:
    """Who may put events into one storage queue, as which senders; `readers` are callers that may ask for their state."""

    name: str
    queue: str
    senders: tuple[str, ...]
    readers: tuple[str, ...] = ()


class Verification(StrEnum):
    """How an event source proves itself."""

    STANDARD_WEBHOOKS = "standard-webhooks"
    GITHUB = "github"
    CLOUDEVENTS = "cloudevents"
    EVENT_GRID = "event-grid"


Scalar = str | int | bool
"""What a field of an event is compared with."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What one field of an event has to be: one of `values`, or a text that begins with `starts_with`.

    `field` names it by its path from the event's root: `repository.full_name`, `labels.0.name`.
    """

    field: str
    values: tuple[Scalar, ...] = ()
    starts_with: str | None = None


@dataclass(frozen=True, slots=True)
class RecipientMap:
    """Recipients by what one field of the event says, exactly; an address in an event is never written to."""

    field: str
    map: dict[str, str]


@dataclass(frozen=True, slots=True)
class Webhook:
    """An event source: how it proves itself, which of its events count, and what becomes of them (a template or a digest).

    `audience` is the app registration whose bearer tokens prove it (instead of `secrets`), `sources` are the Event Grid
    topics (empty: none) or CloudEvents sources (empty: all) that it may tell of. `origins` may subscribe by the handshake
    of CloudEvents, at `rate` events a minute. Links to the hosts in `links` stay links.
    """

    name: str
    verify: str
    secrets: tuple[str, ...]
    sender: str
    to: tuple[str, ...]
    template: str | None = None
    digest: str | None = None
    audience: str | None = None
    sources: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    rate: int = DEFAULT_RATE
    when: tuple[Condition, ...] = ()
    recipients: RecipientMap | None = None
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """Items collected until the schedule's next time, then one mail. `schedule` is cron in `time_zone`."""

    name: str
    schedule: str
    time_zone: str
    sender: str
    to: tuple[str, ...]
    template: str


KEEP_PAYLOAD, KEEP_ROWS = 86_400.0, 90 * 86_400.0
"""Seconds: a day to put a refused mail back, and a quarter of a year to answer what became of one (design 3.7)."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Seconds for which a final mail's content and its row are kept, both counted from its last change of state."""

    payload: float = KEEP_PAYLOAD
    rows: float = KEEP_ROWS


@dataclass(frozen=True, slots=True)
class AuditSetting:
    """The permission audit: who gets its mails (none: nobody), from which sender, and the mailbox that must be refused."""

    sender: str = ""
    to: tuple[str, ...] = ()
    decoy: str = ""


@dataclass(frozen=True, slots=True)
class MailConfig:
    """The whole of `mail.toml`. `digest_of_file` is the hash that the ledger stores with every mail.

    `http_audience` is the app registration for which callers' tokens are made, with `http_auth` entra.
    `licences` is how many mailbox licences the tenant has (None: nobody said); the tenant's limit follows from it.
    """

    cloud: Cloud
    identity: Identity
    http_auth: HttpAuth
    http_audience: str | None = None
    senders: dict[str, Sender] = field(default_factory=dict)
    callers: dict[str, CallerSetting] = field(default_factory=dict)
    producers: dict[str, Producer] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    digests: dict[str, Digest] = field(default_factory=dict)
    retention: Retention = field(default_factory=Retention)
    audit: AuditSetting = field(default_factory=AuditSetting)
    licences: int | None = None
    digest_of_file: str = ""

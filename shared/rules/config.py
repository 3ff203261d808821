"""What `mail.toml` says, as values. Read and checked by `shared/settings.py`; everybody else only reads these."""

from dataclasses import dataclass, field
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where the mail leaves: SMTP host and port, and where the token for it comes from."""

    name: str
    smtp_host: str
    smtp_port: int
    authority: str
    scope: str
    exchange_audience: str = "api://AzureADTokenExchange"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which identity asks for the token, and by which model Exchange lets it send."""

    way: IdentityWay = IdentityWay.MANAGED_IDENTITY
    model: IdentityModel = IdentityModel.RBAC


@dataclass(frozen=True, slots=True)
class Sender:
    """One From address, the mailboxes that may authenticate for it, and its limits.

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


@dataclass(frozen=True, slots=True)
class Producer:
    """Who may put events into one storage queue, as which senders; `readers` are callers that may ask for their state."""

    name: str
    queue: str
    senders: tuple[str, ...]
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Webhook:
    """A signed event source: how it is verified and what becomes of its events (a template or a digest)."""

    name: str
    verify: str
    secrets: tuple[str, ...]
    sender: str
    to: tuple[str, ...]
    template: str | None = None
    digest: str | None = None


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
class MailConfig:
    """The whole of `mail.toml`. `digest_of_file` is the hash that the ledger stores with every mail.

    `licences` is how many mailbox licences the tenant has (None: nobody said); the tenant's limit follows from it.
    """

    cloud: Cloud
    identity: Identity
    http_auth: HttpAuth
    senders: dict[str, Sender] = field(default_factory=dict)
    producers: dict[str, Producer] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    digests: dict[str, Digest] = field(default_factory=dict)
    retention: Retention = field(default_factory=Retention)
    licences: int | None = None
    digest_of_file: str = ""

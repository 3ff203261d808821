"""From the parsed mail.toml to values: every table by itself, with every fault of every table.

What one table says about another is checked in `config_checks`.
"""

from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.rules.config import AuditSetting, CallerSetting, Digest, HttpAuth, Identity, Producer, Retention, Sender, Webhook
from shared.rules.conversion import convert
from shared.rules.faults import KEYLESS_CAUSE, KEYLESS_CURE, Fault, looks_secret, printable, unknown
from shared.rules.mail_toml_schema import (
    CURES,
    NAMED,
    SINGLE,
    AuditTable,
    CallerTable,
    CloudTable,
    DigestTable,
    HttpTable,
    IdentityTable,
    ProducerTable,
    RetentionTable,
    SenderTable,
    Table,
    WebhookTable,
)
from shared.rules.mail_toml_webhooks import optional, webhook
from shared.rules.patterns import TABLE_NAME
from shared.rules.problems import Problem, Refused, place

FILE = "mail.toml"

T = TypeVar("T", bound=Table)


@dataclass(frozen=True, slots=True)
class Tables:
    """What is sound in the file. `cloud` is '' where it is not.

    The names of senders and digests include the unsound ones, so that nothing else is blamed for them.
    """

    cloud: str
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
    sender_names: frozenset[str] = frozenset()
    caller_names: frozenset[str] = frozenset()
    digest_names: frozenset[str] = frozenset()
    secret_names: frozenset[str] = frozenset()


def read_tables(raw: dict[str, Any]) -> tuple[Tables, list[Fault]]:
    """The parsed file as values, and every fault of its single tables."""
    faults = [unknown("", name, (*SINGLE, *NAMED)) for name in raw if name not in SINGLE and name not in NAMED]
    cloud = _single(raw, "cloud", CloudTable, faults)
    identity = _single(raw, "identity", IdentityTable, faults) or IdentityTable()
    http = _single(raw, "http", HttpTable, faults) or HttpTable()
    retention = _single(raw, "retention", RetentionTable, faults) or RetentionTable()
    audit = _single(raw, "audit", AuditTable, faults) or AuditTable()
    digests = {name: _digest(name, table) for name, table in _named(raw, "digests", DigestTable, faults).items()}
    webhooks = _named(raw, "webhooks", WebhookTable, faults)
    tables = Tables(
        cloud=cloud.name if cloud else "",
        identity=Identity(way=identity.way, model=identity.model),
        http_auth=http.auth,
        http_audience=http.audience,
        senders={name: _sender(name, table) for name, table in _named(raw, "senders", SenderTable, faults).items()},
        callers={name: _caller(name, table) for name, table in _named(raw, "callers", CallerTable, faults).items()},
        producers={name: _producer(name, table) for name, table in _named(raw, "producers", ProducerTable, faults).items()},
        webhooks={name: webhook(name, table, digests) for name, table in webhooks.items()},
        digests=digests,
        retention=Retention(payload=retention.payload, rows=retention.rows),
        audit=AuditSetting(sender=audit.sender or "", to=tuple(audit.to or ()), decoy=audit.decoy or ""),
        licences=cloud.licences if cloud else None,
        sender_names=frozenset(_section(raw, "senders")),
        caller_names=frozenset(_section(raw, "callers")),
        digest_names=frozenset(_section(raw, "digests")),
        secret_names=_secret_names(raw),
    )
    return tables, faults


def to_fault(problem: Problem) -> Fault:
    """A problem of the strict conversion as a fault of the file: same cause, and what to write."""
    steps = problem.pointer.split("/")
    key = next((step for step in reversed(steps) if not step.isdecimal()), "")
    name = place(problem.pointer) if problem.pointer else FILE
    if looks_secret(key) and key not in CURES:
        return Fault(name, KEYLESS_CAUSE, KEYLESS_CURE)
    cause, _, cure = problem.message.removeprefix(f"{name} ").partition("; ")
    known = cure if cure and cure != "it is required" else CURES.get(key)
    return Fault(name, cause, known or "see docs/settings.md")


def _single(raw: dict[str, Any], section: str, type_: type[T], faults: list[Fault]) -> T | None:
    return _converted(raw.get(section, {}), type_, f"/{section}", faults)


def _named(raw: dict[str, Any], section: str, type_: type[T], faults: list[Fault]) -> dict[str, T]:
    tables = raw.get(section, {})
    if not isinstance(tables, dict):
        faults.append(Fault(section, "has to be a table of tables", f"write [{section}.NAME]"))
        return {}
    sound: dict[str, T] = {}
    for name, table in tables.items():
        if not TABLE_NAME.fullmatch(name):
            cause = "is not a name: lower-case letters, digits and inner hyphens, at most 50, the first a letter"
            faults.append(Fault(f"{section}.{printable(name)}", cause, "rename the table"))
        elif (converted := _converted(table, type_, f"/{section}/{name}", faults)) is not None:
            sound[name] = converted
    return sound


def _converted(table: object, type_: type[T], pointer: str, faults: list[Fault]) -> T | None:
    try:
        return convert(table, type_, pointer=pointer)
    except Refused as refused:
        faults.extend(to_fault(problem) for problem in refused.problems)
        return None


def _section(raw: dict[str, Any], section: str) -> dict[str, Any]:
    tables = raw.get(section)
    return tables if isinstance(tables, dict) else {}


def _secret_names(raw: dict[str, Any]) -> frozenset[str]:
    listed = (table.get("secrets") for table in _section(raw, "webhooks").values() if isinstance(table, dict))
    return frozenset(name for names in listed if isinstance(names, list) for name in names if isinstance(name, str))


def _sender(name: str, table: SenderTable) -> Sender:
    from_name, from_address = table.from_
    return Sender(
        name=name,
        from_name=from_name,
        from_address=from_address,
        mailboxes=tuple(table.mailboxes),
        on_unknown=table.on_unknown,
        allow_recipients=tuple(table.allow_recipients or (from_address.rpartition("@")[2],)),
        expires_after=table.expires_after,
        messages_per_minute=table.messages_per_minute,
        connections=table.connections,
        recipients_per_day=table.recipients_per_day,
        visible_external=table.visible_external,
        endpoint=table.endpoint,
    )


def _caller(name: str, table: CallerTable) -> CallerSetting:
    return CallerSetting(
        name=name,
        senders=tuple(table.senders),
        application=table.application,
        object=table.object,
        templates=optional(table.templates),
        recipients=optional(table.recipients),
        reply_to=optional(table.reply_to),
        priority=table.priority,
        per_day=table.per_day,
    )


def _producer(name: str, table: ProducerTable) -> Producer:
    return Producer(name=name, queue=table.queue, senders=tuple(table.senders), readers=tuple(table.readers))


def _digest(name: str, table: DigestTable) -> Digest:
    return Digest(
        name=name,
        schedule=table.schedule,
        time_zone=table.time_zone,
        sender=table.sender,
        to=tuple(table.to),
        template=table.template,
    )

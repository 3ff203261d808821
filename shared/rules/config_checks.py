"""What the tables of mail.toml say about each other, and what is sound but unwise. Pure.

`check` finds what makes the file unusable, `advise` what a person should know although the app can run.
"""

from collections.abc import Collection, Iterator

from shared.rules.callers import FUNCTION_KEY
from shared.rules.clouds import CLOUDS, CUSTOM, UNPROVEN
from shared.rules.config import Digest, EndpointName, HttpAuth, Producer, Retention, Sender, Verification
from shared.rules.config_audit import check_audit
from shared.rules.config_doors import check_caller, check_webhook
from shared.rules.config_references import check_receivers, check_reference, check_template
from shared.rules.digest_windows import check_schedule
from shared.rules.faults import Fault
from shared.rules.mail_toml import Tables
from shared.rules.mail_toml_schema import CURES
from shared.rules.patterns import QUEUE_NAME
from shared.rules.setting_values import ANYBODY
from shared.rules.storage_names import POISON_SUFFIX

PRIVATE_QUEUE = "sending"
"""The app's own queue: nobody else may write to it."""

LONGEST_QUEUE = 63 - len(POISON_SUFFIX)
"""With a longer name the poison queue's would not be valid, and the host would retry a bad message for ever."""

PUBLISHED = {"messages_per_minute": 30, "connections": 3, "recipients_per_day": 10_000}
"""Exchange Online's limits of one mailbox (Microsoft Learn, "Exchange Online limits", section on sending). They are those of
client submission; High Volume Email has none that are published for an account."""


def check(tables: Tables, templates: Collection[str]) -> list[Fault]:
    """Every contradiction between the tables, and names that lead nowhere; `templates` are the package's."""
    return [
        *_senders(tables),
        *_producers(tables),
        *_retention(tables.retention),
        *(fault for webhook in tables.webhooks.values() for fault in check_webhook(webhook, tables, templates)),
        *(fault for caller in tables.callers.values() for fault in check_caller(caller, tables, templates)),
        *_callers(tables),
        *check_audit(tables),
        *(fault for digest in tables.digests.values() for fault in _digest(digest, tables, templates)),
    ]


def advise(tables: Tables) -> list[Fault]:
    """Warnings: limits above Exchange's own, recipients that an endpoint does not reach, clouds that nobody has proven,
    readers and callers that can never match.
    """
    return [
        *_limits(tables),
        *_outsiders(tables),
        *_cloud(tables),
        *_readers(tables),
        *_idle_callers(tables),
        *_deaf_webhooks(tables),
    ]


def _senders(tables: Tables) -> Iterator[Fault]:
    if not tables.sender_names:
        yield Fault("senders", "there is no sender, so nothing could be sent", "add a table [senders.NAME]")
    for sender in tables.senders.values():
        path = f"senders.{sender.name}.mailboxes"
        if len({mailbox.lower() for mailbox in sender.mailboxes}) < len(sender.mailboxes):
            yield Fault(path, "names a mailbox twice", "name each mailbox once")
    yield from _endpoints(tables)
    yield from _shared_mailboxes(tables)


def _endpoints(tables: Tables) -> Iterator[Fault]:
    cloud = CLOUDS.get(tables.cloud)
    if cloud is None or cloud.high_volume is not None:
        return
    for sender in _high_volume(tables):
        cause = f"is High Volume Email, which the cloud {cloud.name!r} does not have"
        yield Fault(f"senders.{sender.name}.endpoint", cause, 'say "submission", or leave the key out')


def _high_volume(tables: Tables) -> list[Sender]:
    return [sender for sender in tables.senders.values() if sender.endpoint is EndpointName.HIGH_VOLUME]


def _shared_mailboxes(tables: Tables) -> Iterator[Fault]:
    """A mailbox has one pace and one server, so two senders that share it must say the same limits and endpoint."""
    first_of: dict[str, Sender] = {}
    for sender in tables.senders.values():
        for mailbox in sender.mailboxes:
            other = first_of.setdefault(mailbox.lower(), sender)
            if other.endpoint is not sender.endpoint:
                cause = (
                    f"differs from senders.{other.name}.endpoint, although both share a mailbox, which logs in at one place"
                )
                yield Fault(f"senders.{sender.name}.endpoint", cause, "say the same in both, or use another mailbox")
            for limit in PUBLISHED:
                if getattr(other, limit) != getattr(sender, limit):
                    cause = f"differs from senders.{other.name}.{limit}, although both share a mailbox, which has one pace"
                    yield Fault(f"senders.{sender.name}.{limit}", cause, "write the same number in both")


def _producers(tables: Tables) -> Iterator[Fault]:
    owner: dict[str, str] = {}
    for producer in tables.producers.values():
        path = f"producers.{producer.name}"
        yield from _queue(producer)
        first = owner.setdefault(producer.queue, producer.name)
        if first != producer.name:
            cause = f"is also the queue of producers.{first}, but whoever may write to a queue is one producer"
            yield Fault(f"{path}.queue", cause, "give each producer a queue of its own")
        for number, name in enumerate(producer.senders):
            yield from check_reference(f"{path}.senders[{number}]", "senders", name, tables.sender_names)


def _retention(retention: Retention) -> Iterator[Fault]:
    if retention.rows < retention.payload:
        cause = "is shorter than retention.payload, but without its row nobody finds a mail's content"
        yield Fault("retention.rows", cause, "write the same duration or a longer one")


def _queue(producer: Producer) -> Iterator[Fault]:
    path = f"producers.{producer.name}.queue"
    if producer.queue == PRIVATE_QUEUE:
        yield Fault(path, f"is {PRIVATE_QUEUE!r}, the app's private queue", "choose another name, such as 'outbox'")
    elif producer.queue.endswith(POISON_SUFFIX):
        yield Fault(path, f"ends in {POISON_SUFFIX!r}, the name of queues for failed messages", "choose another name")
    elif not QUEUE_NAME.fullmatch(producer.queue) or len(producer.queue) > LONGEST_QUEUE:
        cause = f"is not the name of a queue (3 to {LONGEST_QUEUE} lower-case letters, digits and single inner hyphens)"
        yield Fault(path, cause, "choose a name such as 'outbox'")


def _digest(digest: Digest, tables: Tables, templates: Collection[str]) -> Iterator[Fault]:
    path = f"digests.{digest.name}"
    yield from check_receivers(path, digest, tables)
    yield from check_template(f"{path}.template", digest.template, templates)
    try:
        check_schedule(digest.schedule, digest.time_zone)
    except ValueError as error:
        cause, _, cure = str(error).partition("; ")
        key = "time_zone" if "time zone" in cause else "schedule"
        yield Fault(f"{path}.{key}", cause, cure or CURES[key])


def _limits(tables: Tables) -> Iterator[Fault]:
    if tables.cloud == CUSTOM:
        return
    for sender in tables.senders.values():
        if sender.endpoint is not EndpointName.SUBMISSION:
            continue
        for limit, published in PUBLISHED.items():
            if getattr(sender, limit) > published:
                cause = f"is above Exchange Online's limit of {published} for each mailbox: mails will be throttled"
                yield Fault(f"senders.{sender.name}.{limit}", cause, f"write {published} or less, or add mailboxes")


def _outsiders(tables: Tables) -> Iterator[Fault]:
    for sender in _high_volume(tables):
        if ANYBODY in sender.allow_recipients:
            cause = "is anybody, but High Volume Email reaches recipients inside the organisation only"
            yield Fault(f"senders.{sender.name}.allow_recipients", cause, "list the organisation's own domains")


def _cloud(tables: Tables) -> Iterator[Fault]:
    if tables.cloud in UNPROVEN:
        cause = "is a cloud whose SMTP host and scope nobody has proven with this app"
        yield Fault("cloud.name", cause, "send a test mail before you rely on it")


def _readers(tables: Tables) -> Iterator[Fault]:
    by_key = tables.http_auth is HttpAuth.FUNCTION_KEY
    known = {FUNCTION_KEY} if by_key else tables.caller_names
    for producer in tables.producers.values():
        for number, reader in enumerate(producer.readers):
            if reader not in known:
                cause = f"can never be a caller with [http] auth = {tables.http_auth.value!r}"
                cure = f"list {FUNCTION_KEY!r}" if by_key else "list names of tables [callers.NAME]"
                yield Fault(f"producers.{producer.name}.readers[{number}]", cause, cure)


def _idle_callers(tables: Tables) -> Iterator[Fault]:
    if tables.http_auth is HttpAuth.FUNCTION_KEY:
        for name in tables.callers:
            cause = 'is never asked: with [http] auth = "function-key" the holder of a key is the one caller'
            yield Fault(f"callers.{name}", cause, 'set [http] auth = "entra", or remove the table')
    elif not tables.caller_names:
        yield Fault("callers", "has no table, so nobody may call the HTTP API", "add a table [callers.NAME]")


def _deaf_webhooks(tables: Tables) -> Iterator[Fault]:
    for webhook in tables.webhooks.values():
        if webhook.verify == Verification.EVENT_GRID and not webhook.sources:
            cause = "is missing, so this webhook refuses every event"
            yield Fault(f"webhooks.{webhook.name}.sources", cause, "list the ids of the topics whose events count")


def _callers(tables: Tables) -> Iterator[Fault]:
    """Each id once: a token must not stand for two callers."""
    owner: dict[str, str] = {}
    for caller in tables.callers.values():
        for key, value in (("application", caller.application), ("object", caller.object)):
            first = owner.setdefault(f"{key} {value}", caller.name) if value else caller.name
            if first != caller.name:
                cause = f"is also that of callers.{first}"
                yield Fault(f"callers.{caller.name}.{key}", cause, "give each caller its own id")

"""What the tables of mail.toml say about each other, and what is sound but unwise. Pure.

`check` finds what makes the file unusable, `advise` what a person should know although the app can run.
"""

from collections.abc import Collection, Iterable, Iterator

from shared.rules.callers import FUNCTION_KEY
from shared.rules.clouds import CUSTOM, UNPROVEN
from shared.rules.config import Digest, HttpAuth, Producer, Retention, Sender, Webhook
from shared.rules.digest_windows import check_schedule
from shared.rules.faults import Fault, nearest, printable
from shared.rules.mail_toml import Tables
from shared.rules.mail_toml_schema import CURES
from shared.rules.patterns import QUEUE_NAME, SETTING_NAME
from shared.rules.setting_values import ANYBODY
from shared.rules.storage_names import POISON_SUFFIX

PRIVATE_QUEUE = "sending"
"""The app's own queue: nobody else may write to it."""

LONGEST_QUEUE = 63 - len(POISON_SUFFIX)
"""With a longer name the poison queue's would not be valid, and the host would retry a bad message for ever."""

PUBLISHED = {"messages_per_minute": 30, "connections": 3, "recipients_per_day": 10_000}
"""Exchange Online's limits of one mailbox (Microsoft Learn, "Exchange Online limits", section on sending)."""

_FOREIGN_SETTINGS = ("AzureWebJobs", "MailStorage", "IDENTITY_", "MSI_", "APPLICATIONINSIGHTS_", "WEBSITE_", "FUNCTIONS_")


def check(tables: Tables, templates: Collection[str]) -> list[Fault]:
    """Every contradiction between the tables, and names that lead nowhere; `templates` are the package's."""
    return [
        *_senders(tables),
        *_producers(tables),
        *_retention(tables.retention),
        *(fault for webhook in tables.webhooks.values() for fault in _webhook(webhook, tables, templates)),
        *(fault for digest in tables.digests.values() for fault in _digest(digest, tables, templates)),
    ]


def advise(tables: Tables) -> list[Fault]:
    """Warnings: limits above Exchange's own, clouds that nobody has proven, readers that can never match."""
    return [*_limits(tables), *_cloud(tables), *_readers(tables)]


def may_receive(sender: Sender, recipient: str) -> bool:
    """Whether the sender's rules let it write to this address: anybody, the whole domain, or the very address."""
    folded = recipient.lower()
    rules = {rule.lower() for rule in sender.allow_recipients}
    return ANYBODY in rules or folded in rules or folded.rpartition("@")[2] in rules


def is_secret_name(name: str) -> bool:
    """Whether an app setting of this name may hold a webhook's secret: not one of the platform's or the storage's own."""
    return SETTING_NAME.fullmatch(name) is not None and not name.startswith(_FOREIGN_SETTINGS)


def _senders(tables: Tables) -> Iterator[Fault]:
    if not tables.sender_names:
        yield Fault("senders", "there is no sender, so nothing could be sent", "add a table [senders.NAME]")
    for sender in tables.senders.values():
        path = f"senders.{sender.name}.mailboxes"
        if len({mailbox.lower() for mailbox in sender.mailboxes}) < len(sender.mailboxes):
            yield Fault(path, "names a mailbox twice", "name each mailbox once")
    yield from _shared_mailboxes(tables)


def _shared_mailboxes(tables: Tables) -> Iterator[Fault]:
    """A mailbox has one pace, so two senders that share it must say the same limits."""
    first_of: dict[str, Sender] = {}
    for sender in tables.senders.values():
        for mailbox in sender.mailboxes:
            other = first_of.setdefault(mailbox.lower(), sender)
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
            yield from _reference(f"{path}.senders[{number}]", "senders", name, tables.sender_names)


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


def _webhook(webhook: Webhook, tables: Tables, templates: Collection[str]) -> Iterator[Fault]:
    path = f"webhooks.{webhook.name}"
    for number, name in enumerate(webhook.secrets):
        yield from _secret_name(f"{path}.secrets[{number}]", name)
    if webhook.template is not None and webhook.digest is not None:
        yield Fault(f"{path}.template", f"contradicts {path}.digest: an event becomes one of them", "remove one of the two")
    elif webhook.digest is not None:
        yield from _reference(f"{path}.digest", "digests", webhook.digest, tables.digest_names)
    elif webhook.template is not None:
        yield from _template(f"{path}.template", webhook.template, templates)
    else:
        yield Fault(f"{path}.template", "is missing, and so is digest: what does an event become?", "add one of them")
    unsound_digest = webhook.digest in tables.digest_names and webhook.digest not in tables.digests
    if not unsound_digest:
        yield from _receivers(path, webhook, tables)


def _receivers(path: str, table: Webhook | Digest, tables: Tables) -> Iterator[Fault]:
    if not table.sender:
        yield Fault(f"{path}.sender", "is missing", 'name a table of [senders], such as "alerts"')
        return
    yield from _reference(f"{path}.sender", "senders", table.sender, tables.sender_names)
    if not table.to:
        yield Fault(f"{path}.to", "is missing", 'list addresses, such as ["ops@contoso.test"]')
    sender = tables.senders.get(table.sender)
    for number, recipient in enumerate(table.to if sender else ()):
        if sender and not may_receive(sender, recipient):
            cause = f"is not among senders.{sender.name}.allow_recipients, so this mail could never be sent"
            yield Fault(f"{path}.to[{number}]", cause, "add its domain there, or write to somebody else")


def _digest(digest: Digest, tables: Tables, templates: Collection[str]) -> Iterator[Fault]:
    path = f"digests.{digest.name}"
    yield from _receivers(path, digest, tables)
    yield from _template(f"{path}.template", digest.template, templates)
    try:
        check_schedule(digest.schedule, digest.time_zone)
    except ValueError as error:
        cause, _, cure = str(error).partition("; ")
        key = "time_zone" if "time zone" in cause else "schedule"
        yield Fault(f"{path}.{key}", cause, cure or CURES[key])


def _secret_name(path: str, name: str) -> Iterator[Fault]:
    cure = 'write the NAME of an app setting, such as "GITHUB_WEBHOOK_SECRET", and put the secret there'
    if not is_secret_name(name):
        # The name is not repeated: it may be the secret itself.
        yield Fault(path, "is not the name of an app setting that may hold a webhook's secret", cure)


def _template(path: str, name: str, templates: Collection[str]) -> Iterator[Fault]:
    if name in templates:
        return
    meant = nearest(name, templates)
    cure = f"did you mean {meant!r}?" if meant else f"use one of: {', '.join(sorted(templates)) or 'none is there'}"
    yield Fault(
        path, f"names {printable(name)}, but there is no such folder in templates/ with subject.txt and text.txt", cure
    )


def _reference(path: str, section: str, name: str, known: Iterable[str]) -> Iterator[Fault]:
    names = sorted(known)
    if name in names:
        return
    meant = nearest(name, names)
    cure = (
        f"did you mean {meant!r}?" if meant else f"add the table [{section}.NAME] or use one of: {', '.join(names) or '-'}"
    )
    yield Fault(path, f"names {printable(name)}, but there is no such table in [{section}]", cure)


def _limits(tables: Tables) -> Iterator[Fault]:
    if tables.cloud == CUSTOM:
        return
    for sender in tables.senders.values():
        for limit, published in PUBLISHED.items():
            if getattr(sender, limit) > published:
                cause = f"is above Exchange Online's limit of {published} for each mailbox: mails will be throttled"
                yield Fault(f"senders.{sender.name}.{limit}", cause, f"write {published} or less, or add mailboxes")


def _cloud(tables: Tables) -> Iterator[Fault]:
    if tables.cloud in UNPROVEN:
        cause = "is a cloud whose SMTP host and scope nobody has proven with this app"
        yield Fault("cloud.name", cause, "send a test mail before you rely on it")


def _readers(tables: Tables) -> Iterator[Fault]:
    by_key = tables.http_auth is HttpAuth.FUNCTION_KEY
    for producer in tables.producers.values():
        for number, reader in enumerate(producer.readers):
            if (reader == FUNCTION_KEY) is not by_key:
                cause = f"can never be a caller with [http] auth = {tables.http_auth.value!r}"
                cure = f"list {FUNCTION_KEY!r}" if by_key else "list the client ids of callers"
                yield Fault(f"producers.{producer.name}.readers[{number}]", cause, cure)

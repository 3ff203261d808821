"""Names in one table of mail.toml that lead to another: senders, templates, recipients that a sender may write to. Pure."""

from collections.abc import Collection, Iterable, Iterator

from shared.rules.config import Digest, Sender, Webhook
from shared.rules.faults import Fault, nearest, printable
from shared.rules.mail_toml import Tables
from shared.rules.patterns import SETTING_NAME
from shared.rules.setting_values import ANYBODY

_FOREIGN_SETTINGS = ("AzureWebJobs", "MailStorage", "IDENTITY_", "MSI_", "APPLICATIONINSIGHTS_", "WEBSITE_", "FUNCTIONS_")


def may_receive(sender: Sender, recipient: str) -> bool:
    """Whether the sender's rules let it write to this address: anybody, the whole domain, or the very address."""
    folded = recipient.lower()
    rules = {rule.lower() for rule in sender.allow_recipients}
    return ANYBODY in rules or folded in rules or folded.rpartition("@")[2] in rules


def is_secret_name(name: str) -> bool:
    """Whether an app setting of this name may hold a webhook's secret: not one of the platform's or the storage's own."""
    return SETTING_NAME.fullmatch(name) is not None and not name.startswith(_FOREIGN_SETTINGS)


def check_receivers(path: str, table: Webhook | Digest, tables: Tables) -> Iterator[Fault]:
    """Who sends, and whether it may write to those that the table names."""
    if not table.sender:
        yield Fault(f"{path}.sender", "is missing", 'name a table of [senders], such as "alerts"')
        return
    yield from check_reference(f"{path}.sender", "senders", table.sender, tables.sender_names)
    mapped = table.recipients if isinstance(table, Webhook) else None
    if not table.to and not mapped:
        yield Fault(f"{path}.to", "is missing", 'list addresses, such as ["ops@contoso.test"]')
    sender = tables.senders.get(table.sender)
    if sender is None:
        return
    for number, recipient in enumerate(table.to):
        yield from _recipient(f"{path}.to[{number}]", sender, recipient)
    for number, recipient in enumerate(mapped.map.values() if mapped else ()):
        yield from _recipient(f"{path}.recipients.map[{number}]", sender, recipient)


def check_template(path: str, name: str, templates: Collection[str]) -> Iterator[Fault]:
    """The template is one of the package's."""
    if name in templates:
        return
    meant = nearest(name, templates)
    cure = f"did you mean {meant!r}?" if meant else f"use one of: {', '.join(sorted(templates)) or 'none is there'}"
    yield Fault(
        path, f"names {printable(name)}, but there is no such folder in templates/ with subject.txt and text.txt", cure
    )


def check_reference(path: str, section: str, name: str, known: Iterable[str]) -> Iterator[Fault]:
    """The name is a table of this section."""
    names = sorted(known)
    if name in names:
        return
    meant = nearest(name, names)
    cure = (
        f"did you mean {meant!r}?" if meant else f"add the table [{section}.NAME] or use one of: {', '.join(names) or '-'}"
    )
    yield Fault(path, f"names {printable(name)}, but there is no such table in [{section}]", cure)


def _recipient(path: str, sender: Sender, recipient: str) -> Iterator[Fault]:
    if not may_receive(sender, recipient):
        cause = f"is not among senders.{sender.name}.allow_recipients, so this mail could never be sent"
        yield Fault(path, cause, "add its domain there, or write to somebody else")

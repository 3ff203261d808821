"""What is checked of `[audit]` in mail.toml. Pure."""

from collections.abc import Iterator

from shared.rules.config_references import check_reference, may_receive
from shared.rules.faults import Fault
from shared.rules.mail_toml import Tables
from shared.rules.mail_toml_schema import CURES


def check_audit(tables: Tables) -> Iterator[Fault]:
    """A report needs a sender and somebody who gets it, and the decoy has to be a mailbox that is not ours."""
    audit = tables.audit
    if bool(audit.sender) != bool(audit.to):
        missing, given = ("to", "sender") if audit.sender else ("sender", "to")
        cause = f"is missing, but audit.{given} alone sends no report"
        yield Fault(f"audit.{missing}", cause, f"{CURES[missing]}, or remove audit.{given}")
    if audit.sender:
        yield from check_reference("audit.sender", "senders", audit.sender, tables.sender_names)
    yield from _receivers(tables)
    yield from _decoy(tables)


def _receivers(tables: Tables) -> Iterator[Fault]:
    sender = tables.senders.get(tables.audit.sender)
    if sender is None:
        return
    for number, recipient in enumerate(tables.audit.to):
        if not may_receive(sender, recipient):
            cause = f"is not among senders.{sender.name}.allow_recipients, so the report could never be sent"
            yield Fault(f"audit.to[{number}]", cause, "add its domain there, or write to somebody else")


def _decoy(tables: Tables) -> Iterator[Fault]:
    """A login as one of our own mailboxes has to work, so it would prove nothing."""
    decoy = tables.audit.decoy.casefold()
    for sender in tables.senders.values():
        if decoy and decoy in {mailbox.casefold() for mailbox in sender.mailboxes}:
            cause = f"is a mailbox of senders.{sender.name}, where the app's login has to work"
            yield Fault("audit.decoy", cause, "write the address of a mailbox outside the identity's scope")
            return

"""Who may send as whom, and to whom: asked when a mail is accepted, and again when it is sent (design rule 9)."""

from collections.abc import Collection, Sequence

from shared.rules.addresses import domain_of
from shared.rules.config import MailConfig, Sender
from shared.rules.envelope import Envelope
from shared.rules.mail import Mail
from shared.rules.problems import Faults, Problem, Refused, child, place, shown

UNKNOWN_SENDER = "unknown-sender"
SENDER_NOT_ALLOWED = "sender-not-allowed"
RECIPIENT_NOT_ALLOWED = "recipient-not-allowed"

ANYBODY = "*"
"""The entry of `allow_recipients` that allows every recipient."""


def allow(config: MailConfig, *, senders_allowed: Collection[str], envelope: Envelope) -> str:
    """The rule that lets a caller send this envelope, such as `senders.alerts.allow_recipients`.

    `senders_allowed` are the caller's senders. Raises `Refused` with code `sender-not-allowed`, `unknown-sender` or
    `recipient-not-allowed`. A caller that may not use a sender does not learn whether there is one of that name.
    """
    if envelope.sender not in senders_allowed:
        raise _refused(SENDER_NOT_ALLOWED, f"sender {shown(envelope.sender)} is not one of this caller's; see mail.toml")
    return _allow_recipients(_sender(config, envelope.sender), envelope)


def allow_mail(config: MailConfig, mail: Mail) -> str:
    """The same for a stored mail, against the settings of now; the caller's right to its sender was checked before."""
    return _allow_recipients(_sender(config, mail.sender), mail)


def _sender(config: MailConfig, name: str) -> Sender:
    sender = config.senders.get(name)
    if sender is None:
        raise _refused(UNKNOWN_SENDER, f"mail.toml has no sender {shown(name)}; add it, or use another one")
    return sender


def _allow_recipients(sender: Sender, mail: Envelope | Mail) -> str:
    rule = f"senders.{sender.name}.allow_recipients"
    if ANYBODY in sender.allow_recipients:
        return rule
    allowed = frozenset(entry.lower() for entry in sender.allow_recipients)
    faults = Faults()
    for name, addresses in (("to", mail.to), ("cc", mail.cc), ("bcc", mail.bcc)):
        _check_addresses(addresses, allowed, name, rule, faults)
    faults.raise_any(code=RECIPIENT_NOT_ALLOWED)
    return rule


def _check_addresses(addresses: Sequence[str], allowed: frozenset[str], name: str, rule: str, faults: Faults) -> None:
    """A domain allows exactly itself, not what lies below it; an entry with an @ allows that one address."""
    for n, address in enumerate(addresses):
        if domain_of(address) not in allowed and address.lower() not in allowed:
            where = child(f"/{name}", n)
            faults.add(
                where, f"{place(where)} is not allowed by {rule} in mail.toml; use another recipient, or add it there"
            )


def _refused(code: str, message: str) -> Refused:
    return Refused([Problem("/sender", message)], code=code)

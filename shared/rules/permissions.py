"""Who may send as whom, and to whom: asked when a mail is accepted, and again when it is sent (design rule 9)."""

from collections.abc import Collection, Sequence

from shared.rules.addresses import domain_of
from shared.rules.callers import Caller
from shared.rules.config import MailConfig, Priority, Sender
from shared.rules.envelope import Envelope
from shared.rules.mail import Mail
from shared.rules.problems import Faults, Problem, Refused, child, place, shown

UNKNOWN_SENDER = "unknown-sender"
SENDER_NOT_ALLOWED = "sender-not-allowed"
RECIPIENT_NOT_ALLOWED = "recipient-not-allowed"
TEMPLATE_NOT_ALLOWED = "template-not-allowed"
PRIORITY_NOT_ALLOWED = "priority-not-allowed"
REPLY_TO_NOT_ALLOWED = "reply-to-not-allowed"
TOO_MANY_VISIBLE = "too-many-visible"

ANYBODY = "*"
"""The entry of `allow_recipients` that allows every recipient."""

_RANK: dict[Priority, int] = {"high": 0, "normal": 1, "bulk": 2}


def allow(config: MailConfig, caller: Caller, envelope: Envelope) -> str:
    """The rule that lets a caller send this envelope, such as `senders.alerts.allow_recipients`.

    Raises `Refused` with one of the codes above and every fault of that kind. A caller that may not use a sender does not
    learn whether there is one of that name.
    """
    if envelope.sender not in caller.senders:
        raise _refused(SENDER_NOT_ALLOWED, f"sender {shown(envelope.sender)} is not one of this caller's; see mail.toml")
    sender = _sender(config, envelope.sender)
    _allow_template(caller, envelope)
    _allow_priority(caller, envelope)
    _allow_domains(caller, sender, envelope)
    rule = _allow_recipients(sender, envelope)
    _allow_visible(sender, envelope)
    return rule


def allow_mail(config: MailConfig, mail: Mail) -> str:
    """The same for a stored mail, against the settings of now; the caller's right to its sender was checked before."""
    return _allow_recipients(_sender(config, mail.sender), mail)


def _sender(config: MailConfig, name: str) -> Sender:
    sender = config.senders.get(name)
    if sender is None:
        raise _refused(UNKNOWN_SENDER, f"mail.toml has no sender {shown(name)}; add it, or use another one")
    return sender


def _allow_template(caller: Caller, envelope: Envelope) -> None:
    """A caller with a list of templates may send nothing else: free text would make the list worthless."""
    if caller.templates is None or envelope.template in caller.templates:
        return
    message = f"template has to be one of those that {caller.rule}.templates in mail.toml lists; use one of them"
    raise Refused([Problem("/template", message)], code=TEMPLATE_NOT_ALLOWED)


def _allow_priority(caller: Caller, envelope: Envelope) -> None:
    if _RANK[envelope.priority] < _RANK[caller.highest]:
        message = f"priority is higher than {caller.rule}.priority in mail.toml allows; send it as {caller.highest!r}"
        raise Refused([Problem("/priority", message)], code=PRIORITY_NOT_ALLOWED)


def _allow_domains(caller: Caller, sender: Sender, envelope: Envelope) -> None:
    faults = Faults()
    if caller.recipients is not None:
        for name, addresses in _recipient_fields(envelope):
            _check_addresses(addresses, caller.recipients, name, f"{caller.rule}.recipients", faults)
        faults.raise_any(code=RECIPIENT_NOT_ALLOWED)
    if caller.reply_to is not None:
        allowed = caller.reply_to | {domain_of(sender.from_address)}
        _check_addresses(envelope.reply_to, allowed, "reply_to", f"{caller.rule}.reply_to", faults, "address")
        faults.raise_any(code=REPLY_TO_NOT_ALLOWED)


def _allow_visible(sender: Sender, envelope: Envelope) -> None:
    """Strangers in to and cc see each other's addresses; a long list of them nearly always belonged into bcc."""
    own = domain_of(sender.from_address)
    visible = {address.lower() for address in (*envelope.to, *envelope.cc) if domain_of(address) != own}
    if len(visible) > sender.visible_external:
        message = (
            f"to and cc show more than {sender.visible_external} external addresses to each other; use bcc, send single "
            f"mails, or raise senders.{sender.name}.visible_external in mail.toml"
        )
        raise Refused([Problem("/to", message)], code=TOO_MANY_VISIBLE)


def _recipient_fields(mail: Envelope | Mail) -> tuple[tuple[str, Sequence[str]], ...]:
    return ("to", mail.to), ("cc", mail.cc), ("bcc", mail.bcc)


def _allow_recipients(sender: Sender, mail: Envelope | Mail) -> str:
    rule = f"senders.{sender.name}.allow_recipients"
    if ANYBODY in sender.allow_recipients:
        return rule
    allowed = frozenset(entry.lower() for entry in sender.allow_recipients)
    faults = Faults()
    for name, addresses in _recipient_fields(mail):
        _check_addresses(addresses, allowed, name, rule, faults)
    faults.raise_any(code=RECIPIENT_NOT_ALLOWED)
    return rule


def _check_addresses(
    addresses: Sequence[str], allowed: Collection[str], name: str, rule: str, faults: Faults, noun: str = "recipient"
) -> None:
    """A domain allows exactly itself, not what lies below it; an entry with an @ allows that one address."""
    for n, address in enumerate(addresses):
        if domain_of(address) not in allowed and address.lower() not in allowed:
            where = child(f"/{name}", n)
            faults.add(where, f"{place(where)} is not allowed by {rule} in mail.toml; use another {noun}, or add it there")


def _refused(code: str, message: str) -> Refused:
    return Refused([Problem("/sender", message)], code=code)

"""Which rights in Exchange go beyond what sending needs: roles of RBAC for Applications, mailboxes, the tenant's switch."""

from collections.abc import Iterator

from shared.rules import audit_commands as commands
from shared.rules.audit import Finding, Kind, Needs
from shared.rules.audit_commands import Ids
from shared.rules.config import IdentityModel
from shared.rules.grants import SMTP_ROLE, Grants, MailboxGrants, RoleAssignment


def excess_in_exchange(needs: Needs, export: Grants, ids: Ids) -> Iterator[Finding]:
    """A finding for everything that Exchange allows and sending does not need."""
    for role in sorted({one.role for one in export.exchange.role_assignments}):
        yield from _role(needs, role, [one for one in export.exchange.role_assignments if one.role == role], ids)
    for mailbox in export.exchange.mailboxes:
        if mailbox.exists:
            yield from _mailbox(needs, export, mailbox, ids)
    if export.exchange.smtp_auth_tenant:
        cause = "SMTP AUTH is on for every mailbox of the tenant: only the service mailboxes need it"
        yield Finding("smtp-auth-tenant", Kind.EXCESS, cause, commands.smtp_auth_for_these_alone(_with_smtp_auth(needs)))


def missing_in_exchange(needs: Needs, export: Grants, ids: Ids) -> Iterator[Finding]:
    """A finding for what `mail.toml` needs and Exchange does not say that it is given."""
    if needs.model is IdentityModel.RBAC:
        if needs.mailboxes and not export.assigned(SMTP_ROLE):
            cause = f"Exchange has not assigned the role {SMTP_ROLE} to the identity, so nothing can be sent"
            yield Finding("assignment-missing", Kind.MISSING, cause, commands.grant_rbac(ids, needs.mailboxes))
        return
    known = [(box, export.mailbox(box)) for box in needs.mailboxes]
    for box in (box for box, found in known if found is not None and found.full_access is False):
        cause = f"the identity has no FullAccess on {box}, which logs in for a sender of mail.toml"
        yield Finding("full-access-missing", Kind.MISSING, cause, commands.grant_claim(ids, [box]))


def is_scoped(assignment: RoleAssignment) -> bool:
    """Whether an assignment covers less than every mailbox."""
    return bool(assignment.scope and assignment.scope.strip())


def _role(needs: Needs, role: str, assignments: list[RoleAssignment], ids: Ids) -> Iterator[Finding]:
    everywhere = not all(is_scoped(one) for one in assignments)
    reach = "every mailbox of the tenant" if everywhere else "the mailboxes of its scope"
    if role.casefold() != SMTP_ROLE.casefold():
        cause = f"Exchange has assigned the role {role} for {reach}: sending needs {SMTP_ROLE} only"
        yield Finding("rbac-other-role", Kind.EXCESS, cause, commands.remove_assignment(ids, role))
    elif needs.model is IdentityModel.CLAIM:
        cause = f"Exchange has assigned {SMTP_ROLE} for {reach} although mail.toml says model claim: the two add up"
        yield Finding("models-mixed", Kind.EXCESS, cause, commands.remove_assignment(ids, role))
    elif everywhere:
        cause = f"the role {SMTP_ROLE} has no scope: the identity may send as every mailbox of the tenant"
        yield Finding("rbac-unscoped", Kind.EXCESS, cause, commands.scope_assignment(ids, role))


def _mailbox(needs: Needs, export: Grants, mailbox: MailboxGrants, ids: Ids) -> Iterator[Finding]:
    address, ours = mailbox.address, _is_ours(needs, mailbox)
    if mailbox.full_access and not (ours and needs.model is IdentityModel.CLAIM):
        why = "model rbac needs no mailbox permission" if ours else "no sender of mail.toml logs in there"
        cause = f"the identity has FullAccess on {address}: {why}"
        yield Finding("full-access", Kind.EXCESS, cause, commands.remove_full_access(ids, address))
    if mailbox.in_scope and not ours:
        cause = f"{address} is in the scope of the identity's role, and no sender of mail.toml logs in there"
        command = commands.remove_from_scope(export.exchange.role_assignments, address)
        yield Finding("mailbox-in-scope", Kind.EXCESS, cause, command)
    if ours:
        yield from _send_as(needs, mailbox)


def _send_as(needs: Needs, mailbox: MailboxGrants) -> Iterator[Finding]:
    """Rights of our own mailboxes; what other mailboxes may do is nothing of the app's."""
    names = _names(mailbox)
    wanted = names.union(*(needs.from_of.get(name, frozenset()) for name in names))
    for address in mailbox.send_as:
        if address.casefold() not in wanted:
            cause = f"{mailbox.address} may send as {address}, which no sender of mail.toml does through it"
            yield Finding("send-as", Kind.EXCESS, cause, commands.remove_send_as(mailbox.address, address))


def _with_smtp_auth(needs: Needs) -> tuple[str, ...]:
    """The decoy too: where only the switch refuses it, nobody learns whether its rights would."""
    return (*needs.mailboxes, needs.decoy) if needs.decoy else needs.mailboxes


def _is_ours(needs: Needs, mailbox: MailboxGrants) -> bool:
    return not _names(mailbox).isdisjoint(needs.own)


def _names(mailbox: MailboxGrants) -> frozenset[str]:
    return frozenset(name.casefold() for name in (mailbox.address, mailbox.primary) if name)

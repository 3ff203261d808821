"""Which application permissions in Entra go beyond what sending needs: of the tokens, and of the export."""

from collections.abc import Iterator

from shared.rules import audit_commands as commands
from shared.rules.audit import Evidence, Finding, Holder, Kind, Needs
from shared.rules.audit_commands import Ids
from shared.rules.config import IdentityModel
from shared.rules.grants import EXCHANGE_APP_ID, GRAPH_APP_ID, SMTP_CLAIM, Grants

MAIL_SEND = "Mail.Send"
"""The permission of High Volume Email (Microsoft Learn, "OAuth authentication for High Volume Email")."""

_BEYOND = {
    "full_access_as_app": ("full-access-as-app", "may read, change and send everything in every mailbox of the tenant"),
    "Mail.ReadWrite": ("mail-read-write", "may read, change and delete the mail of every mailbox of the tenant"),
    "Mail.Read": ("mail-read", "may read the mail of every mailbox of the tenant"),
    MAIL_SEND: ("mail-send", "may send as every mailbox of the tenant, and no sender of mail.toml uses High Volume Email"),
    "IMAP.AccessAsApp": ("imap-access", "may read mail over IMAP in every mailbox that it has a permission on"),
    "POP.AccessAsApp": ("pop-access", "may read mail over POP in every mailbox that it has a permission on"),
}
"""Exchange Online's permissions that are often granted, with the code of the finding and what they allow."""

_BESIDE = "the identity itself, beside the app registration that sends, "


def excess_roles(needs: Needs, evidence: Evidence, export: Grants | None, ids: Ids) -> Iterator[Finding]:
    """A finding for every permission that is not needed, once whoever told of it."""
    for resource, role in sorted(_held(evidence, export)):
        if resource != EXCHANGE_APP_ID:
            yield _on_another(resource, role, ids)
        elif role == SMTP_CLAIM and needs.model is IdentityModel.RBAC:
            yield _mixed(role, ids)
        elif role not in needed_roles(needs):
            yield _on_exchange(role, ids)
    yield from _own(evidence)


def needed_roles(needs: Needs) -> frozenset[str]:
    """Exchange Online's permissions that the token has to carry."""
    claim = {SMTP_CLAIM} if needs.model is IdentityModel.CLAIM and needs.mailboxes else set()
    return frozenset(claim | ({MAIL_SEND} if needs.high_volume else set()))


def missing_roles(needs: Needs, evidence: Evidence, export: Grants | None, ids: Ids) -> Iterator[Finding]:
    """A finding for every permission that is needed and that neither the token nor the export has."""
    if evidence.sender is None and export is None:
        return
    held = {role for resource, role in _held(evidence, export) if resource == EXCHANGE_APP_ID}
    for role in sorted(needed_roles(needs) - held):
        cause = f"mail.toml needs the permission {role} on Exchange Online, and it is not granted"
        yield Finding(
            "role-missing",
            Kind.MISSING,
            cause,
            commands.grant_claim(ids, needs.mailboxes) if role == SMTP_CLAIM else _GRANT_HVE,
        )


_GRANT_HVE = "grant Mail.Send on Office 365 Exchange Online, and Add-HVEAppAccess for the account"


def _held(evidence: Evidence, export: Grants | None) -> set[tuple[str, str]]:
    """Resource and name of every permission of the principal that sends."""
    tokens = {(one.resource, role) for one in evidence.tokens if one.holder is Holder.SENDER for role in one.claims.roles}
    granted = {(one.resource_app_id.lower(), one.value) for one in export.app_roles} if export else set()
    return tokens | granted


def _mixed(role: str, ids: Ids) -> Finding:
    cause = (
        f"the identity has the permission {role} although mail.toml says model rbac: with both models Exchange asks for "
        "mailbox permissions as well, and whoever gives one widens what the scope allows"
    )
    return Finding("models-mixed", Kind.EXCESS, cause, commands.remove_app_role(ids, EXCHANGE_APP_ID, role))


def _on_exchange(role: str, ids: Ids, holder: str = "") -> Finding:
    code, allows = _BEYOND.get(role, ("exchange-role", "holds a permission on Exchange Online that sending does not need"))
    cause = f"{holder or 'the identity '}{allows} ({role} on Exchange Online)"
    return Finding(code, Kind.EXCESS, cause, commands.remove_app_role(ids, EXCHANGE_APP_ID, role))


def _on_another(resource: str, role: str, ids: Ids, holder: str = "") -> Finding:
    graph = resource == GRAPH_APP_ID
    where = "Microsoft Graph" if graph else "another API"
    code = "graph-role" if graph else "other-api-role"
    cause = f"{holder or 'the identity '}holds the permission {role} on {where}: sending needs none there"
    return Finding(code, Kind.EXCESS, cause, commands.remove_app_role(ids, resource, role))


def _own(evidence: Evidence) -> Iterator[Finding]:
    """What the identity may do by itself where an app registration sends: it only has to be that one's credential."""
    for one in evidence.tokens:
        if one.holder is Holder.SENDER:
            continue
        ids = Ids(one.claims.application, one.claims.object)
        for role in sorted(set(one.claims.roles)):
            if one.resource == EXCHANGE_APP_ID:
                yield _on_exchange(role, ids, _BESIDE)
            else:
                yield _on_another(one.resource, role, ids, _BESIDE)

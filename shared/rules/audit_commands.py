"""The command that removes one excess grant, for Exchange Online PowerShell, Microsoft Graph PowerShell or Azure CLI.

Names of cmdlets and parameters as in Microsoft's references ("ExchangePowerShell", "Microsoft.Graph.Applications",
"az role assignment"). What is not known, or could not stand in a command line, is a placeholder such as `<object id>`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.rules.grants import RoleAssignment

_WORD = re.compile(r"[A-Za-z0-9 @._+:/&,()=~*'-]{1,512}")
"""What may stand between single quotes in every shell; typographic quotes would end the text in PowerShell."""

_GUID = re.compile(r"[0-9A-Fa-f-]{1,64}")
_GROUP = re.compile(r"MemberOfGroup -eq '([^']{1,512})'", re.IGNORECASE)

SCRIPTS = "./infra/exchange"
"""Our own scripts, seen from the project's folder in PowerShell 7."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Client id and object id of the principal that holds the grant; '' where they are not known."""

    client: str = ""
    object: str = ""

    @property
    def client_id(self) -> str:
        """The client id for a command."""
        return _id(self.client, "<client id>")

    @property
    def object_id(self) -> str:
        """The object id for a command."""
        return _id(self.object, "<object id>")


def export(ids: Ids, mailboxes: Sequence[str], identity: str | None) -> str:
    """How an administrator makes an export, reading only, and hands it over.

    `identity` is the object id of the identity behind an app registration (None: the one that sends is the identity).
    """
    storage = "" if identity is None else f" -StoragePrincipalId {_id(identity, '<object id of the identity>')}"
    return (
        f"{SCRIPTS}/export-grants.ps1 -Identity {ids.client_id} -Mailbox {_texts(mailboxes)} "
        f"-StorageAccountId '<storage account id>'{storage} -Path grants.json; python -m ops audit --grants grants.json"
    )


def remove_app_role(ids: Ids, resource: str, role: str) -> str:
    """Take an application permission away; ids of assignments are looked up, as nobody knows them by heart."""
    app = _id(resource, "<resource's client id>")
    # Double quotes around single ones: the filter is OData, whose texts stand in single quotes.
    offered = f"(Get-MgServicePrincipal -Filter \"appId eq '{app}'\").AppRoles"
    roles = f"{offered}.Where({{ $_.Value -eq {_text(role, '<role>')} }}).Id"
    return (
        f"Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId {ids.object_id} -All | Where-Object AppRoleId -in "
        f"{roles} | ForEach-Object {{ Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId {ids.object_id} "
        "-AppRoleAssignmentId $_.Id }"
    )


def scope_assignment(ids: Ids, role: str) -> str:
    """Confine a role of RBAC for Applications to a scope."""
    return f"{_assignments(ids, role)} | Set-ManagementRoleAssignment -CustomResourceScope '<scope>'"


def remove_assignment(ids: Ids, role: str) -> str:
    """Take a role of RBAC for Applications away."""
    return f"{_assignments(ids, role)} | Remove-ManagementRoleAssignment"


def remove_full_access(ids: Ids, mailbox: str) -> str:
    """Take FullAccess on a mailbox away."""
    return f"Remove-MailboxPermission -Identity {_text(mailbox, '<mailbox>')} -User {ids.object_id} -AccessRights FullAccess"


def remove_from_scope(assignments: list[RoleAssignment], mailbox: str) -> str:
    """Take a mailbox out of the group that the scope is made of, where the scope names one group."""
    groups = {found[1] for one in assignments for found in _GROUP.finditer(one.filter or "")}
    group = _text(groups.pop(), "<group>") if len(groups) == 1 else "'<group>'"
    return f"Remove-DistributionGroupMember -Identity {group} -Member {_text(mailbox, '<mailbox>')}"


def remove_send_as(mailbox: str, address: str) -> str:
    """Take the right to send as another address away from a mailbox."""
    from_, trustee = _text(address, "<address>"), _text(mailbox, "<mailbox>")
    return f"Remove-RecipientPermission -Identity {from_} -Trustee {trustee} -AccessRights SendAs"


def smtp_auth_for_these_alone(mailboxes: Sequence[str]) -> str:
    """Switch SMTP AUTH on for our mailboxes, and only then off for the tenant, so that no mail stops in between."""
    on = [
        f"Set-CASMailbox -Identity {_text(box, '<mailbox>')} -SmtpClientAuthenticationDisabled $false" for box in mailboxes
    ]
    return "; ".join([*on, "Set-TransportConfig -SmtpClientAuthenticationDisabled $true"])


def remove_storage_role(ids: Ids, role: str, scope: str) -> str:
    """Take a role away where it was assigned."""
    return (
        f"az role assignment delete --assignee {ids.object_id} --role {_text(role, '<role>')} "
        f"--scope {_text(scope, '<storage account id>')}"
    )


def add_storage_role(ids: Ids, role: str) -> str:
    """Give a role on the account itself."""
    return (
        f"az role assignment create --assignee-object-id {ids.object_id} --assignee-principal-type ServicePrincipal "
        f"--role {_text(role, '<role>')} --scope '<storage account id>'"
    )


def grant_rbac(ids: Ids, mailboxes: Sequence[str]) -> str:
    """Give what model "rbac" needs."""
    return f"{SCRIPTS}/grant-rbac.ps1 -Identity {ids.client_id} -Mailbox {_texts(mailboxes)}"


def grant_claim(ids: Ids, mailboxes: Sequence[str]) -> str:
    """Give what model "claim" needs."""
    return f"{SCRIPTS}/grant-claim.ps1 -Identity {ids.client_id} -Mailbox {_texts(mailboxes)}"


def _assignments(ids: Ids, role: str) -> str:
    return f"Get-ManagementRoleAssignment -RoleAssignee {ids.object_id} -Role {_text(role, '<role>')}"


def _texts(values: Sequence[str]) -> str:
    return ", ".join(_text(value, "<mailbox>") for value in values) or "'<mailbox>'"


def _id(value: str, placeholder: str) -> str:
    return value if _GUID.fullmatch(value) else placeholder


def _text(value: str, placeholder: str) -> str:
    """A text in single quotes, in which no shell reads anything but a single quote, which PowerShell wants doubled."""
    return "'" + (value.replace("'", "''") if _WORD.fullmatch(value) else placeholder) + "'"

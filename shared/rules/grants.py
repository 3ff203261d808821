"""The grants export: what an administrator's read-only script says that this app's identity may do (infra/exchange).

Under RBAC for Applications the token carries no roles, and the app has no right to read the directory: so this file is the
only evidence of what Exchange, Entra and the storage account grant. It holds ids, addresses and names of roles, no secret.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.rules.conversion import Read, convert
from shared.rules.json_text import parse_json
from shared.rules.utc_text import from_utc_text

LARGEST_EXPORT = 256 * 1024
"""Bytes: what a table row could hold four times over; a real export has a few thousand."""

FRESH = 7 * 86_400.0
"""Seconds for which an export is evidence; older ones say what was, not what is."""

EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"
"""Client id of Office 365 Exchange Online, the same in every tenant."""

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
"""The same of Microsoft Graph."""

SMTP_CLAIM = "SMTP.SendAsApp"
"""The app role that model "claim" needs (Microsoft, "Authenticate an IMAP, POP or SMTP connection using OAuth")."""

SMTP_ROLE = "Application SMTP.SendAsApp"
"""The one role of RBAC for Applications that serves SMTP (Microsoft, "SMTP Onboarding to App RBAC Overview")."""

Id = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=1024)]
Address = Annotated[str, Meta(max_length=320)]
Most = Meta(max_length=500)


def _when(raw: object) -> float:
    if isinstance(raw, str):
        return from_utc_text(raw)
    raise ValueError("has to be a time in UTC such as 2026-11-23T22:00:00Z")


When = Annotated[float, Read(_when)]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the export; unknown fields are refused, because a newer script may mean something else by the old ones."""


class AppRole(Part, frozen=True):
    """An application permission that Entra has granted: on which resource, its name, and since when."""

    resource: Text
    resource_app_id: Id
    value: Text
    granted_at: When | None = None


class ServicePrincipal(Part, frozen=True):
    """An entry of Exchange's own list of service principals that has our client id or our object id."""

    app_id: Id
    object_id: Id
    display_name: Text = ""


class RoleAssignment(Part, frozen=True):
    """A role of RBAC for Applications that Exchange has assigned to the identity; no `scope` means every mailbox."""

    role: Text
    scope: Text | None = None
    filter: Text | None = None


class MailboxGrants(Part, frozen=True):
    """One mailbox as Exchange knows it; None where the script could not find out.

    `primary` is its primary address. `smtp_auth` is the mailbox's own switch: None inherits the tenant's. `in_scope` is
    what Test-ServicePrincipalAuthorization says of the SMTP role. `send_as` are further addresses it may send as.
    """

    address: Address
    exists: bool
    primary: Address | None = None
    smtp_auth: bool | None = None
    in_scope: bool | None = None
    full_access: bool | None = None
    send_as: Annotated[list[Address], Most] = []


class StorageRole(Part, frozen=True):
    """A role on the mail's storage account, or above it, that Azure has assigned to the identity."""

    role: Text
    scope: Text


class ExchangeGrants(Part, frozen=True):
    """What Exchange Online knows of the identity. `smtp_auth_tenant`: whether SMTP AUTH is on for the tenant."""

    service_principals: Annotated[list[ServicePrincipal], Most]
    role_assignments: Annotated[list[RoleAssignment], Most]
    mailboxes: Annotated[list[MailboxGrants], Most]
    smtp_auth_tenant: bool | None = None


class Principal(Part, frozen=True):
    """The service principal that was asked about: that of the identity, or of the app registration."""

    client_id: Id
    object_id: Id


class Grants(Part, frozen=True):
    """The whole export. `storage_roles` None: the script was not told the storage account, so nothing is known of them."""

    version: Literal[1]
    exported_at: When
    tenant: Id
    principal: Principal
    app_roles: Annotated[list[AppRole], Most]
    exchange: ExchangeGrants
    storage_roles: Annotated[list[StorageRole], Most] | None = None

    def mailbox(self, address: str) -> MailboxGrants | None:
        """What is known of a mailbox; addresses are the same in any case."""
        folded = address.casefold()
        return next((one for one in self.exchange.mailboxes if one.address.casefold() == folded), None)

    def assigned(self, role: str) -> bool:
        """Whether Exchange has assigned a role of this name; names of roles are the same in any case."""
        return any(one.role.casefold() == role.casefold() for one in self.exchange.role_assignments)

    def granted(self, value: str) -> AppRole | None:
        """Exchange Online's application permission of this name, where Entra has granted it."""
        ours = (one for one in self.app_roles if one.resource_app_id.lower() == EXCHANGE_APP_ID)
        return next((one for one in ours if one.value == value), None)


def grants_from(body: bytes) -> Grants:
    """The export in a JSON body; raises `Refused` with every fault."""
    return convert(parse_json(body, limit=LARGEST_EXPORT), Grants)

"""Who may log in and send in the simulated tenant: its mailboxes, its service principals, and what they were granted.

The questions are those that Exchange asks, after Microsoft's pages on OAuth for SMTP, on RBAC for Applications and on
Set-CASMailbox. Addresses and GUIDs have no case.
"""

from collections.abc import Collection
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Model = Literal["claim", "rbac"]
OutOfScope = Literal["auth", "data"]
Switch = Literal["Tenant", "Mailbox"]

Guid = Annotated[str, Meta(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")]
Address = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+\Z", max_length=254)]
"""Strict enough to catch a name or a group where a mailbox was meant; 254 octets are RFC 5321's longest path."""


class SmtpAuth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether SMTP AUTH is on: for the tenant, and by mailbox, whose own switch wins."""

    tenant: bool = True
    mailboxes: dict[Address, bool] = {}


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The object `access` of `/api/faults`; None means "all" or "any".

    `appids` have a service principal in Exchange, `object_ids` says with which object id each was registered (one that is
    not named: with the right one). `models` are the ways of authorisation: the role claim, which needs FullAccess on the
    mailbox (`full_access`), and the scoped assignment of RBAC for Applications (`rbac_scope`). Where a mailbox outside
    the scope is refused is not known, so `out_of_scope` chooses: 535 at AUTH, or 430 after DATA. `send_as` are further
    From addresses by mailbox.
    """

    appids: list[Guid] | None = None
    object_ids: dict[Guid, Guid] = {}
    models: tuple[Model, ...] = ("claim", "rbac")
    full_access: list[Address] | None = None
    rbac_scope: list[Address] | None = None
    out_of_scope: OutOfScope = "auth"
    mailboxes: list[Address] | None = None
    smtp_auth: SmtpAuth = SmtpAuth()
    send_as: dict[Address, list[Address]] = {}

    def is_registered(self, appid: str) -> bool:
        """Whether Exchange has a service principal of this client id."""
        return _covers(self.appids, appid)

    def registered_object_id(self, appid: str) -> str | None:
        """The object id that was given with New-ServicePrincipal; None: the right one."""
        return next((theirs for ours, theirs in self.object_ids.items() if ours.lower() == appid.lower()), None)

    def exists(self, mailbox: str) -> bool:
        """Whether the tenant has this mailbox."""
        return _covers(self.mailboxes, mailbox)

    def may_open(self, mailbox: str) -> bool:
        """Whether the service principal has FullAccess on it."""
        return _covers(self.full_access, mailbox)

    def in_scope(self, mailbox: str) -> bool:
        """Whether the scope of the role assignment holds it."""
        return _covers(self.rbac_scope, mailbox)

    def own_switch(self, mailbox: str) -> bool | None:
        """The mailbox's own SMTP AUTH switch; None: it has the tenant's."""
        return next((on for owner, on in self.smtp_auth.mailboxes.items() if owner.lower() == mailbox.lower()), None)

    def switched_off(self, mailbox: str) -> Switch | None:
        """Which switch keeps SMTP AUTH from this mailbox; None: it is on."""
        own = self.own_switch(mailbox)
        if own is None:
            return None if self.smtp_auth.tenant else "Tenant"
        return None if own else "Mailbox"

    def senders(self, mailbox: str) -> set[str]:
        """Addresses, in lower case, that may stand in From when this mailbox sends."""
        further = (addresses for owner, addresses in self.send_as.items() if owner.lower() == mailbox.lower())
        return {mailbox.lower(), *(address.lower() for addresses in further for address in addresses)}


def _covers(names: Collection[str] | None, name: str) -> bool:
    return names is None or name.lower() in {one.lower() for one in names}

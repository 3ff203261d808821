"""`GET /api/grants`: what an administrator's read-only script would print for an identity of the make-believe tenant.

The form is the one that `ops audit --grants` reads, and the content is the state that `/api/faults` (object `access`) and
`/api/identity/faults` set. As the script does, it asks Exchange about rights only under a registration that is right.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from devcloud.azurite import MAIL_ACCOUNT
from devcloud.directory import SYSTEM_ASSIGNED, TENANT_ID, Directory, Principal, application
from devcloud.exchange import Exchange
from devcloud.exchange.access import Access, Guid
from devcloud.exchange.config import AUDIENCES

EXCHANGE_RESOURCE = AUDIENCES[0]
"""For which the hosts of a run ask their token; the roles of this resource are those of Office 365 Exchange Online."""

GRAPH_RESOURCE = "https://graph.microsoft.com"

# Client ids that Microsoft's own applications have in every tenant.
EXCHANGE = ("Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000")
GRAPH = ("Microsoft Graph", "00000003-0000-0000-c000-000000000000")

RBAC_ROLE = "Application SMTP.SendAsApp"
SCOPE = "keyless-mail"
SCOPE_FILTER = "MemberOfGroup -eq 'CN=keyless-mail,OU=contoso.test,DC=contoso,DC=test'"
"""The scope of the role assignment, where it has one: a group, as on Microsoft's page on RBAC for Applications."""

STORAGE_ROLES = ("Storage Queue Data Contributor", "Storage Blob Data Contributor", "Storage Table Data Contributor")
"""What a deployment gives the identity on the mail's account; Azurite asks for none of them."""

STORAGE_ACCOUNT = (
    f"/subscriptions/{uuid.uuid5(uuid.UUID(TENANT_ID), 'subscription')}/resourceGroups/keyless-mail"
    f"/providers/Microsoft.Storage/storageAccounts/{MAIL_ACCOUNT}"
)


def routes(directory: Directory, exchange: Exchange) -> list[web.RouteDef]:
    """The route; `?client_id=` chooses the identity, without it the app's own."""

    async def grants(request: web.Request) -> web.Response:
        client_id = request.query.get("client_id", SYSTEM_ASSIGNED.client_id)
        try:
            msgspec.convert(client_id, Guid)
        except msgspec.ValidationError:
            return web.json_response(
                {"error": "client_id: use a GUID, or leave it out for the app's own identity"}, status=422
            )
        if not directory.knows(client_id):
            return web.json_response({"error": "client_id: no such identity; see /api/identity/faults"}, status=404)
        service = exchange.service
        principal = SYSTEM_ASSIGNED if client_id.lower() == SYSTEM_ASSIGNED.client_id else application(client_id)
        return web.json_response(export(directory, service.access, principal, senders=service.config.send_as))

    return [web.get("/api/grants", grants)]


def export(directory: Directory, access: Access, principal: Principal, *, senders: Iterable[str]) -> dict[str, Any]:
    """The export for an identity; `senders` are mailboxes of the run's `mail.toml`, told beside those that access names."""
    storage_roles = directory.faults.storage_roles
    return {
        "version": 1,
        "exported_at": _text(directory.clock()),
        "tenant": TENANT_ID,
        "principal": {"client_id": principal.client_id, "object_id": principal.object_id},
        "app_roles": list(_app_roles(directory, principal)),
        "exchange": _exchange(access, principal, _mailboxes(access, senders)),
        "storage_roles": [
            {"role": role, "scope": STORAGE_ACCOUNT} for role in (STORAGE_ROLES if storage_roles is None else storage_roles)
        ],
    }


def _app_roles(directory: Directory, principal: Principal) -> Iterator[dict[str, str]]:
    granted = {
        EXCHANGE: directory.roles.of(principal.client_id, EXCHANGE_RESOURCE),
        GRAPH: directory.roles.named_for(GRAPH_RESOURCE),
    }
    for (resource, app_id), roles in granted.items():
        for role, since in roles.items():
            yield {"resource": resource, "resource_app_id": app_id, "value": role, "granted_at": _text(since)}


def _exchange(access: Access, principal: Principal, mailboxes: Iterable[str]) -> dict[str, Any]:
    """Exchange's entry of the identity, and what it has granted to a right one."""
    entered = _is_entered(access, principal)
    entry = {
        "app_id": principal.client_id,
        "object_id": access.registered_object_id(principal.client_id) or principal.object_id,
        "display_name": "keyless-mail",
    }
    scope = {} if access.rbac_scope is None else {"scope": SCOPE, "filter": SCOPE_FILTER}
    return {
        "service_principals": [entry] if access.is_registered(principal.client_id) else [],
        "role_assignments": [{"role": RBAC_ROLE, **scope}] if entered and "rbac" in access.models else [],
        "mailboxes": [_mailbox(access, mailbox, entered=entered) for mailbox in mailboxes],
        "smtp_auth_tenant": access.smtp_auth.tenant,
    }


def _is_entered(access: Access, principal: Principal) -> bool:
    """Whether Exchange knows the identity under its own object id: only then it can have rights there."""
    registered = access.registered_object_id(principal.client_id)
    right = registered is None or registered.lower() == principal.object_id.lower()
    return right and access.is_registered(principal.client_id)


def _mailboxes(access: Access, senders: Iterable[str]) -> list[str]:
    """Every mailbox that is named anywhere, once, in the spelling that came first."""
    named = (
        *senders,
        *(access.mailboxes or ()),
        *(access.full_access or ()),
        *(access.rbac_scope or ()),
        *access.smtp_auth.mailboxes,
        *access.send_as,
    )
    spelled: dict[str, str] = {}
    for mailbox in named:
        spelled.setdefault(mailbox.lower(), mailbox)
    return list(spelled.values())


def _mailbox(access: Access, mailbox: str, *, entered: bool) -> dict[str, Any]:
    if not access.exists(mailbox):
        return {"address": mailbox, "exists": False}
    return {
        "address": mailbox,
        "exists": True,
        "primary": mailbox,
        "smtp_auth": access.own_switch(mailbox),
        "in_scope": entered and "rbac" in access.models and access.in_scope(mailbox),
        "full_access": entered and access.may_open(mailbox),
        "send_as": sorted(access.senders(mailbox) - {mailbox.lower()}),
    }


def _text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

"""Which roles on the mail's storage account go beyond what the app needs (Azure Functions reference 3.2)."""

import re
from collections.abc import Iterator

from shared.rules import audit_commands as commands
from shared.rules.audit import Finding, Kind, Needs
from shared.rules.audit_commands import Ids
from shared.rules.config import IdentityWay
from shared.rules.grants import Grants, StorageRole

_BLOB, _BLOB_OWNER = "Storage Blob Data Contributor", "Storage Blob Data Owner"
NEEDED = ("Storage Queue Data Contributor", _BLOB, "Storage Table Data Contributor")
"""What the app does: put, take and delete messages, blobs and rows, and create their containers."""

_PARTS = frozenset(
    {
        *("Storage Queue Data Reader", "Storage Queue Data Message Processor", "Storage Queue Data Message Sender"),
        *("Storage Blob Data Reader", "Storage Table Data Reader"),
    }
)
"""Roles that hold nothing which the three do not hold."""

_CONTROL = "may change the storage account itself, its keys and who else gets in"
_KEYS = "may read the account's keys, and a key opens everything in it past every role"
_BEYOND = {
    "Owner": ("storage-owner", _CONTROL),
    "Contributor": ("storage-owner", _CONTROL),
    "User Access Administrator": ("storage-owner", _CONTROL),
    "Role Based Access Control Administrator": ("storage-owner", _CONTROL),
    "Storage Account Contributor": ("storage-keys", _KEYS),
    "Storage Account Key Operator Service Role": ("storage-keys", _KEYS),
    "Reader and Data Access": ("storage-keys", _KEYS),
    _BLOB_OWNER: (
        "storage-blob-owner",
        "may change the access rules of blobs; the host's own account may need that role, the mail's does not",
    ),
}

_ACCOUNT = re.compile(r"/providers/Microsoft\.Storage/storageAccounts/[^/]+(/.*)?$", re.IGNORECASE)
"""The scope of a storage account, or of something inside it."""


def excess_in_storage(export: Grants, ids: Ids) -> Iterator[Finding]:
    """A finding for every role on the account, or above it, that is not needed there."""
    for one in export.storage_roles or ():
        yield from _role(one, ids)


def missing_in_storage(needs: Needs, export: Grants, ids: Ids) -> Iterator[Finding]:
    """A finding for each of the three roles that is not given."""
    if export.storage_roles is None:
        return
    told = "; did the script have -StoragePrincipalId?" if needs.way is IdentityWay.FEDERATED else ""
    held = {one.role for one in export.storage_roles}
    covered = held | ({_BLOB} if _BLOB_OWNER in held else set())
    for role in (role for role in NEEDED if role not in covered):
        cause = f"the identity does not have the role {role} on the mail's storage account{told}"
        yield Finding("storage-role-missing", Kind.MISSING, cause, commands.add_storage_role(ids, role))


def _role(one: StorageRole, ids: Ids) -> Iterator[Finding]:
    remove = commands.remove_storage_role(ids, one.role, one.scope)
    if one.role in _BEYOND:
        code, allows = _BEYOND[one.role]
        yield Finding(code, Kind.EXCESS, f"the identity {allows} ({one.role} on {_where(one)})", remove)
    elif one.role not in (*NEEDED, *_PARTS):
        cause = f"the identity has the role {one.role} on {_where(one)}: the app does not need it"
        yield Finding("storage-role", Kind.EXCESS, cause, remove)
    elif not _ACCOUNT.search(one.scope):
        cause = f"the role {one.role} is given above the storage account: assign it on the account, then remove it there"
        yield Finding("storage-scope", Kind.EXCESS, cause, remove)


def _where(one: StorageRole) -> str:
    return "the mail's storage account" if _ACCOUNT.search(one.scope) else "what stands above the mail's storage account"

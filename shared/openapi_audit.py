"""Examples of a grants export and of an audit for the OpenAPI document. Their times, ids and addresses are made up."""

from typing import Any

_CLIENT, _OBJECT = "6f0e4d7a-9a55-4f2d-8a3c-9e115b0d0f0c", "5b0d0f0c-6f0e-4d7a-9a55-1f2d7a3c9e11"
_AT = "2026-11-23T09:00:00Z"
_ACCOUNT = "/subscriptions/s/resourceGroups/mail/providers/Microsoft.Storage/storageAccounts/contosomail"
_ROLES = tuple(f"Storage {service} Data Contributor" for service in ("Queue", "Blob", "Table"))

EXPORT: dict[str, Any] = {
    "version": 1,
    "exported_at": _AT,
    "tenant": "0d9e8c7b-6a5f-4e3d-9c2b-1a0f9e8d7c6b",
    "principal": {"client_id": _CLIENT, "object_id": _OBJECT},
    "app_roles": [],
    "exchange": {
        "service_principals": [{"app_id": _CLIENT, "object_id": _OBJECT}],
        "role_assignments": [{"role": "Application SMTP.SendAsApp", "scope": None}],
        "mailboxes": [{"address": "alerts@contoso.test", "exists": True, "smtp_auth": True, "in_scope": True}],
        "smtp_auth_tenant": False,
    },
    "storage_roles": [{"role": role, "scope": _ACCOUNT} for role in _ROLES],
}
"""An export that says too much is allowed: the role has no scope."""

AUDIT: dict[str, Any] = {
    "id": "c1a0a7f0f5c24d3f8a3c4a1b9d2e6f70",
    "at": "2026-11-23T09:05:00.120+00:00",
    "who": "Sam",
    "why": "template mended",
    "verdict": "excess",
    "findings": [
        {
            "code": "rbac-unscoped",
            "kind": "excess",
            "cause": "the role Application SMTP.SendAsApp has no scope: the identity may send as every mailbox of the "
            "tenant",
            "command": f"Get-ManagementRoleAssignment -RoleAssignee {_OBJECT} -Role 'Application SMTP.SendAsApp' | "
            "Set-ManagementRoleAssignment -CustomResourceScope '<scope>'",
        }
    ],
    "grants": {
        "exchange": [],
        "rbac": ["Application SMTP.SendAsApp for every mailbox"],
        "mailboxes": ["in scope: alerts@contoso.test"],
        "storage": [f"{role} on {_ACCOUNT}" for role in _ROLES],
    },
    "added": ["rbac: Application SMTP.SendAsApp for every mailbox"],
    "removed": [],
    "decoy": "refused",
    "exported_at": "2026-11-23T09:00:00.000+00:00",
}
"""What an audit says to it."""

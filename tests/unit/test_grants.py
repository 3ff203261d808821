"""The grants export: read strictly, and asked simply."""

import copy
import json
from typing import Any

import pytest

from shared.rules.grants import EXCHANGE_APP_ID, LARGEST_EXPORT, grants_from
from shared.rules.strict import Refused

EXPORT: dict[str, Any] = {
    "version": 1,
    "exported_at": "2026-12-01T09:00:00Z",
    "tenant": "t",
    "principal": {"client_id": "c", "object_id": "o"},
    "app_roles": [
        {"resource": "Microsoft Graph", "resource_app_id": "g", "value": "SMTP.SendAsApp"},
        {
            "resource": "Office 365 Exchange Online",
            "resource_app_id": EXCHANGE_APP_ID.upper(),
            "value": "SMTP.SendAsApp",
            "granted_at": "2026-11-30T09:00:00.25Z",
        },
    ],
    "exchange": {
        "service_principals": [{"app_id": "c", "object_id": "o"}],
        "role_assignments": [{"role": "Application SMTP.SendAsApp", "scope": "mail"}],
        "mailboxes": [{"address": "Alerts@contoso.test", "exists": True, "in_scope": True}],
    },
}


def changed(*path: str | int, to: object) -> bytes:
    """The export with another value at one place."""
    export = copy.deepcopy(EXPORT)
    at: Any = export
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = to
    return json.dumps(export).encode()


def test_an_export_is_read() -> None:
    """With defaults for what an older tenant does not tell."""
    grants = grants_from(json.dumps(EXPORT).encode())
    assert grants.exported_at == 1_796_115_600.0
    assert grants.storage_roles is None
    assert grants.exchange.smtp_auth_tenant is None


def test_a_mailbox_is_found_in_any_case() -> None:
    """As Exchange finds it."""
    grants = grants_from(json.dumps(EXPORT).encode())
    found = grants.mailbox("ALERTS@contoso.test")
    assert found is not None
    assert found.in_scope is True
    assert grants.mailbox("reports@contoso.test") is None


def test_only_a_permission_on_exchange_counts_as_one() -> None:
    """A role of the same name on another resource is something else."""
    role = grants_from(json.dumps(EXPORT).encode()).granted("SMTP.SendAsApp")
    assert role is not None
    assert role.granted_at == 1_796_029_200.25
    assert grants_from(changed("app_roles", to=EXPORT["app_roles"][:1])).granted("SMTP.SendAsApp") is None


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("version",), 2, "version"),
        (("exported_at",), "yesterday", "exported_at"),
        (("exported_at",), 5, "exported_at"),
        (("surprise",), 1, "surprise"),
        (("principal", "client_id"), "x" * 65, "client_id"),
        (("exchange", "mailboxes", 0, "exists"), "yes", "exists"),
        (("exchange", "service_principals"), None, "service_principals"),
    ],
)
def test_another_form_is_refused_by_name(path: tuple[str | int, ...], value: object, told: str) -> None:
    """Nothing of it is taken."""
    with pytest.raises(Refused, match=told):
        grants_from(changed(*path, to=value))


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    """It is not an export of ours."""
    with pytest.raises(Refused):
        grants_from(b" " * (LARGEST_EXPORT + 1))

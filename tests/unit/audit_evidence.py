"""Tokens' claims and a grants export with nothing in excess, to be changed by the tests of the permission audit."""

import base64
import copy
import json
from typing import Any

from shared.rules.audit import Evidence, Finding, Holder, Needs, Seen
from shared.rules.audit_judge import judge
from shared.rules.config import IdentityModel, IdentityWay
from shared.rules.grants import EXCHANGE_APP_ID, GRAPH_APP_ID, Grants, grants_from
from shared.rules.token_claims import TokenClaims

CLIENT, OBJECT, TENANT = "6f0e4d7a-9a55-4f2d-8a3c-9e115b0d0f0c", "5b0d0f0c-6f0e-4d7a-9a55-1f2d7a3c9e11", "t-1"
NOW = 1_796_115_600.0 + 3600.0
"""An hour after the export was made."""

ACCOUNT = "/subscriptions/s/resourceGroups/mail/providers/Microsoft.Storage/storageAccounts/contosomail"
SMTP = "Application SMTP.SendAsApp"

EXPORT: dict[str, Any] = {
    "version": 1,
    "exported_at": "2026-12-01T09:00:00Z",
    "tenant": TENANT,
    "principal": {"client_id": CLIENT, "object_id": OBJECT},
    "app_roles": [],
    "exchange": {
        "service_principals": [{"app_id": CLIENT, "object_id": OBJECT}],
        "role_assignments": [{"role": SMTP, "scope": "mail", "filter": "MemberOfGroup -eq 'CN=mail,DC=contoso'"}],
        "mailboxes": [{"address": "alerts@contoso.test", "exists": True, "in_scope": True, "send_as": []}],
        "smtp_auth_tenant": False,
    },
    "storage_roles": [{"role": f"Storage {kind} Data Contributor", "scope": ACCOUNT} for kind in ("Queue", "Blob", "Table")],
}


CLAIM = IdentityModel.CLAIM
FULL: list[dict[str, Any]] = [{"address": "alerts@contoso.test", "exists": True, "full_access": True}]
"""What model claim needs of a mailbox."""


def exported(**exchange: object) -> dict[str, Any]:
    """The export with other values in its part about Exchange."""
    export = copy.deepcopy(EXPORT)
    export["exchange"].update(exchange)
    return export


def grants(export: dict[str, Any]) -> Grants:
    """The export as it is read."""
    return grants_from(json.dumps(export).encode())


def claims(*roles: str) -> TokenClaims:
    """What a token of the principal says that carries these permissions."""
    return TokenClaims(application=CLIENT, object=OBJECT, tenant=TENANT, roles=roles)


def evidence(export: dict[str, Any] | None, *roles: str, graph: tuple[str, ...] | None = ()) -> Evidence:
    """Both tokens, the one for Microsoft Graph only where `graph` is not None, and an export."""
    seen = [Seen(Holder.SENDER, EXCHANGE_APP_ID, claims(*roles))]
    seen += [] if graph is None else [Seen(Holder.SENDER, GRAPH_APP_ID, claims(*graph))]
    return Evidence(tuple(seen), None if export is None else grants(export))


def needs(
    model: IdentityModel = IdentityModel.RBAC,
    *,
    way: IdentityWay = IdentityWay.MANAGED_IDENTITY,
    high_volume: tuple[str, ...] = (),
) -> Needs:
    """One mailbox at the submission endpoint, and those of High Volume Email."""
    box = "alerts@contoso.test"
    return Needs(model, way, (box,), (box, *high_volume), {box: frozenset({box, "news@contoso.test"})})


def a_token(*roles: str, application: str = CLIENT) -> str:
    """A token's text with these permissions, signed by nobody."""
    said = {"appid": application, "oid": OBJECT, "tid": TENANT, "roles": list(roles)}
    return f"x.{base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip('=')}.x"


def found(of: Evidence, wanted: Needs | None = None) -> dict[str, Finding]:
    """Findings by their codes."""
    return {finding.code: finding for finding in judge(wanted or needs(), of, NOW).findings}

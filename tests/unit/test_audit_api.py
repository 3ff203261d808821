"""What operators are answered about audits, and the examples of it, are what the document tells."""

import json

from shared.audit_order import AuditOrder
from shared.audit_views import audit_view
from shared.openapi_audit import AUDIT, EXPORT
from shared.rules.config import AuditSetting
from shared.rules.grants import grants_from
from tests.unit.audit_evidence import exported
from tests.unit.audit_rig import DECOY, AuditRig
from tests.unit.test_openapi_answers import exactly


async def test_an_audit_looks_as_the_document_says() -> None:
    """With and without an export, a decoy and a change."""
    rig = AuditRig(AuditSetting(decoy=DECOY))
    rows = [await rig.audit.order(AuditOrder(who="Sam", why="x"))]
    exports = (exported(), exported(smtp_auth_tenant=True))
    rows += [await rig.audit.order(AuditOrder(who="Sam", why="x", grants=export)) for export in exports]
    assert rows[-1].drifted
    for row in rows:
        exactly("AuditView", audit_view(row))


def test_the_example_of_an_export_is_one_and_leads_to_the_example_of_an_audit() -> None:
    """By its scope that is missing."""
    export = grants_from(json.dumps(EXPORT).encode())
    assert export.exchange.role_assignments[0].scope is None
    assert AUDIT["findings"][0]["code"] == "rbac-unscoped"

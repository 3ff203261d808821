"""With an administrator's export the doctor tells apart what Exchange answers with one and the same 535 5.7.3."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devcloud.directory import SYSTEM_ASSIGNED
from devcloud.tokens import SigningKeys
from shared.rules.grants import FRESH
from tests.contract.doctor_rig import Clinic, clinic

ALERTS, REPORTS = "alerts@contoso.test", "reports@contoso.test"
ANOTHER = "11111111-2222-4333-8444-555555555555"
OURS = SYSTEM_ASSIGNED.client_id


@pytest.fixture(scope="module")
def signing() -> SigningKeys:
    """Making keys takes long."""
    return SigningKeys()


@pytest.fixture
async def app(signing: SigningKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clinic]:
    """A tenant in which all is well."""
    async with clinic(signing, tmp_path, monkeypatch) as app:
        yield app


RECORDS: list[tuple[str, dict[str, Any], str]] = [
    ("service-principal-missing", {"appids": [ANOTHER]}, f"New-ServicePrincipal -AppId {OURS}"),
    ("service-principal-object-id-wrong", {"object_ids": {OURS: ANOTHER}}, f"-ObjectId {SYSTEM_ASSIGNED.object_id}"),
    ("mailbox-unknown", {"mailboxes": [REPORTS]}, f"smtp:{ALERTS}"),
    ("mailbox-out-of-scope", {"rbac_scope": [REPORTS]}, f"grant-rbac.ps1 -Identity {OURS} -Mailbox {ALERTS}"),
    ("rbac-role-missing", {"models": ["claim"]}, f"grant-rbac.ps1 -Identity {OURS}"),
]


@pytest.mark.parametrize(("code", "access", "cure"), RECORDS, ids=[code for code, *_ in RECORDS])
async def test_exchanges_records_tell_the_causes_apart(app: Clinic, code: str, access: dict[str, Any], cure: str) -> None:
    """Each by its own name; without the export nobody could know."""
    app.access(**access)
    before = await app.faults()
    assert set(before) <= {"login-refused", "mailbox-not-covered"}
    app.import_grants()
    found = await app.faults()
    assert set(found) == {code}
    assert cure in found[code]["fix"]


async def test_a_role_that_was_granted_since_is_told_by_the_export(app: Clinic) -> None:
    """The identity's cache gives an old token for about a day, and a fresh fetch gives the same again."""
    app.claim()
    app.access(models=["claim"])
    app.identity(cached=True)
    assert set(await app.faults()) == {"role-missing"}
    app.identity(cached=True, roles=["SMTP.SendAsApp"])
    app.import_grants()
    assert set(await app.faults()) == {"role-not-in-token-yet"}


async def test_right_grants_are_told_as_right(app: Clinic) -> None:
    """Exchange needs its time; what was right at the export may be something else now."""
    app.import_grants()
    app.access(appids=[ANOTHER])
    assert set(await app.faults()) == {"login-refused-against-grants"}


async def test_an_old_export_is_no_evidence(app: Clinic) -> None:
    """It says what was."""
    app.access(appids=[ANOTHER])
    app.import_grants()
    assert app.grants is not None
    app.grants = msgspec.structs.replace(app.grants, exported_at=app.grants.exported_at - FRESH - 1)
    assert set(await app.faults()) == {"login-refused"}

"""The permission audit in a running app: an export is imported, excess is named, and so is a decoy that gets through."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.client import Client
from tests.flows.flow_config import mail_toml
from tests.flows.operating import ops
from tests.flows.processes import Cloud, HostProcess

DECOY = "decoy@contoso.test"


@pytest.fixture
def audited(cloud: Cloud, tmp_path: Path) -> Iterator[str]:
    """A host of its own whose mail.toml has `[audit]`; its storage is nobody else's. Gives its address."""
    config = tmp_path / "mail.toml"
    table = f'[audit]\nsender = "reports"\nto = ["security@contoso.test"]\ndecoy = "{DECOY}"\n'
    config.write_text(f"{mail_toml()}\n{table}")
    settings = {**cloud.settings, "MAIL_CONFIG": str(config), "MailStorage": cloud.second_account}
    host = HostProcess("audited", cloud, settings, tmp_path)
    yield host.wait_ready()[0]
    host.stop()


@pytest.fixture
def tenant(cloud: Cloud) -> Iterator[httpx.Client]:
    """The make-believe tenant, whose rights a test may change; afterwards it is as it was."""
    with httpx.Client(base_url=f"{cloud.inbox}/api/", trust_env=False) as inbox:
        before = inbox.get("faults").json()["access"]
        yield inbox
        inbox.put("faults", json={"access": before}).raise_for_status()
        inbox.put("identity/faults", json={"scenarios": []}).raise_for_status()


def test_an_administrators_export_and_the_decoy(
    client: Client, cloud: Cloud, audited: str, tenant: httpx.Client, tmp_path: Path
) -> None:
    """Everybody may do everything there at first, so the decoy gets through; with a scope it is refused."""
    path = tmp_path / "grants.json"

    def audit(*, expected: int) -> dict[str, Any]:
        path.write_text(json.dumps(tenant.get("grants").json()))
        done = ops(cloud, "audit", "--json", "--grants", str(path), host=audited)
        assert done.returncode == expected, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    tenant.put("identity/faults", json={"roles_for": {"https://graph.microsoft.com": ["Mail.ReadWrite"]}}).raise_for_status()
    wide = audit(expected=1)
    codes = [finding["code"] for finding in wide["findings"]]
    assert codes[0] == "decoy-accepted"
    assert {"graph-role", "rbac-unscoped"} <= set(codes)
    assert (wide["verdict"], wide["decoy"]) == ("excess", "accepted")
    assert client.arrived(to="security@contoso.test")["mailbox"] == "reports@contoso.test"

    scope = [f"{name}@contoso.test" for name in ("alerts", "reports")]
    tenant.put("faults", json={"access": {"models": ["rbac"], "rbac_scope": scope, "full_access": []}}).raise_for_status()
    narrow = audit(expected=1)
    assert narrow["decoy"] == "refused"
    assert "rbac: Application SMTP.SendAsApp for every mailbox" in narrow["removed"]
    assert "rbac-unscoped" not in [finding["code"] for finding in narrow["findings"]]

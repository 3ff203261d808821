"""A running app with `[http] auth = "entra"`: the host lets everybody through, and the bearer token is the only proof."""

from collections.abc import Iterator

import httpx
import pytest

from devcloud.directory import TENANT_ID
from functions import audits, doctor, operators, pace, stop_orders
from functions.operating import Route
from tests.flows.client import Client, an_envelope
from tests.flows.flow_config import mail_toml
from tests.flows.operating import ops
from tests.flows.processes import Cloud, HostProcess

APP = "3f0c6f0e-4d7a-4a55-9f2d-7a3c9e115b0d"
SHOP = "5b0d0f0c-6f0e-4d7a-9a55-1f2d7a3c9e22"
ROUTES = [route for room in (operators, pace, stop_orders, audits, doctor) for route in room.ROUTES]
CALLERS = f"""
[callers.shop]
application = "{SHOP}"
senders = ["alerts"]
"""


@pytest.fixture(scope="module")
def address(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host of its own, whose API asks for tokens of the make-believe tenant."""
    folder = tmp_path_factory.mktemp("entra")
    config = folder / "mail.toml"
    config.write_text(mail_toml().replace('auth = "function-key"', 'auth = "entra"') + CALLERS)
    settings = {
        **cloud.settings,
        "MAIL_CONFIG": str(config),
        "MAIL_CLIENT_ID": APP,
        "MAIL_TENANT_ID": TENANT_ID,
        "MailStorage": cloud.second_account,
    }
    host = HostProcess("entra", cloud, settings, folder)
    yield host.wait_ready()[0]
    host.stop()


def token(cloud: Cloud, role: str, *, audience: str = f"api://{APP}") -> str:
    """A token of the tenant for the shop's application, with one role."""
    asked = {"resource": audience, "client_id": SHOP, "claims": {"roles": [role]}}
    answer = httpx.post(f"{cloud.inbox}/api/identity/tokens", json=asked, trust_env=False).raise_for_status()
    return str(answer.json()["access_token"])


def bearing(text: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {text}"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_operators_route_asks_for_the_operators_role(address: str, cloud: Cloud, route: Route) -> None:
    """Before anything is read of the request: neither nobody, nor a function key, nor a caller's token is an operator's."""
    path = route.path.format(id="0" * 32, action="redrive")
    master = {"x-functions-key": cloud.line["master_key"]}
    for headers, status in (({}, 401), (master, 401), (bearing(token(cloud, "Mail.Send")), 403)):
        answer = httpx.request(
            route.method, f"{address}/api/operator/{path}", headers=headers, content=b"{no json", trust_env=False
        )
        assert answer.status_code == status, (route.name, headers.keys())


def test_a_caller_sends_with_its_token(address: str, cloud: Cloud, client: Client) -> None:
    """It is known by its application's id; another audience's token, or none, is nobody's."""
    envelope = an_envelope(to=["tokens@contoso.test"])

    def post(headers: dict[str, str]) -> int:
        return httpx.post(f"{address}/api/messages", json=envelope, headers=headers, trust_env=False).status_code

    assert post({}) == 401
    assert post(bearing(token(cloud, "Mail.Send", audience="api://another"))) == 401
    assert post(bearing(token(cloud, "Mail.Read"))) == 403
    assert post(bearing(token(cloud, "Mail.Send"))) == 202
    assert client.arrived(to="tokens@contoso.test")["mailbox"] == "alerts@contoso.test"


def test_an_operator_asks_with_a_token(address: str, cloud: Cloud) -> None:
    """The command line takes it instead of the key."""
    done = ops(cloud, "doctor", "--sender", "alerts", "--token", token(cloud, "Mail.Operator"), host=address, key="none")
    assert done.returncode == 0, done.stderr
    assert "right to send not proven" in done.stdout

"""The real ways to a token, and everything that their endpoints can do wrong."""

import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest

from devcloud.directory import IdentityFaults
from devcloud.tokens import SigningKeys
from shared.edges.token_source import FetchToken
from shared.rules.token_errors import TokenUnavailable
from tests.fakes.token_rig import CLIENT_ID, HEADER, Endpoints, endpoints


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    """Making RSA keys takes its time."""
    return SigningKeys()


@pytest.fixture
async def rig(keys: SigningKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoints]:
    """Both endpoints."""
    async with endpoints(keys, tmp_path, monkeypatch) as built:
        yield built


async def refusal(fetch: FetchToken) -> TokenUnavailable:
    """Why there is no token."""
    with pytest.raises(TokenUnavailable) as unavailable:
        await fetch()
    return unavailable.value


def claims(text: str) -> dict[str, object]:
    """What stands in a token."""
    found: dict[str, object] = jwt.decode(text, options={"verify_signature": False})
    return found


async def test_the_managed_identity_asks_for_the_scope_as_a_resource(rig: Endpoints) -> None:
    """The audience is what Exchange checks, and without a client id it is the app's own identity."""
    text, expires_at = await rig.managed().__call__()
    assert claims(text)["aud"] == "https://outlook.office365.com"
    assert claims(text)["exp"] == pytest.approx(expires_at, abs=2)


async def test_a_user_assigned_identity_is_named_by_its_client_id(rig: Endpoints) -> None:
    """AZURE_CLIENT_ID decides whose token it is."""
    text, _ = await rig.managed(client_id=CLIENT_ID).__call__()
    assert claims(text)["appid"] == CLIENT_ID


async def test_the_application_gets_a_token_of_its_own(rig: Endpoints) -> None:
    """The identity's token is only the assertion; what Exchange sees is the app registration."""
    text, expires_at = await rig.federated().__call__()
    assert claims(text)["appid"] == CLIENT_ID
    assert claims(text)["aud"] == "https://outlook.office365.com"
    assert expires_at - time.time() == pytest.approx(3600, abs=30)


async def test_an_authority_that_names_its_tenant_is_taken_as_it_is(rig: Endpoints) -> None:
    """A custom cloud's MAIL_AUTHORITY may be the whole of it."""
    tenant = str(claims((await rig.managed().__call__())[0])["tid"])
    assert (await rig.federated(authority=f"{rig.authority}/{tenant}").__call__())[0]


@pytest.mark.parametrize(
    ("status", "retry_after", "code", "pause"),
    [
        (400, None, "identity-ambiguous", 900.0),
        (403, None, "identity-refused", 900.0),
        (429, 17.0, "identity-throttled", 17.0),
        (429, None, "identity-throttled", 60.0),
        (500, None, "identity-down", 30.0),
        (503, 5.0, "identity-down", 30.0),
    ],
)
async def test_the_endpoints_status_is_told(
    rig: Endpoints, status: int, retry_after: float | None, code: str, pause: float
) -> None:
    """The SDK reports every refusal as 'unavailable'; the reason here is the answer's own, after one request."""
    rig.fail("status", status=status, retry_after=retry_after)
    unavailable = await refusal(rig.managed())
    assert (unavailable.reason.code, unavailable.retry_after) == (code, pause)
    assert rig.directory.stats()["requests"] == 1


@pytest.mark.parametrize(
    ("scenario", "code"),
    [("drop", "identity-down"), ("garbage", "identity-answer-unreadable"), ("slow", "identity-timeout")],
)
async def test_a_broken_answer_has_its_reason(rig: Endpoints, scenario: str, code: str) -> None:
    """Cut, not JSON, or too late."""
    rig.fail(scenario, seconds=1.0)
    assert (await refusal(rig.managed(seconds=0.3))).reason.code == code


async def test_an_identity_that_the_app_does_not_have_is_refused(rig: Endpoints) -> None:
    """A wrong AZURE_CLIENT_ID, with the command that shows the right ones."""
    rig.directory.set_faults(IdentityFaults(client_ids=[]))
    unavailable = await refusal(rig.managed(client_id=CLIENT_ID))
    assert unavailable.reason.code == "identity-refused"
    assert "az functionapp identity show" in unavailable.reason.fix


async def test_a_wrong_header_is_refused(rig: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint answers 403 to whoever does not know it."""
    monkeypatch.setenv("IDENTITY_HEADER", "another")
    assert (await refusal(rig.managed())).reason.code == "identity-refused"


async def test_an_endpoint_that_is_not_there_is_down(rig: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens; the platform is restarting."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token")
    assert (await refusal(rig.managed())).reason.code == "identity-down"


async def test_a_proxy_of_the_environment_never_sees_the_token(rig: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways go straight to their endpoints."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    assert (await rig.managed().__call__())[0]
    assert (await rig.federated().__call__())[0]


@pytest.mark.parametrize(
    ("scenario", "status", "code"),
    [
        ("status", 500, "authority-down"),
        ("status", 503, "authority-down"),
        ("status", 429, "identity-throttled"),
        ("drop", 200, "authority-down"),
        ("garbage", 200, "identity-answer-unreadable"),
        ("slow", 200, "identity-timeout"),
    ],
)
async def test_the_token_endpoint_can_fail_too(rig: Endpoints, scenario: str, status: int, code: str) -> None:
    """Its failures are told apart from the identity's."""
    rig.fail(scenario, endpoint="entra", status=status, seconds=1.0)
    assert (await refusal(rig.federated(seconds=0.6))).reason.code == code


async def test_a_federation_that_does_not_fit_is_told_with_its_cure(rig: Endpoints) -> None:
    """The usual mistake: another subject than the identity's principal id."""
    rig.directory.set_faults(IdentityFaults(federated_subjects=["somebody else"]))
    unavailable = await refusal(rig.federated())
    assert unavailable.reason.code == "federation-refused"
    assert "federated-credential list" in unavailable.reason.fix


async def test_an_authority_with_an_unknown_certificate_gets_no_assertion(rig: Endpoints) -> None:
    """Without the CA file it is a stranger; the token endpoint is never asked."""
    unavailable = await refusal(rig.federated(ca_file=None))
    assert unavailable.reason.code == "authority-not-trusted"


@pytest.mark.parametrize("authority", ["https://localhost:9/tenant", "http://localhost/tenant", "nonsense"])
async def test_an_authority_that_cannot_be_asked_has_a_reason(rig: Endpoints, authority: str) -> None:
    """Nobody there, not TLS, not an address at all."""
    unavailable = await refusal(rig.federated(authority=authority))
    assert unavailable.reason.code in {"authority-down", "identity-settings-wrong"}


async def test_no_token_reaches_a_log_or_an_error(rig: Endpoints, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the token nor the identity's header, at any log level, when all goes well and when it does not."""
    caplog.set_level(logging.DEBUG)
    texts = [(await rig.managed().__call__())[0], (await rig.federated().__call__())[0]]
    rig.fail("status", status=500, endpoint="entra")
    unavailable = await refusal(rig.federated())
    told = caplog.text + repr(unavailable) + repr(unavailable.__dict__) + repr(unavailable.__context__)
    for secret in (*texts, *(text.split(".")[2] for text in texts), HEADER):
        assert secret not in told

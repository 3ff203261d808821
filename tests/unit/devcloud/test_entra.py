"""The token endpoint, asked by unchanged msal over verified TLS and by hand."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import certifi
import jwt
import msal  # type: ignore[import-untyped]  # msal has no type information
import pytest
import requests

from devcloud import entra
from devcloud.authority import ThrowAwayAuthority
from devcloud.directory import SYSTEM_ASSIGNED, TENANT_ID, Directory, IdentityFaults, IdentityScenario, application
from devcloud.listening import listen
from devcloud.tokens import FEDERATION_AUDIENCE, SigningKeys

NOW = 1_800_000_000.0
APP = "0c0ffee0-0000-4000-8000-0123456789ab"
OUTLOOK = "https://outlook.office365.com"
UNSIGNED = "eyJhbGciOiJub25lIiwia2lkIjoieCJ9.eyJzdWIiOiJ4In0."  # {"alg":"none","kid":"x"} and {"sub":"x"}
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def directory() -> Directory:
    """A tenant whose clock stands still."""
    return Directory(keys=SigningKeys(), clock=lambda: NOW)


@pytest.fixture(scope="module")
def certificates() -> ThrowAwayAuthority:
    """A certificate authority, the same for all tests here."""
    return ThrowAwayAuthority()


@pytest.fixture
def ca_file(certificates: ThrowAwayAuthority, tmp_path: Path) -> Path:
    """Its certificate as a file."""
    certificates.write_certificate(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.fixture
async def authority(directory: Directory, certificates: ThrowAwayAuthority) -> AsyncIterator[str]:
    """The authority's address, as `MAIL_AUTHORITY` has it."""
    runner, port = await listen(entra.build_app(directory), tls=certificates.server_context())
    yield f"https://localhost:{port}/{TENANT_ID}"
    await runner.cleanup()


@pytest.fixture
def assertion(directory: Directory) -> str:
    """The managed identity's token for the exchange."""
    return directory.issue(SYSTEM_ASSIGNED, FEDERATION_AUDIENCE, endpoint="identity")[0]


async def ask_by_msal(authority: str, ca_file: Path, assertion: str) -> dict[str, Any]:
    """What unchanged msal answers."""

    def ask() -> dict[str, Any]:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(ca_file)
            app = msal.ConfidentialClientApplication(
                APP,
                authority=authority,
                client_credential={"client_assertion": lambda: assertion},
                instance_discovery=False,
                http_client=session,
            )
            answer: dict[str, Any] = app.acquire_token_for_client([f"{OUTLOOK}/.default"])
            return answer

    return await asyncio.to_thread(ask)


async def post(authority: str, ca_file: Path, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and body of one token request by hand."""
    tls = ssl.create_default_context(cafile=ca_file)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{authority}/oauth2/v2.0/token", data=form, ssl=tls) as answer,
    ):
        return answer.status, await answer.json()


def form(assertion: str, **changed: str) -> dict[str, str]:
    """A right token request, or with some fields changed."""
    return {
        "grant_type": "client_credentials",
        "client_id": APP,
        "scope": f"{OUTLOOK}/.default",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
        **changed,
    }


async def test_msal_gets_a_token_for_the_assertion(
    authority: str, ca_file: Path, directory: Directory, assertion: str
) -> None:
    """Unchanged msal exchanges the identity's assertion for the application's own token, good for an hour."""
    answer = await ask_by_msal(authority, ca_file, assertion)
    keys = jwt.PyJWKSet.from_dict(directory.keys.jwks())
    token = answer["access_token"]
    claims = jwt.decode(
        token,
        keys[jwt.get_unverified_header(token)["kid"]],
        audience=OUTLOOK,
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    assert (claims["appid"], claims["oid"]) == (APP, application(APP).object_id)
    assert (claims["iss"], claims["exp"]) == (f"https://sts.windows.net/{TENANT_ID}/", NOW + 3600)
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)


async def test_msal_does_not_talk_to_an_authority_it_cannot_verify(
    authority: str, directory: Directory, assertion: str
) -> None:
    """Without the run's certificate authority the client refuses before it sends anything."""
    with pytest.raises(requests.exceptions.SSLError):
        await ask_by_msal(authority, Path(certifi.where()), assertion)
    assert directory.stats()["requests"] == 0


async def test_msal_reports_an_assertion_for_another_audience(authority: str, ca_file: Path, directory: Directory) -> None:
    """A token that was meant for a resource is no credential; msal hands Entra's number on."""
    wrong = directory.issue(SYSTEM_ASSIGNED, OUTLOOK, endpoint="identity")[0]
    answer = await ask_by_msal(authority, ca_file, wrong)
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [700211])


@pytest.mark.parametrize(
    ("claims", "number"),
    [
        ({"iss": "https://login.microsoftonline.com/other/v2.0"}, 700211),
        ({"aud": "api://elsewhere"}, 700212),
        ({"exp": int(NOW) - 301}, 700024),
        ({"nbf": int(NOW) + 301}, 700024),
        ({"exp": "tomorrow"}, 700024),
        ({"sub": None}, 700027),
    ],
)
async def test_an_assertion_must_be_right_in_every_claim(
    authority: str, ca_file: Path, directory: Directory, claims: dict[str, Any], number: int
) -> None:
    """Issuer, audience, time and subject are each checked, and each refusal has Entra's own number."""
    directory.set_faults(IdentityFaults(claims=claims))
    wrong = directory.issue(SYSTEM_ASSIGNED, FEDERATION_AUDIENCE, endpoint="identity")[0]
    status, answer = await post(authority, ca_file, form(wrong))
    assert (status, answer["error"], answer["error_codes"]) == (401, "invalid_client", [number])
    assert answer["error_description"].startswith(f"AADSTS{number}: ")


async def test_only_the_registered_subject_is_accepted(
    authority: str, ca_file: Path, directory: Directory, assertion: str
) -> None:
    """Where a federated credential names its subjects, another identity's assertion is refused."""
    directory.set_faults(IdentityFaults(federated_subjects=["somebody-else"]))
    assert (await post(authority, ca_file, form(assertion)))[1]["error_codes"] == [700213]
    directory.set_faults(IdentityFaults(federated_subjects=[SYSTEM_ASSIGNED.object_id]))
    assert (await post(authority, ca_file, form(assertion)))[0] == 200


async def test_a_foreign_signature_is_refused(authority: str, ca_file: Path, assertion: str) -> None:
    """An assertion with all the right claims, signed by a key that is not the tenant's, is refused."""
    stranger = Directory(keys=SigningKeys(), clock=lambda: NOW)
    forged = stranger.issue(SYSTEM_ASSIGNED, FEDERATION_AUDIENCE, endpoint="identity")[0]
    tampered = assertion[:-8] + ("A" * 8 if assertion[-8:] != "A" * 8 else "B" * 8)
    for wrong in (forged, tampered, "no token at all", UNSIGNED):
        assert (await post(authority, ca_file, form(wrong)))[1]["error_codes"] == [700027]


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        ({"grant_type": "password"}, 70003),
        ({"client_id": ""}, 900144),
        ({"scope": f"{OUTLOOK}/SMTP.SendAsApp"}, 70011),
        ({"client_assertion_type": ""}, 7000216),
        ({"client_assertion": ""}, 900144),
    ],
)
async def test_a_wrong_request_is_refused(
    authority: str, ca_file: Path, assertion: str, changed: dict[str, str], number: int
) -> None:
    """A field that is missing or wrong is named by Entra's number for it, and no token is given."""
    status, answer = await post(authority, ca_file, form(assertion, **changed))
    assert status >= 400
    assert answer["error_codes"] == [number]
    assert "access_token" not in answer


async def test_unknown_tenant_and_unknown_application_are_refused(
    authority: str, ca_file: Path, directory: Directory, assertion: str
) -> None:
    """Another tenant's address, and a client id that is not registered where only some are, get no token."""
    elsewhere = authority.replace(TENANT_ID, "fabrikam.test")
    assert (await post(elsewhere, ca_file, form(assertion)))[1]["error_codes"] == [90002]
    directory.set_faults(IdentityFaults(client_ids=["another"]))
    assert (await post(authority, ca_file, form(assertion)))[1]["error_codes"] == [700016]


async def test_the_published_keys_verify_the_tokens(authority: str, ca_file: Path, directory: Directory) -> None:
    """The metadata leads to the keys, and they are those that sign."""
    tls = ssl.create_default_context(cafile=ca_file)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{authority}/v2.0/.well-known/openid-configuration", ssl=tls) as answer:
            metadata = await answer.json()
        async with session.get(metadata["jwks_uri"], ssl=tls) as answer:
            keys = await answer.json()
    assert metadata["token_endpoint"] == f"{authority}/oauth2/v2.0/token"
    assert {key["kid"] for key in keys["keys"]} == set(directory.keys.public_keys())


async def test_an_outage_of_the_endpoint_can_be_armed(
    authority: str, ca_file: Path, directory: Directory, assertion: str
) -> None:
    """A scenario for this endpoint hits it, for one client, and spares the managed identity's."""
    directory.set_faults(
        IdentityFaults(
            scenarios=[IdentityScenario(name="status", status=503, count=1, match={"endpoint": "entra", "client_id": APP})]
        )
    )
    assert (await post(authority, ca_file, form(assertion)))[0] == 503
    assert (await post(authority, ca_file, form(assertion)))[0] == 200


async def test_the_keys_can_fail_and_are_counted(authority: str, ca_file: Path, directory: Directory) -> None:
    """A scenario for the endpoint `keys` spares the tokens; another tenant has no keys here."""
    directory.set_faults(
        IdentityFaults(scenarios=[IdentityScenario(name="status", status=503, count=1, match={"endpoint": "keys"})])
    )
    tls = ssl.create_default_context(cafile=ca_file)
    statuses = []
    async with aiohttp.ClientSession() as session:
        for tenant in (authority, authority, authority.replace(TENANT_ID, "fabrikam.test")):
            async with session.get(f"{tenant}/discovery/v2.0/keys", ssl=tls) as answer:
                statuses.append(answer.status)
    assert statuses == [503, 200, 400]
    assert directory.stats()["endpoints"] == {
        "identity": {"requests": 0, "issued": 0},
        "entra": {"requests": 0, "issued": 0},
        "keys": {"requests": 3, "issued": 0},
    }

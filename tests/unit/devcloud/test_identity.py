"""The managed-identity endpoint, asked by the unchanged azure-identity and by hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import pytest
from azure.core.exceptions import ServiceResponseError
from azure.identity import CredentialUnavailableError, ManagedIdentityCredential

from devcloud import identity
from devcloud.directory import SYSTEM_ASSIGNED, TENANT_ID, Directory, IdentityFaults, IdentityScenario
from devcloud.listening import listen
from devcloud.tokens import SigningKeys

HEADER = "A1B2C3"
NOW = 1_800_000_000.0
OUTLOOK = "https://outlook.office365.com"
USER_ASSIGNED = "5a3f7f0e-0000-4000-8000-0123456789ab"


@pytest.fixture
def directory() -> Directory:
    """A tenant whose clock stands still."""
    return Directory(keys=SigningKeys(), clock=lambda: NOW)


@pytest.fixture
async def endpoint(directory: Directory) -> AsyncIterator[str]:
    """Address of a running identity endpoint."""
    runner, port = await listen(identity.build_app(directory, header=HEADER))
    yield f"http://127.0.0.1:{port}{identity.PATH}"
    await runner.cleanup()


@pytest.fixture
def app_settings(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two settings by which the SDK knows that it runs in App Service."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", HEADER)


async def ask_by_sdk(*, client_id: str | None = None, identity_config: dict[str, str] | None = None) -> str:
    """A token through the unchanged credential, whose retries are off: a test must not wait for them."""

    def ask() -> str:
        with ManagedIdentityCredential(client_id=client_id, identity_config=identity_config, retry_total=0) as credential:
            token: str = credential.get_token(f"{OUTLOOK}/.default").token
            return token

    return await asyncio.to_thread(ask)


async def ask(endpoint: str, header: str | None = HEADER, **query: str) -> tuple[int, dict[str, Any], str | None]:
    """Status, body and Retry-After of one request by hand."""
    question = {"api-version": "2019-08-01", "resource": OUTLOOK, **query}
    headers = {} if header is None else {"X-IDENTITY-HEADER": header}
    async with aiohttp.ClientSession() as session, session.get(endpoint, params=question, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers.get("Retry-After")


def claims_of(token: str, directory: Directory, audience: str = OUTLOOK) -> dict[str, Any]:
    """The claims, after the signature has been verified with the published key."""
    key = directory.keys.public_keys()[jwt.get_unverified_header(token)["kid"]]
    verified: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience=audience,
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    return verified


@pytest.mark.usefixtures("app_settings")
async def test_the_sdk_gets_a_token_of_the_apps_own_identity(directory: Directory) -> None:
    """The unchanged credential gets a version 1 token of the system-assigned identity, without roles, for a day."""
    claims = claims_of(await ask_by_sdk(), directory)
    assert (claims["appid"], claims["oid"], claims["sub"]) == (
        SYSTEM_ASSIGNED.client_id,
        SYSTEM_ASSIGNED.object_id,
        SYSTEM_ASSIGNED.object_id,
    )
    assert (claims["iss"], claims["tid"], claims["ver"]) == (f"https://sts.windows.net/{TENANT_ID}/", TENANT_ID, "1.0")
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (NOW, NOW, NOW + 86_400)
    assert not {"roles", "scp", "upn"} & claims.keys()


@pytest.mark.usefixtures("app_settings")
async def test_the_sdk_gets_a_token_of_a_user_assigned_identity(directory: Directory) -> None:
    """A client id given to the unchanged credential selects that identity, with an object id of its own."""
    claims = claims_of(await ask_by_sdk(client_id=USER_ASSIGNED), directory)
    assert claims["appid"] == USER_ASSIGNED
    assert claims["oid"] not in {USER_ASSIGNED, SYSTEM_ASSIGNED.object_id}


@pytest.mark.usefixtures("app_settings")
@pytest.mark.parametrize("kind", ["object_id", "resource_id"])
async def test_the_sdk_may_name_an_identity_in_other_ways(directory: Directory, kind: str) -> None:
    """Object id and resource id select a user-assigned identity too."""
    token = await ask_by_sdk(identity_config={kind: USER_ASSIGNED})
    assert claims_of(token, directory)["appid"] != SYSTEM_ASSIGNED.client_id


@pytest.mark.usefixtures("app_settings")
async def test_the_sdk_sees_an_unknown_identity_as_unavailable(directory: Directory) -> None:
    """Where only certain client ids exist, another one is the 400 that the SDK reports as unavailable."""
    directory.set_faults(IdentityFaults(client_ids=[SYSTEM_ASSIGNED.client_id]))
    with pytest.raises(CredentialUnavailableError):
        await ask_by_sdk(client_id=USER_ASSIGNED)
    assert await ask_by_sdk()


@pytest.mark.usefixtures("app_settings")
@pytest.mark.parametrize(
    ("scenario", "seen"),
    [
        (IdentityScenario(name="status", status=500, count=1), CredentialUnavailableError),
        (IdentityScenario(name="status", status=429, retry_after=1, count=1), CredentialUnavailableError),
        (IdentityScenario(name="drop", count=1), ServiceResponseError),
        (IdentityScenario(name="garbage", count=1), json.JSONDecodeError),
    ],
)
async def test_the_sdk_fails_during_an_outage_and_not_after(
    directory: Directory, scenario: IdentityScenario, seen: type[Exception]
) -> None:
    """Each kind of outage reaches the credential as a failure; when it is over, the next call succeeds."""
    directory.set_faults(IdentityFaults(scenarios=[scenario]))
    with pytest.raises(seen):
        await ask_by_sdk()
    assert await ask_by_sdk()


async def test_the_answer_has_every_field_of_the_protocol(endpoint: str) -> None:
    """Expiry is a string of epoch seconds, and the resource is echoed unchanged, trailing slash and all."""
    status, answer, _ = await ask(endpoint, resource="https://storage.azure.com/", client_id=USER_ASSIGNED)
    assert status == 200
    assert answer.pop("access_token").count(".") == 2
    assert answer == {
        "expires_on": str(int(NOW) + 86_400),
        "resource": "https://storage.azure.com/",
        "token_type": "Bearer",
        "client_id": USER_ASSIGNED,
    }


@pytest.mark.parametrize(("header", "status"), [(None, 401), ("", 403), ("a1b2c3", 403), ("A1B2C3 or more", 403)])
async def test_without_the_header_nobody_gets_a_token(
    endpoint: str, directory: Directory, header: str | None, status: int
) -> None:
    """A request without the right secret header is refused, counted, and gets no token."""
    answered, answer, _ = await ask(endpoint, header=header)
    assert (answered, answer["statusCode"]) == (status, status)
    assert (directory.stats()["requests"], directory.stats()["issued"]) == (1, 0)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"api-version": "2018-02-01"}, 400),
        ({"resource": ""}, 400),
        ({"resource": "outlook"}, 500),
        ({"client_id": USER_ASSIGNED, "object_id": USER_ASSIGNED}, 400),
    ],
)
async def test_a_wrong_question_is_refused(endpoint: str, query: dict[str, str], status: int) -> None:
    """Another API version, no resource, two selectors: 400. A resource that cannot exist: App Service's vague 500."""
    answered, answer, _ = await ask(endpoint, **query)
    assert (answered, answer["statusCode"], bool(answer["message"])) == (status, status, True)


async def test_being_throttled_says_when_to_come_back(endpoint: str, directory: Directory) -> None:
    """An armed 429 carries Retry-After, for as many requests as its count says."""
    directory.set_faults(IdentityFaults(scenarios=[IdentityScenario(name="status", status=429, retry_after=7, count=2)]))
    assert [(await ask(endpoint))[::2] for _ in range(3)] == [(429, "7"), (429, "7"), (200, None)]


async def test_a_scenario_hits_only_what_it_matches(endpoint: str, directory: Directory) -> None:
    """An outage for one resource leaves the others alone."""
    directory.set_faults(IdentityFaults(scenarios=[IdentityScenario(name="status", match={"resource": "*outlook*"})]))
    assert (await ask(endpoint))[0] == 500
    assert (await ask(endpoint, resource="https://storage.azure.com"))[0] == 200


@pytest.mark.parametrize(
    ("faults", "changed"),
    [
        (IdentityFaults(lifetime_seconds=60), {"exp": NOW + 60}),
        (IdentityFaults(roles=["SMTP.SendAsApp"]), {"roles": ["SMTP.SendAsApp"]}),
        (IdentityFaults(roles_of={SYSTEM_ASSIGNED.client_id.upper(): ["Mail.Send"]}), {"roles": ["Mail.Send"]}),
        (IdentityFaults(roles=["Mail.Send"], roles_of={SYSTEM_ASSIGNED.client_id: []}), {"roles": None}),
        (IdentityFaults(roles=["Mail.Send"], roles_of={"somebody": ["Mail.Operator"]}), {"roles": ["Mail.Send"]}),
        (IdentityFaults(audience=OUTLOOK, claims={"ver": "2.0"}), {"ver": "2.0"}),
        (
            IdentityFaults(claims={"tid": None, "iss": "https://elsewhere.test/"}),
            {"tid": None, "iss": "https://elsewhere.test/"},
        ),
    ],
)
async def test_lifetime_roles_and_claims_are_settable(
    endpoint: str, directory: Directory, faults: IdentityFaults, changed: dict[str, Any]
) -> None:
    """What is set for the tokens stands in the next one; a claim set to null is absent."""
    directory.set_faults(faults)
    claims = claims_of((await ask(endpoint))[1]["access_token"], directory)
    assert {name: claims.get(name) for name in changed} == changed


async def test_another_audience_than_asked_for_is_settable(endpoint: str, directory: Directory) -> None:
    """The audience can be set wrong while the answer still echoes the resource that was asked for."""
    directory.set_faults(IdentityFaults(audience="https://graph.microsoft.com"))
    _, answer, _ = await ask(endpoint)
    assert claims_of(answer["access_token"], directory, "https://graph.microsoft.com")["appid"]
    assert answer["resource"] == OUTLOOK


async def test_requests_and_tokens_are_counted(endpoint: str, directory: Directory) -> None:
    """The counters tell requests from tokens, by endpoint and by resource."""
    await ask(endpoint)
    await ask(endpoint, resource="")
    assert directory.stats() == {
        "requests": 2,
        "issued": 1,
        "endpoints": {
            "identity": {"requests": 2, "issued": 1},
            "entra": {"requests": 0, "issued": 0},
            "keys": {"requests": 0, "issued": 0},
        },
        "resources": {OUTLOOK: 1},
    }


async def test_old_keys_stay_published_after_a_rotation(endpoint: str, directory: Directory) -> None:
    """A token signed before a rotation still verifies, and the next one is signed with the new key."""
    before = (await ask(endpoint))[1]["access_token"]
    kid = directory.keys.rotate()
    after = (await ask(endpoint))[1]["access_token"]
    assert claims_of(before, directory)["tid"] == claims_of(after, directory)["tid"]
    assert jwt.get_unverified_header(after)["kid"] == kid != jwt.get_unverified_header(before)["kid"]


def test_the_published_key_set_is_what_verifiers_read(directory: Directory) -> None:
    """PyJWT finds the signing key in the published JSON Web Key Set and verifies a token with it."""
    token = directory.issue(SYSTEM_ASSIGNED, OUTLOOK, endpoint="entra")[0]
    key = jwt.PyJWKSet.from_dict(directory.keys.jwks())[jwt.get_unverified_header(token)["kid"]]
    options: dict[str, Any] = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    assert jwt.decode(token, key, audience=OUTLOOK, options=options)["tid"] == TENANT_ID  # type: ignore[arg-type]  # a plain dict

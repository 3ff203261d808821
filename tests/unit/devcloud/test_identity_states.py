"""States of the tenant's directory: roles for one resource, Azure's cache of tokens, several identities at once."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import pytest

from devcloud import identity
from devcloud.app_roles import AppRoles
from devcloud.directory import SYSTEM_ASSIGNED, Directory, IdentityFaults
from devcloud.listening import listen
from devcloud.tokens import FEDERATION_AUDIENCE, SigningKeys

HEADER = "A1B2C3"
NOW = 1_800_000_000.0
DAY = 86_400.0
OUTLOOK = "https://outlook.office365.com"
GRAPH = "https://graph.microsoft.com"
USER_ASSIGNED = "5a3f7f0e-0000-4000-8000-0123456789ab"


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The tenant's clock."""
    return Clock()


@pytest.fixture
def directory(clock: Clock) -> Directory:
    """A tenant with that clock."""
    return Directory(keys=SigningKeys(), clock=clock)


@pytest.fixture
async def endpoint(directory: Directory) -> AsyncIterator[str]:
    """Address of a running identity endpoint."""
    runner, port = await listen(identity.build_app(directory, header=HEADER))
    yield f"http://127.0.0.1:{port}{identity.PATH}"
    await runner.cleanup()


async def ask(endpoint: str, **query: str) -> tuple[int, dict[str, Any]]:
    """Status and body of one request."""
    question = {"api-version": "2019-08-01", "resource": OUTLOOK, **query}
    headers = {"X-IDENTITY-HEADER": HEADER}
    async with aiohttp.ClientSession() as session, session.get(endpoint, params=question, headers=headers) as answer:
        return answer.status, await answer.json()


async def roles(endpoint: str, **query: str) -> list[str]:
    """The roles in the token that is given now."""
    _, answer = await ask(endpoint, **query)
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    return list(claims.get("roles", []))


async def test_roles_of_a_resource_win_there_alone(endpoint: str, directory: Directory) -> None:
    """They replace the roles of everybody and of the client id for that resource, which may end in a slash."""
    own = {SYSTEM_ASSIGNED.client_id: ["Mail.Send"]}
    directory.set_faults(IdentityFaults(roles=["SMTP.SendAsApp"], roles_of=own, roles_for={GRAPH: ["Mail.ReadWrite"]}))
    assert await roles(endpoint, resource=GRAPH) == ["Mail.ReadWrite"]
    assert await roles(endpoint, resource=f"{GRAPH}/") == ["Mail.ReadWrite"]
    assert await roles(endpoint) == ["Mail.Send"]
    assert await roles(endpoint, client_id=USER_ASSIGNED) == ["SMTP.SendAsApp"]


async def test_no_roles_for_a_resource_are_none(endpoint: str, directory: Directory) -> None:
    """An empty list is an answer: the role is granted elsewhere, and not on this resource."""
    directory.set_faults(IdentityFaults(roles=["SMTP.SendAsApp"], roles_for={OUTLOOK: []}))
    assert await roles(endpoint) == []
    assert await roles(endpoint, resource=GRAPH) == ["SMTP.SendAsApp"]


async def test_an_assertion_carries_no_roles(endpoint: str, directory: Directory) -> None:
    """The token by which an identity vouches for an application has none, whoever names that audience."""
    directory.set_faults(IdentityFaults(roles=["Mail.Send"], roles_for={FEDERATION_AUDIENCE: ["Mail.Send"]}))
    assert await roles(endpoint, resource=FEDERATION_AUDIENCE) == []


async def test_a_cached_token_does_not_know_a_new_role(endpoint: str, directory: Directory, clock: Clock) -> None:
    """The same token comes again until it expires, the role in it or not; then a new one is made."""
    directory.set_faults(IdentityFaults(cached=True))
    first = (await ask(endpoint))[1]
    directory.set_faults(IdentityFaults(cached=True, roles=["SMTP.SendAsApp"]))
    clock.now = NOW + DAY - 1
    assert (await ask(endpoint))[1] == first
    clock.now = NOW + DAY
    assert await roles(endpoint) == ["SMTP.SendAsApp"]
    assert directory.stats()["issued"] == 2


async def test_the_cache_is_of_one_identity_and_one_resource(endpoint: str, directory: Directory) -> None:
    """Another identity, another resource and the token endpoint are not answered with that token."""
    directory.set_faults(IdentityFaults(cached=True))
    await ask(endpoint)
    directory.set_faults(IdentityFaults(cached=True, roles=["SMTP.SendAsApp"]))
    assert await roles(endpoint) == []
    assert await roles(endpoint, client_id=USER_ASSIGNED) == ["SMTP.SendAsApp"]
    assert await roles(endpoint, resource=GRAPH) == ["SMTP.SendAsApp"]
    fresh = directory.issue(SYSTEM_ASSIGNED, OUTLOOK, endpoint="entra")[0]
    assert jwt.decode(fresh, options={"verify_signature": False})["roles"] == ["SMTP.SendAsApp"]


async def test_switching_the_cache_off_empties_it(endpoint: str, directory: Directory) -> None:
    """What was in it does not come back when it is switched on again; without it every token is new."""
    directory.set_faults(IdentityFaults(cached=True))
    cached = (await ask(endpoint))[1]
    directory.set_faults(IdentityFaults())
    first, second = [(await ask(endpoint))[1]["access_token"] for _ in range(2)]
    assert first != second
    directory.set_faults(IdentityFaults(cached=True))
    assert (await ask(endpoint))[1] != cached


async def test_several_identities_have_to_be_told_apart(endpoint: str, directory: Directory) -> None:
    """No name, or the name of the app's own identity, which it has not: 400. A user-assigned one gets its token."""
    directory.set_faults(IdentityFaults(ambiguous=True))
    assert await ask(endpoint) == (400, {"statusCode": 400, "message": identity.AMBIGUOUS})
    assert (await ask(endpoint, client_id=SYSTEM_ASSIGNED.client_id.upper()))[0] == 400
    assert (await ask(endpoint, client_id=USER_ASSIGNED))[0] == 200
    directory.set_faults(IdentityFaults())
    assert (await ask(endpoint))[0] == 200


def test_a_role_keeps_the_time_at_which_it_was_granted() -> None:
    """A role that stays where it was is as old as before; one that was taken away and given again is new."""
    granted = AppRoles()
    assert granted.of(USER_ASSIGNED, OUTLOOK) == {}
    granted.put(["a"], of={}, for_resource={}, now=1.0)
    granted.put(["a", "b"], of={}, for_resource={}, now=2.0)
    assert granted.of(USER_ASSIGNED, OUTLOOK) == {"a": 1.0, "b": 2.0}
    granted.put(["b"], of={USER_ASSIGNED.upper(): ["a"]}, for_resource={}, now=3.0)
    assert granted.of(USER_ASSIGNED, OUTLOOK) == {"a": 3.0}
    granted.put(["a", "b"], of={}, for_resource={}, now=4.0)
    assert granted.of(USER_ASSIGNED, OUTLOOK) == {"a": 4.0, "b": 2.0}

"""The make-believe Entra tenant: which identity a request means, and what the tokens are made of just now."""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from devcloud.app_roles import AppRoles
from devcloud.scenarios import Scenario, ScenarioBook
from devcloud.tokens import FEDERATION_AUDIENCE, SigningKeys, application_claims, with_overrides

TENANT_ID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "contoso.test"))
"""The one tenant of the local cloud: the same in every run, so that notes and tests may name it."""

_TENANT = uuid.UUID(TENANT_ID)

# Seconds that a token lives: about a day from a managed identity (that is how long Azure caches it), an hour from Entra.
_LIFETIMES = {"identity": 86_400.0, "entra": 3_600.0}


@dataclass(frozen=True, slots=True)
class Principal:
    """An application or managed identity: `client_id` becomes `appid`, `object_id` becomes `oid` and `sub`."""

    client_id: str
    object_id: str


SYSTEM_ASSIGNED = Principal(str(uuid.uuid5(_TENANT, "system client")), str(uuid.uuid5(_TENANT, "system object")))
"""The function app's own identity: the one that answers when a request names none."""


class IdentityScenario(Scenario, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`status` (answers `status`, with `retry_after` seconds if given), `drop` (closes without an answer),
    `garbage` (200 that is not JSON), `slow` (waits `seconds`, then the right answer)."""

    status: int = 500
    retry_after: float | None = None
    seconds: float = 0.0


class IdentityFaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What GET and PUT `/api/identity/faults` speak.

    `lifetime_seconds` None: a day from the managed identity, an hour from the token endpoint. `roles` are everybody's
    but those of `roles_of`: client id → roles; both are for every resource but those of `roles_for`: resource → roles.
    `audience` replaces the `aud` that was asked for; `claims` replaces single claims (null removes one). `client_ids` and
    `federated_subjects` None: any; otherwise only those exist. `cached`: the identity's tokens come from a cache until they
    expire, as Azure's do, so that a role granted meanwhile is missing. `ambiguous`: the app has several user-assigned
    identities and none of its own. `storage_roles` None: those that sending needs; only the grants export tells them.
    """

    lifetime_seconds: float | None = None
    roles: list[str] = []
    roles_of: dict[str, list[str]] = {}
    roles_for: dict[str, list[str]] = {}
    audience: str | None = None
    claims: dict[str, Any] = {}
    client_ids: list[str] | None = None
    federated_subjects: list[str] | None = None
    cached: bool = False
    ambiguous: bool = False
    storage_roles: list[str] | None = None
    scenarios: list[IdentityScenario] = []


SCENARIO_NAMES = frozenset({"status", "drop", "garbage", "slow"})
SCENARIO_FACTS = frozenset({"endpoint", "resource", "client_id"})


class Directory:
    """Principals, keys and faults of the tenant, and the counters of both endpoints.

    `clock` gives epoch seconds. Endpoints: `identity` (the app's managed identity), `entra` (the token endpoint) and
    `keys` (the published signing keys).
    """

    def __init__(self, *, keys: SigningKeys, clock: Callable[[], float]) -> None:
        self.keys = keys
        self.clock = clock
        self.faults = IdentityFaults()
        self.roles = AppRoles()
        self.scenarios: ScenarioBook[IdentityScenario] = ScenarioBook(names=SCENARIO_NAMES, facts=SCENARIO_FACTS)
        self._requests: Counter[str] = Counter()
        self._issued: Counter[str] = Counter()
        self._resources: Counter[str] = Counter()
        self._cache: dict[tuple[Principal, str], tuple[str, int]] = {}

    def set_faults(self, faults: IdentityFaults) -> None:
        """Take these faults from now on; raises `ScenarioFault` and keeps the old ones if a scenario is wrong."""
        self.scenarios.arm(faults.scenarios)
        self.roles.put(faults.roles, of=faults.roles_of, for_resource=faults.roles_for, now=self.clock())
        self.faults = faults
        if not faults.cached:
            self._cache.clear()

    def describe_faults(self) -> dict[str, object]:
        """The faults as they were put, each scenario with how often it has hit."""
        return {**msgspec.to_builtins(self.faults), "scenarios": self.scenarios.describe()}

    def count_request(self, endpoint: str) -> None:
        """One more request arrived at an endpoint, whatever becomes of it."""
        self._requests[endpoint] += 1

    def knows(self, client_id: str) -> bool:
        """Whether an identity or application of this client id exists (GUIDs have no case)."""
        if self.faults.ambiguous and client_id.lower() == SYSTEM_ASSIGNED.client_id:
            return False
        known = self.faults.client_ids
        return known is None or client_id.lower() in {name.lower() for name in known}

    def issue(self, principal: Principal, resource: str, *, endpoint: str) -> tuple[str, int]:
        """A signed token for a resource, and its expiry in epoch seconds; the identity's may come from its cache."""
        if not (self.faults.cached and endpoint == "identity"):
            return self._issue(principal, resource, endpoint)
        cached = self._cache.get((principal, resource))
        if cached is None or cached[1] <= self.clock():
            cached = self._cache[principal, resource] = self._issue(principal, resource, endpoint)
        return cached

    def _issue(self, principal: Principal, resource: str, endpoint: str) -> tuple[str, int]:
        claims = self.claims(principal, resource, endpoint=endpoint)
        self._issued[endpoint] += 1
        self._resources[resource] += 1
        return self.keys.sign(with_overrides(claims, self.faults.claims)), int(claims["exp"])

    def claims(self, principal: Principal, resource: str, *, endpoint: str) -> dict[str, Any]:
        """The claims of a token that is issued now, before single claims are overridden."""
        faults = self.faults
        claims = application_claims(
            tenant_id=TENANT_ID,
            audience=faults.audience or resource,
            client_id=principal.client_id,
            object_id=principal.object_id,
            issued_at=self.clock(),
            lifetime=_LIFETIMES[endpoint] if faults.lifetime_seconds is None else faults.lifetime_seconds,
        )
        roles = self.roles.of(principal.client_id, resource)
        if roles and resource != FEDERATION_AUDIENCE:
            claims["roles"] = list(roles)
        return claims

    def stats(self) -> dict[str, object]:
        """Counters since the start: requests, tokens issued (none out of the cache), and both by endpoint and resource."""
        return {
            "requests": self._requests.total(),
            "issued": self._issued.total(),
            "endpoints": {
                name: {"requests": self._requests[name], "issued": self._issued[name]}
                for name in ("identity", "entra", "keys")
            },
            "resources": dict(self._resources),
        }


def managed_identity(selectors: Mapping[str, str]) -> Principal:
    """The identity that a request selects: none is the app's own, `client_id`, `mi_res_id`, `object_id` (or
    `principal_id`) name a user-assigned one. Unnamed ids follow from the named one, the same in every run."""
    if not selectors:
        return SYSTEM_ASSIGNED
    [(kind, value)] = selectors.items()
    if kind == "client_id":
        return SYSTEM_ASSIGNED if value.lower() == SYSTEM_ASSIGNED.client_id else application(value)
    if kind == "mi_res_id":
        return application(str(uuid.uuid5(_TENANT, f"resource {value.lower()}")))
    return Principal(client_id=str(uuid.uuid5(_TENANT, f"client of {value}")), object_id=value)


def application(client_id: str) -> Principal:
    """The service principal of an application or user-assigned identity, by its client id."""
    return Principal(client_id=client_id, object_id=str(uuid.uuid5(_TENANT, f"object of {client_id.lower()}")))

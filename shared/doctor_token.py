"""The doctor's look at the token: whether there is one, and what it says of itself. No trust is put in it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from shared.rules import access_reasons as reasons
from shared.rules.access_faults import Evidence, evidence_of, mixed, of_token
from shared.rules.config import IdentityModel, MailConfig
from shared.rules.findings import Finding, Step, fault, ok, warning
from shared.rules.grants import SMTP_CLAIM, Grants
from shared.rules.token import Token
from shared.rules.token_claims import TokenClaims, claims_of
from shared.rules.token_errors import TokenUnavailable
from shared.status import iso

RolesElsewhere = Callable[[], Awaitable[tuple[str, ...]]]
"""The identity's permissions on Microsoft Graph; empty where its token for Graph cannot be had or says none."""


class FreshTokens(Protocol):
    """The token of the app's identity, also past the cache."""

    async def fresh(self) -> Token:
        """A new token, which nobody else gets; raises `TokenUnavailable`."""

    async def get(self, margin: float) -> Token:
        """The token at hand, with more than `margin` seconds of life; raises `TokenUnavailable`."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """The token with its claims (None where there is none, or it is opaque), what was found, and other evidence."""

    token: Token | None
    claims: TokenClaims | None
    graph_roles: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def client_id(self) -> str:
        """Of the principal that the token is for; '' where nobody knows."""
        return self.claims.application if self.claims else ""

    @property
    def object_id(self) -> str:
        """Of the same."""
        return self.claims.object if self.claims else ""


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """Fetches and reads. `clock` gives epoch seconds."""

    config: MailConfig
    tokens: FreshTokens
    graph_roles: RolesElsewhere
    clock: Callable[[], float]

    async def check(self, grants: Grants | None, margin: float) -> Checkup:
        """A fresh token, or the one at hand where there is none; a login needs more than `margin` seconds of its life."""
        down: tuple[Finding, ...] = ()
        try:
            token = await self.tokens.fresh()
        except TokenUnavailable as unavailable:
            try:
                token = await self.tokens.get(margin)
            except TokenUnavailable:
                return Checkup(None, None, (), (fault(Step.TOKEN, unavailable.reason),))
            down = (warning(Step.TOKEN, unavailable.reason, seen="the token at hand is used as long as it lives"),)
        claims = claims_of(token.value)
        graph = await self._graph_roles(claims)
        evidence = self.evidence("", claims, graph, grants)
        return Checkup(token, claims, graph, (*down, self._finding(token, claims, evidence, margin)))

    def evidence(
        self, mailbox: str, claims: TokenClaims | None, graph_roles: tuple[str, ...], grants: Grants | None
    ) -> Evidence:
        """What is known when this mailbox's login is refused."""
        own = evidence_of(self.config, mailbox, self.clock(), "")
        return replace(own, claims=claims, graph_roles=graph_roles, grants=grants)

    async def _graph_roles(self, claims: TokenClaims | None) -> tuple[str, ...]:
        """Asked only where it can tell something: the role that model "claim" needs is not there."""
        if claims is None or self.config.identity.model is IdentityModel.RBAC or SMTP_CLAIM in claims.roles:
            return ()
        return await self.graph_roles()

    def _finding(self, token: Token, claims: TokenClaims | None, evidence: Evidence, margin: float) -> Finding:
        left = token.expires_at - self.clock()
        seen = f"{_facts(claims)}, {left / 60:.0f} minutes left"
        if (wrong := of_token(evidence)) is not None:
            return fault(Step.TOKEN, wrong, seen=seen)
        if mixed(claims, evidence.model):
            return warning(Step.TOKEN, reasons.MODELS_MIXED, seen=seen)
        if left < margin:
            return warning(Step.TOKEN, reasons.TOKEN_ENDS_SOON, seen=seen)
        return ok(Step.TOKEN, seen=seen)


def _facts(claims: TokenClaims | None) -> str:
    """What the token says, which nobody has proven."""
    if claims is None:
        return "the token is opaque"
    roles = ", ".join(claims.roles) or "none"
    issued = iso(claims.issued_at) if claims.issued_at is not None else "at an unknown time"
    return (
        f"says: for {claims.audience or '?'}, client id {claims.application or '?'}, object id {claims.object or '?'}, "
        f"tenant {claims.tenant or '?'}, roles {roles}, issued {issued}"
    )

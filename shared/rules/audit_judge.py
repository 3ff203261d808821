"""The permission audit's judgement: from the evidence to findings and to the names of all grants.

An export counts while it is fresh and is about the principal that sends. Without one nobody can know what Exchange and the
storage account grant, so the verdict is unknown, whatever the model: the token tells of Entra's permissions alone.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from shared.rules import audit_commands as commands
from shared.rules.audit import Area, Evidence, Finding, Holder, Judgement, Kind, Needs
from shared.rules.audit_commands import Ids
from shared.rules.audit_exchange import excess_in_exchange, is_scoped, missing_in_exchange
from shared.rules.audit_roles import excess_roles, missing_roles
from shared.rules.audit_storage import excess_in_storage, missing_in_storage
from shared.rules.config import IdentityWay
from shared.rules.grants import EXCHANGE_APP_ID, FRESH, GRAPH_APP_ID, Grants
from shared.rules.problems import Problem, Refused
from shared.rules.token_claims import TokenClaims

CLOCKS_DIFFER = 3600.0
"""Seconds by which an export may lie in the future: the administrator's machine has a clock of its own."""

MOST_FINDINGS = 100
"""Findings of one audit; whoever has so many starts with the first ones, and a row has to hold them."""

MOST_NAMES = 200
LONGEST_NAME = 160
"""Names of one area, and characters of each, that a row keeps; a hash stands for the others, so that drift still shows."""


def judge(needs: Needs, evidence: Evidence, now: float) -> Judgement:
    """Everything that was found, the gravest first, and the grants by area."""
    doubt = doubt_about(evidence, now)
    export = evidence.export if doubt is None else None
    ids = _ids(evidence.sender, export)
    findings = [*excess_roles(needs, evidence, export, ids), *missing_roles(needs, evidence, export, ids)]
    if evidence.sender is None:
        findings.append(_NO_TOKEN)
    own = _identity(needs, evidence)
    to_export = commands.export(ids, needs.told, own.object if own else None)
    if export is None:
        findings.append(replace(doubt or _NO_EXPORT, command=to_export))
    else:
        on_storage = own or ids
        findings += [*excess_in_exchange(needs, export, ids), *missing_in_exchange(needs, export, ids)]
        findings += [*excess_in_storage(export, on_storage), *missing_in_storage(needs, export, on_storage)]
        findings += [replace(_NO_STORAGE, command=to_export)] if export.storage_roles is None else []
    return Judgement(_bounded(findings), _names(evidence, export), ids)


def doubt_about(evidence: Evidence, now: float) -> Finding | None:
    """Why the export cannot be used as evidence; None where it can."""
    export = evidence.export
    if export is None:
        return _NO_EXPORT
    if export.exported_at > now + CLOCKS_DIFFER:
        return _FROM_THE_FUTURE
    if export.exported_at < now - FRESH:
        return _OLD
    return _OTHER if evidence.sender and not is_of(export, evidence.sender) else None


def counts(evidence: Evidence, now: float) -> bool:
    """Whether there is an export that can be used."""
    return doubt_about(evidence, now) is None


def refuse_doubtful(evidence: Evidence, now: float) -> None:
    """Raise `Refused` for an export that somebody wants to import and that could not be used."""
    doubt = doubt_about(evidence, now)
    if doubt is not None:
        pointer, message = _REFUSALS[doubt.code]
        raise Refused([Problem(pointer, message)], code=doubt.code)


def is_of(export: Grants, claims: TokenClaims) -> bool:
    """Whether an export is about the principal that a token names, as far as the token names one."""
    pairs = (
        (export.principal.client_id, claims.application),
        (export.principal.object_id, claims.object),
        (export.tenant, claims.tenant),
    )
    return all(not said or exported.lower() == said.lower() for exported, said in pairs)


_NO_TOKEN = Finding(
    "no-token",
    Kind.UNKNOWN,
    "there is no token for Exchange, or it cannot be read: nobody can say which permissions it carries",
    "python -m ops doctor",
)
_NO_EXPORT = Finding(
    "no-export", Kind.UNKNOWN, "what Exchange and the storage account grant is unknown: no grants export was imported"
)
_OLD = Finding(
    "old-export",
    Kind.UNKNOWN,
    "what Exchange and the storage account grant is unknown: the newest grants export is older than seven days",
)
_FROM_THE_FUTURE = Finding(
    "future-export", Kind.UNKNOWN, "the newest grants export lies in the future: a clock was wrong when it was made"
)
_OTHER = Finding(
    "other-principal",
    Kind.UNKNOWN,
    "the newest grants export is about another principal than the one whose token sends: it is the wrong file",
)
_NO_STORAGE = Finding(
    "no-storage-roles",
    Kind.UNKNOWN,
    "what the storage account grants is unknown: the script that made the export was not told the account's id",
)

_REFUSALS = {
    _OLD.code: ("/grants/exported_at", "grants.exported_at is older than seven days; run export-grants.ps1 again"),
    _FROM_THE_FUTURE.code: (
        "/grants/exported_at",
        "grants.exported_at lies in the future; set the clock of the machine that makes the export, and make it again",
    ),
    _OTHER.code: (
        "/grants/principal",
        "grants.principal, or grants.tenant, is not the one whose token sends; export the grants of the app's own identity, "
        'or with way = "federated" those of its app registration',
    ),
}
"""Where the fault of an export stands, its cause and its cure."""


def _ids(claims: TokenClaims | None, export: Grants | None) -> Ids:
    if claims is not None and claims.application:
        return Ids(claims.application, claims.object)
    return Ids(export.principal.client_id, export.principal.object_id) if export else Ids()


def _bounded(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first, each once. Of too many the last ones go, and a remark says how many."""
    ordered = sorted(dict.fromkeys(findings), key=lambda one: _RANK[one.kind])
    rest = len(ordered) - MOST_FINDINGS
    if rest <= 0:
        return tuple(ordered)
    more = Finding("more-findings", Kind.NOTE, f"there are {rest} more findings; clear these first, then audit again")
    return (*ordered[:MOST_FINDINGS], more)


def _identity(needs: Needs, evidence: Evidence) -> Ids | None:
    """The identity behind an app registration: it reaches the storage. None where the identity itself sends."""
    if needs.way is not IdentityWay.FEDERATED:
        return None
    claims = next((one.claims for one in evidence.tokens if one.holder is Holder.IDENTITY), None)
    return Ids() if claims is None else Ids(claims.application, claims.object)


_RANK = {Kind.ALARM: 0, Kind.EXCESS: 1, Kind.UNKNOWN: 2, Kind.MISSING: 3, Kind.NOTE: 4}
"""The order in which a person should read them; an unknown one stays among the first, so that the verdict stays true."""


def _names(evidence: Evidence, export: Grants | None) -> Mapping[Area, tuple[str, ...]]:
    """The areas that could be seen, with the names of what is granted there."""
    found: dict[Area, Iterable[str]] = {}
    for area, resource in ((Area.EXCHANGE, EXCHANGE_APP_ID), (Area.GRAPH, GRAPH_APP_ID)):
        if evidence.claims(Holder.SENDER, resource) is not None:
            found[area] = _in_tokens(evidence, resource)
        elif export is not None:
            found[area] = (one.value for one in export.app_roles if one.resource_app_id.lower() == resource)
    if export is not None:
        known = (EXCHANGE_APP_ID, GRAPH_APP_ID)
        others = (one for one in export.app_roles if one.resource_app_id.lower() not in known)
        found[Area.OTHER_APIS] = (f"{one.value} on {one.resource}" for one in others)
        found[Area.RBAC] = _assignments(export)
        found[Area.MAILBOXES] = _mailboxes(export)
        if export.storage_roles is not None:
            found[Area.STORAGE] = (f"{one.role} on {one.scope}" for one in export.storage_roles)
    return {area: _listed(names) for area, names in found.items()}


def _in_tokens(evidence: Evidence, resource: str) -> Iterator[str]:
    for one in evidence.tokens:
        if one.resource == resource:
            beside = "" if one.holder is Holder.SENDER else " (the identity itself)"
            yield from (f"{role}{beside}" for role in one.claims.roles)


def _assignments(export: Grants) -> Iterator[str]:
    for one in export.exchange.role_assignments:
        yield f"{one.role} for {one.scope if is_scoped(one) else 'every mailbox'}"


def _mailboxes(export: Grants) -> Iterator[str]:
    if export.exchange.smtp_auth_tenant:
        yield "SMTP AUTH for the tenant"
    for one in export.exchange.mailboxes:
        if one.full_access:
            yield f"FullAccess on {one.address}"
        if one.in_scope:
            yield f"in scope: {one.address}"
        yield from (f"{one.address} sends as {address}" for address in one.send_as)


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    """In order, each once, short; whatever is too much is told by a number and a hash."""
    ordered = sorted({name if len(name) <= LONGEST_NAME else _short(name) for name in names})
    rest = ordered[MOST_NAMES:]
    return (*ordered[:MOST_NAMES], *([f"and {len(rest)} more ({_digest(rest)})"] if rest else []))


def _short(name: str) -> str:
    """The end is often what tells two names apart, so a hash of the whole stands there."""
    return f"{name[: LONGEST_NAME - 20]} ({_digest([name])})"


def _digest(names: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:12]

"""From an opaque refusal to its cause: the reply, what the token says of itself, and what an administrator exported.

The evidence is asked in the order in which Exchange decides: the token, the role in it, then Exchange's own records. Where
it does not reach to one cause, the refusal stays what it was: a wrong name would cost more than none.
"""

from dataclasses import dataclass

from shared.rules import access_reasons as reasons
from shared.rules.config import EndpointName, IdentityModel, MailConfig
from shared.rules.grants import EXCHANGE_APP_ID, GRAPH_APP_ID, SMTP_CLAIM, SMTP_ROLE, Grants
from shared.rules.outcome import Reason
from shared.rules.token_claims import TokenClaims, claims_of

LOGIN_REFUSED, LOGON_FAILED = "login-refused", "mailbox-logon-failed"
"""Codes of the reply table that many causes share: 535 5.7.3, and 430 4.2.0 after DATA."""

ISSUED_JUST_NOW = 600.0
"""Seconds. A token that is older comes from the identity's cache of about 24 hours and may not know a new role yet."""

AUDIENCES = frozenset(
    {
        "https://outlook.office365.com",
        "https://outlook.office.com",
        "https://outlook.office365.us",
        "https://outlook-dod.office365.us",
        "https://partner.outlook.cn",
        EXCHANGE_APP_ID,
    }
)
"""Audiences of Exchange Online in all clouds (Exchange reference 1.1 and 2.6)."""

_GRAPH_HOSTS = ("graph.microsoft.", "dod-graph.microsoft.", "microsoftgraph.chinacloudapi.")
_MAIL_WORDS = ("mail", "imap", "pop", "full_access_as_app")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when a login is refused. `now` is epoch seconds, `audience` the resource of the cloud's scope.

    `model` is None for High Volume Email, which knows neither model: its permission is Mail.Send, and it says what it lacks.

    `claims` are the token's (None: opaque). `graph_roles` are the identity's permissions on Microsoft Graph, as its token
    for Graph names them. `grants` is an export young enough to count. `other_let_in`: the same identity logged in as
    another mailbox just now.
    """

    model: IdentityModel | None
    audience: str
    mailbox: str
    now: float
    claims: TokenClaims | None = None
    graph_roles: tuple[str, ...] = ()
    grants: Grants | None = None
    other_let_in: bool = False


def evidence_of(config: MailConfig, mailbox: str, now: float, token: str) -> Evidence:
    """What a deployment's own settings and a token's text tell; '' for no token."""
    audience = config.cloud.scope.removesuffix("/.default")
    return Evidence(_model_of(config, mailbox), audience, mailbox, now, claims_of(token))


def _model_of(config: MailConfig, mailbox: str) -> IdentityModel | None:
    """The model by which Exchange lets this mailbox in; '' asks about all of them together."""
    users = [one for one in config.senders.values() if not mailbox or mailbox in one.mailboxes]
    only_high_volume = bool(users) and all(one.endpoint is EndpointName.HIGH_VOLUME for one in users)
    return None if only_high_volume else config.identity.model


def explain(refused: Reason, evidence: Evidence) -> Reason:
    """The cause behind a refusal, or the refusal itself where the evidence does not tell."""
    if refused.code == LOGIN_REFUSED:
        return of_token(evidence) or (_of_records(evidence) if evidence.model else None) or refused
    if refused.code == LOGON_FAILED and evidence.model is not None:
        return _of_rights(evidence) or refused
    return refused


def told(refused: Reason, evidence: Evidence) -> Reason:
    """The same for somebody who is looking: where nothing decides, what would."""
    reason = explain(refused, evidence)
    if reason.code != LOGIN_REFUSED or evidence.claims is None or evidence.model is None:
        return reason
    return reasons.NOT_TOLD_APART if evidence.grants is None else reasons.AGAINST_GRANTS


def of_token(evidence: Evidence) -> Reason | None:
    """What is wrong with the token itself, as far as it says so; None where nothing is, or it is opaque."""
    claims = evidence.claims
    if claims is None:
        return None
    if not _for_exchange(claims, evidence.audience):
        return reasons.TOKEN_FOR_GRAPH if _for_graph(claims.audience) else reasons.AUDIENCE_WRONG
    if claims.expires_at is not None and claims.expires_at <= evidence.now:
        return reasons.TOKEN_EXPIRED
    if evidence.model is IdentityModel.CLAIM and SMTP_CLAIM not in claims.roles:
        return _without_role(claims, evidence)
    return None


def mixed(claims: TokenClaims | None, model: IdentityModel | None) -> bool:
    """Whether the token carries the role although Exchange's own assignment is meant to decide."""
    return claims is not None and model is IdentityModel.RBAC and SMTP_CLAIM in claims.roles


def _without_role(claims: TokenClaims, evidence: Evidence) -> Reason:
    if evidence.grants is not None and evidence.grants.granted(SMTP_CLAIM) is not None:
        return reasons.ROLE_NOT_IN_TOKEN_YET
    if any(_about_mail(role) for role in (*claims.roles, *evidence.graph_roles)):
        return reasons.GRAPH_PERMISSION
    if evidence.grants is None and _from_a_cache(claims, evidence.now):
        return reasons.ROLE_NOT_IN_TOKEN_YET
    return reasons.ROLE_MISSING


def _of_records(evidence: Evidence) -> Reason | None:
    """What Exchange's records say, from an export of the same identity; without one, what another mailbox tells."""
    grants, claims = evidence.grants, evidence.claims
    if grants is None or claims is None or not _same(grants.principal.client_id, claims.application):
        return reasons.MAILBOX_NOT_COVERED if evidence.other_let_in else None
    return _of_principal(grants, claims) or _of_mailbox(grants, evidence)


def _of_principal(grants: Grants, claims: TokenClaims) -> Reason | None:
    principal = next((one for one in grants.exchange.service_principals if _same(one.app_id, claims.application)), None)
    if principal is None:
        return reasons.NOT_REGISTERED
    return None if _same(principal.object_id, claims.object) else reasons.OBJECT_ID_WRONG


def _of_mailbox(grants: Grants, evidence: Evidence) -> Reason | None:
    mailbox = grants.mailbox(evidence.mailbox)
    if mailbox is not None and not mailbox.exists:
        return reasons.MAILBOX_UNKNOWN
    if evidence.model is IdentityModel.CLAIM:
        return None
    if not grants.assigned(SMTP_ROLE):
        return reasons.RBAC_ROLE_MISSING
    return reasons.OUT_OF_SCOPE if mailbox is not None and mailbox.in_scope is False else None


def _of_rights(evidence: Evidence) -> Reason:
    """430 after DATA: the login was good, the mailbox does not open (Exchange reference 6.3)."""
    if evidence.model is IdentityModel.CLAIM:
        return reasons.PERMISSION_MISSING
    return reasons.MODELS_MIXED if mixed(evidence.claims, evidence.model) else reasons.SUBMISSION_OUT_OF_SCOPE


def _for_exchange(claims: TokenClaims, wanted: str) -> bool:
    audience = claims.audience.rstrip("/").lower()
    return audience in AUDIENCES or audience == wanted.rstrip("/").lower()


def _for_graph(audience: str) -> bool:
    host = audience.lower().removeprefix("https://")
    return host == GRAPH_APP_ID or host.startswith(_GRAPH_HOSTS)


def _about_mail(role: str) -> bool:
    return role.lower().startswith(_MAIL_WORDS)


def _from_a_cache(claims: TokenClaims, now: float) -> bool:
    return claims.issued_at is None or claims.issued_at < now - ISSUED_JUST_NOW


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()

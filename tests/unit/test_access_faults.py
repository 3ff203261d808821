"""What stands behind an opaque refusal: each cause is named where the evidence shows it, and only there."""

import re
from dataclasses import replace
from typing import Any

import pytest

from shared.edges import smtp_faults
from shared.rules import access_reasons as reasons
from shared.rules import replies, reply_table, token_errors
from shared.rules.access_faults import Evidence, evidence_of, explain, mixed, of_token, told
from shared.rules.breakers import RULES, Breaker, breaker_of
from shared.rules.config import EndpointName, Identity, IdentityModel
from shared.rules.cures import PLACEHOLDERS
from shared.rules.grants import (
    EXCHANGE_APP_ID,
    AppRole,
    ExchangeGrants,
    Grants,
    MailboxGrants,
    Principal,
    RoleAssignment,
    ServicePrincipal,
)
from shared.rules.outcome import Reason, Retry
from shared.rules.stops import Trial
from shared.rules.token_claims import TokenClaims
from tests.stage import a_config, a_sender

NOW = 1_800_000_000.0
BOX = "alerts@contoso.test"
EXCHANGE = "https://outlook.office365.com"
CLAIMS = TokenClaims(EXCHANGE, "client", "object", "tenant", (), NOW - 60, NOW + 80_000)
REFUSED = Reason("login-refused", "made up")
LOGON_FAILED = Reason("mailbox-logon-failed", "made up")
BY_HAND = {"nsg"}
"""Words in angle brackets that nobody but the operator knows."""


def evidence(model: IdentityModel = IdentityModel.RBAC, **changed: object) -> Evidence:
    """A fresh and sound token, and nothing else known."""
    known: dict[str, object] = {"audience": EXCHANGE, "mailbox": BOX, "now": NOW, "claims": CLAIMS, **changed}
    return Evidence(model, **known)  # type: ignore[arg-type]  # a test's shorthand


def export(**changed: object) -> Grants:
    """An export in which all is as it has to be for model rbac; `mailbox` changes the mailbox's entry."""
    box: dict[str, object] = {"address": BOX, "exists": True, "in_scope": True, **dict(changed.pop("mailbox", {}))}  # type: ignore[call-overload]
    exchange: dict[str, object] = {
        "service_principals": [ServicePrincipal(app_id="CLIENT", object_id="object")],
        "role_assignments": [RoleAssignment(role="Application SMTP.SendAsApp", scope="mail")],
        "mailboxes": [MailboxGrants(**box)],  # type: ignore[arg-type]
        **dict(changed.pop("exchange", {})),  # type: ignore[call-overload]
    }
    whole: dict[str, object] = {
        "version": 1,
        "exported_at": NOW,
        "tenant": "tenant",
        "principal": Principal(client_id="client", object_id="object"),
        "app_roles": [],
        "exchange": ExchangeGrants(**exchange),  # type: ignore[arg-type]
        **changed,
    }
    return Grants(**whole)  # type: ignore[arg-type]


def role(value: str, app_id: str = EXCHANGE_APP_ID) -> AppRole:
    """A permission that Entra granted."""
    return AppRole(resource="Office 365 Exchange Online", resource_app_id=app_id, value=value)


@pytest.mark.parametrize(
    ("audience", "reason"),
    [
        ("https://graph.microsoft.com", reasons.TOKEN_FOR_GRAPH),
        ("https://graph.microsoft.com/", reasons.TOKEN_FOR_GRAPH),
        ("00000003-0000-0000-c000-000000000000", reasons.TOKEN_FOR_GRAPH),
        ("https://graph.microsoft.us", reasons.TOKEN_FOR_GRAPH),
        ("https://management.azure.com/", reasons.AUDIENCE_WRONG),
        ("", reasons.AUDIENCE_WRONG),
    ],
)
def test_a_token_for_somebody_else_is_named(audience: str, reason: Reason) -> None:
    """Microsoft Graph's apart, as it is the usual mistake."""
    assert explain(REFUSED, evidence(claims=replace(CLAIMS, audience=audience))) == reason


@pytest.mark.parametrize(
    "audience", [EXCHANGE, f"{EXCHANGE}/", "https://outlook.office.com", "https://outlook.office365.us", EXCHANGE_APP_ID]
)
def test_exchanges_audiences_are_right(audience: str) -> None:
    """In every form that Exchange takes."""
    assert of_token(evidence(claims=replace(CLAIMS, audience=audience))) is None


def test_the_audience_of_a_custom_cloud_is_right_there() -> None:
    """Another relay's token is for that relay."""
    relay = replace(CLAIMS, audience="api://relay")
    assert of_token(evidence(claims=relay, audience="api://relay")) is None
    assert of_token(evidence(claims=relay)) == reasons.AUDIENCE_WRONG


def test_an_expired_token_is_named() -> None:
    """At its last second."""
    assert explain(REFUSED, evidence(claims=replace(CLAIMS, expires_at=NOW))) == reasons.TOKEN_EXPIRED


OLD = replace(CLAIMS, issued_at=NOW - 7200)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, reasons.ROLE_MISSING),
        ({"claims": OLD}, reasons.ROLE_NOT_IN_TOKEN_YET),
        ({"claims": OLD, "grants": export()}, reasons.ROLE_MISSING),
        ({"grants": export(app_roles=[role("SMTP.SendAsApp")])}, reasons.ROLE_NOT_IN_TOKEN_YET),
        ({"claims": replace(CLAIMS, roles=("Mail.Send",))}, reasons.GRAPH_PERMISSION),
        ({"claims": OLD, "graph_roles": ("Mail.Send",)}, reasons.GRAPH_PERMISSION),
        ({"claims": replace(CLAIMS, roles=("IMAP.AccessAsApp",))}, reasons.GRAPH_PERMISSION),
        ({"graph_roles": ("User.Read.All",)}, reasons.ROLE_MISSING),
    ],
)
def test_a_missing_role_is_told_apart(changed: dict[str, Any], reason: Reason) -> None:
    """Never granted, granted but not in this token yet, or another permission in its place."""
    assert explain(REFUSED, evidence(IdentityModel.CLAIM, **changed)) == reason


def test_model_rbac_needs_no_role() -> None:
    """A token without roles is what it should be; one with the role is a mixture."""
    assert of_token(evidence()) is None
    with_role = replace(CLAIMS, roles=("SMTP.SendAsApp",))
    assert mixed(with_role, IdentityModel.RBAC)
    assert not mixed(with_role, IdentityModel.CLAIM)
    assert not mixed(CLAIMS, IdentityModel.RBAC)


@pytest.mark.parametrize(
    ("grants", "reason"),
    [
        (export(exchange={"service_principals": []}), reasons.NOT_REGISTERED),
        (
            export(exchange={"service_principals": [ServicePrincipal(app_id="client", object_id="registration")]}),
            reasons.OBJECT_ID_WRONG,
        ),
        (export(mailbox={"exists": False}), reasons.MAILBOX_UNKNOWN),
        (export(exchange={"role_assignments": []}), reasons.RBAC_ROLE_MISSING),
        (export(exchange={"role_assignments": [RoleAssignment(role="Application Mail.Send")]}), reasons.RBAC_ROLE_MISSING),
        (export(mailbox={"in_scope": False}), reasons.OUT_OF_SCOPE),
    ],
)
def test_exchanges_own_records_tell(grants: Grants, reason: Reason) -> None:
    """In the order in which Exchange would look."""
    assert explain(REFUSED, evidence(grants=grants)) == reason


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"claims": None},
        {"grants": export()},
        {"grants": export(mailbox={"in_scope": None})},
        {"grants": export(exchange={"mailboxes": []})},
        {"grants": export(principal=Principal(client_id="another", object_id="x"), exchange={"service_principals": []})},
    ],
)
def test_what_is_not_known_is_not_named(changed: dict[str, Any]) -> None:
    """No evidence, an opaque token, an export that shows nothing wrong or is about somebody else."""
    assert explain(REFUSED, evidence(**changed)) == REFUSED


def test_another_mailbox_that_works_is_evidence() -> None:
    """The identity is known then; it is this mailbox that is not covered."""
    assert explain(REFUSED, evidence(other_let_in=True)) == reasons.MAILBOX_NOT_COVERED
    assert explain(REFUSED, evidence(other_let_in=True, grants=export(mailbox={"exists": False}))) == reasons.MAILBOX_UNKNOWN


def test_a_mailbox_that_does_not_open_has_its_own_causes() -> None:
    """By the model: a permission, a scope, or both models at once."""
    with_role = replace(CLAIMS, roles=("SMTP.SendAsApp",))
    assert explain(LOGON_FAILED, evidence(IdentityModel.CLAIM)) == reasons.PERMISSION_MISSING
    assert explain(LOGON_FAILED, evidence()) == reasons.SUBMISSION_OUT_OF_SCOPE
    assert explain(LOGON_FAILED, evidence(claims=None)) == reasons.SUBMISSION_OUT_OF_SCOPE
    assert explain(LOGON_FAILED, evidence(claims=with_role)) == reasons.MODELS_MIXED


def test_high_volume_email_knows_neither_model() -> None:
    """Its permission is another one and it says itself what it lacks, so nothing of SMTP.SendAsApp is claimed."""
    bulk = a_sender("bulk")
    config = replace(a_config(), identity=Identity(model=IdentityModel.CLAIM))
    config = replace(config, senders={**config.senders, "bulk": replace(bulk, endpoint=EndpointName.HIGH_VOLUME)})
    of_bulk, of_all = (evidence_of(config, box, NOW, "") for box in ("bulk@contoso.test", ""))
    assert (of_bulk.model, of_all.model) == (None, IdentityModel.CLAIM)
    known = replace(of_bulk, claims=replace(CLAIMS, roles=("Mail.Send",)), grants=export(exchange={"role_assignments": []}))
    for refused in (REFUSED, LOGON_FAILED):
        assert explain(refused, known) == told(refused, known) == refused
    assert explain(REFUSED, replace(known, claims=replace(CLAIMS, audience="https://x"))) == reasons.AUDIENCE_WRONG


def test_another_refusal_stays_what_it_is() -> None:
    """Exchange was clear enough."""
    full = Reason("mailbox-full", "made up")
    assert explain(full, evidence(grants=export(mailbox={"exists": False}))) == full


@pytest.mark.parametrize("reason", reasons.ALL, ids=lambda reason: reason.code)
def test_every_cause_says_what_to_do_once(reason: Reason) -> None:
    """A code of its own, a sentence, a cure."""
    assert [one.code for one in reasons.ALL].count(reason.code) == 1
    assert reason.text
    assert reason.fix


def test_a_cause_trips_the_breaker_of_its_refusal() -> None:
    """A better name must not make the app hammer: a login ends by a login, what comes after DATA by a mail."""
    for reason in reasons.OF_LOGIN:
        breaker = breaker_of(Retry(1.0, reason))
        assert breaker is Breaker.LOGIN, reason.code
        assert RULES[breaker].trial is Trial.LOGIN
    for reason in reasons.OF_RIGHTS:
        breaker = breaker_of(Retry(1.0, reason))
        assert breaker is Breaker.RIGHTS, reason.code
        assert RULES[breaker].trial is Trial.MAIL


def everything_said() -> list[Reason]:
    """Every reason with a cure that the doctor may show."""
    of_edges = [one for one in vars(smtp_faults).values() if isinstance(one, Reason)]
    of_replies = [one for one in vars(replies).values() if isinstance(one, Reason)]
    return [*reasons.ALL, *of_edges, *of_replies, *token_errors.ALL, *(row.reason for row in reply_table.ROWS)]


def test_what_stands_in_brackets_is_known() -> None:
    """A word that is misspelt would never be filled in."""
    for reason in everything_said():
        assert set(re.findall(r"<([^>]+)>", reason.fix)) <= PLACEHOLDERS | BY_HAND, reason.code

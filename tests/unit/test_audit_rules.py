"""The audit's judgement: permissions in Entra, the export as evidence, the verdict."""

from dataclasses import replace
from typing import Any

import pytest

from shared.rules.audit import Area, Evidence, Holder, Kind, Seen, Verdict, verdict_of
from shared.rules.audit_judge import LONGEST_NAME, MOST_FINDINGS, MOST_NAMES, judge, refuse_doubtful
from shared.rules.config import IdentityModel, IdentityWay
from shared.rules.grants import EXCHANGE_APP_ID, FRESH, GRAPH_APP_ID
from shared.rules.problems import Refused
from shared.rules.token_claims import TokenClaims
from tests.unit.audit_evidence import (
    CLAIM,
    CLIENT,
    EXPORT,
    FULL,
    NOW,
    OBJECT,
    SMTP,
    claims,
    evidence,
    exported,
    found,
    needs,
)


def role(value: str, resource: str = EXCHANGE_APP_ID) -> dict[str, Any]:
    """An application permission in the export."""
    return {"resource": "an API", "resource_app_id": resource.upper(), "value": value}


def test_what_is_needed_and_nothing_more_is_minimal() -> None:
    """Model rbac: no permission in the token, one scoped role, three roles on the account."""
    judged = judge(needs(), evidence(EXPORT), NOW)
    assert judged.findings == ()
    assert verdict_of(judged.findings) is Verdict.MINIMAL
    assert judged.grants[Area.RBAC] == (f"{SMTP} for mail",)
    assert judged.grants[Area.MAILBOXES] == ("in scope: alerts@contoso.test",)


def test_model_claim_needs_the_permission_and_full_access() -> None:
    """And no role of RBAC for Applications."""
    export = exported(role_assignments=[], mailboxes=FULL)
    assert found(evidence(export, "SMTP.SendAsApp"), needs(CLAIM)) == {}
    assert found(evidence(export), needs(CLAIM))["role-missing"].kind is Kind.MISSING
    none = exported(role_assignments=[], mailboxes=[{**FULL[0], "full_access": False}])
    assert found(evidence(none, "SMTP.SendAsApp"), needs(CLAIM)).keys() == {"full-access-missing"}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("full_access_as_app", "full-access-as-app"),
        ("Mail.ReadWrite", "mail-read-write"),
        ("Mail.Read", "mail-read"),
        ("Mail.Send", "mail-send"),
        ("IMAP.AccessAsApp", "imap-access"),
        ("POP.AccessAsApp", "pop-access"),
        ("Calendars.Read", "exchange-role"),
        ("SMTP.SendAsApp", "models-mixed"),
    ],
)
def test_a_permission_beyond_is_named_with_its_command(value: str, code: str) -> None:
    """Whether the token or the export tells of it, and once where both do."""
    export = {**EXPORT, "app_roles": [role(value)]}
    for of in (evidence(EXPORT, value), evidence(export), evidence(export, value)):
        findings = judge(needs(), of, NOW).findings
        assert [(one.code, one.kind) for one in findings] == [(code, Kind.EXCESS)]
        assert value in findings[0].cause
        assert f"-ServicePrincipalId {OBJECT}" in findings[0].command
        assert f"$_.Value -eq '{value}'" in findings[0].command


def test_high_volume_email_needs_mail_send_on_exchange() -> None:
    """Not on Microsoft Graph, and where it is needed it may be missing."""
    wanted = needs(high_volume=("news@contoso.test",))
    assert found(evidence(EXPORT, "Mail.Send"), wanted) == {}
    assert found(evidence(EXPORT), wanted).keys() == {"role-missing"}
    assert found(evidence(EXPORT, "Mail.Send", graph=("Mail.Send",)), wanted).keys() == {"graph-role"}


def test_any_permission_on_another_api_is_too_much() -> None:
    """Microsoft Graph's by its name, others as such; a token for Graph that nobody got is no fault."""
    assert "Microsoft Graph" in found(evidence(EXPORT, graph=("User.Read.All",)))["graph-role"].cause
    other = {**EXPORT, "app_roles": [role("Sites.Read.All", "00000003-0000-0ff1-ce00-000000000000")]}
    assert found(evidence(other)).keys() == {"other-api-role"}
    assert found(evidence(EXPORT, graph=None)) == {}
    assert found(evidence({**EXPORT, "app_roles": [role("Mail.Read", GRAPH_APP_ID)]}, graph=None)).keys() == {"graph-role"}


def test_without_an_export_the_verdict_is_unknown() -> None:
    """And the finding says how to make one; excess in the token outranks it."""
    for model, roles in ((IdentityModel.RBAC, ()), (CLAIM, ("SMTP.SendAsApp",))):
        findings = judge(replace(needs(model), decoy="decoy@contoso.test"), evidence(None, *roles), NOW).findings
        assert [one.code for one in findings] == ["no-export"]
        told = f"export-grants.ps1 -Identity {CLIENT} -Mailbox 'alerts@contoso.test', 'decoy@contoso.test' -StorageAccountId"
        assert told in findings[0].command
        assert verdict_of(findings) is Verdict.UNKNOWN
    worse = judge(needs(), evidence(None, "Mail.Read"), NOW).findings
    assert [one.code for one in worse] == ["mail-read", "no-export"]
    assert verdict_of(worse) is Verdict.EXCESS


def test_an_export_counts_for_seven_days() -> None:
    """Not longer, not before it was made, and what it says of the time before is no evidence."""
    of = evidence({**EXPORT, "app_roles": [role("Mail.Read")]})
    assert of.export is not None
    made = of.export.exported_at
    codes = {
        at: [one.code for one in judge(needs(), of, at).findings] for at in (made + FRESH, made + FRESH + 1, made - 7200)
    }
    assert list(codes.values()) == [["mail-read"], ["old-export"], ["future-export"]]


@pytest.mark.parametrize(
    ("said", "same"),
    [
        (replace(claims(), application="another"), False),
        (replace(claims(), object="another"), False),
        (replace(claims(), tenant="another"), False),
        (replace(claims(), application=CLIENT.upper(), object=OBJECT.upper()), True),
        (replace(claims(), application="", object="", tenant=""), True),
    ],
)
def test_an_export_of_another_principal_is_no_evidence(said: TokenClaims, same: object) -> None:
    """By any of its ids; ids are the same in any case, and one that the token does not say is no contradiction."""
    named = found(Evidence((Seen(Holder.SENDER, EXCHANGE_APP_ID, said),), evidence(EXPORT).export))
    assert named.keys() == (set() if same else {"other-principal"})


def test_an_export_that_could_not_count_is_refused_by_name() -> None:
    """The field, the cause and the cure, and no value of it."""
    stale, other = evidence(EXPORT), evidence({**EXPORT, "tenant": "secret-tenant"})
    with pytest.raises(Refused) as old:
        refuse_doubtful(stale, NOW + FRESH)
    assert old.value.problems[0].pointer == "/grants/exported_at"
    with pytest.raises(Refused) as wrong:
        refuse_doubtful(other, NOW)
    assert wrong.value.problems[0].pointer == "/grants/principal"
    assert "secret-tenant" not in str(wrong.value.problems)
    with pytest.raises(Refused, match="future"):
        refuse_doubtful(stale, NOW - 9000.0)
    refuse_doubtful(stale, NOW)


def test_without_a_token_the_verdict_is_unknown() -> None:
    """Also where the export says nothing bad: the permissions of the token in use are not known."""
    of = replace(evidence(EXPORT), tokens=())
    assert found(of).keys() == {"no-token"}
    assert verdict_of(found(of).values()) is Verdict.UNKNOWN


def test_the_identitys_own_permissions_beside_an_app_registration() -> None:
    """It is only that one's credential, so every permission is too much; the command names the identity."""
    own = replace(claims("SMTP.SendAsApp"), application="i-1", object="ab-2")
    of = evidence(EXPORT)
    of = replace(
        of, tokens=(*of.tokens, Seen(Holder.IDENTITY, EXCHANGE_APP_ID, own), Seen(Holder.IDENTITY, GRAPH_APP_ID, own))
    )
    named = found(of, needs(way=IdentityWay.FEDERATED))
    assert named.keys() == {"exchange-role", "graph-role"}
    assert all("beside the app registration" in one.cause and "ab-2" in one.command for one in named.values())
    assert judge(needs(), of, NOW).grants[Area.EXCHANGE] == ("SMTP.SendAsApp (the identity itself)",)


def test_unknown_ids_stay_placeholders() -> None:
    """And so does one that could not be an id."""
    odd = Seen(Holder.SENDER, EXCHANGE_APP_ID, replace(claims("Mail.Read"), object="a'; b"))
    assert "-ServicePrincipalId <object id> " in found(Evidence((odd,)))["mail-read"].command


def test_what_a_row_has_to_hold_is_bounded() -> None:
    """Many findings and many or long names, and a change among those that are left out still shows."""

    def judged(last: str) -> Any:  # noqa: ANN401 - a judgement; its type is the rule's own
        boxes = [{"address": f"{n:03}@{'x' * 200}.test", "exists": True, "in_scope": True} for n in range(499)]
        return judge(needs(), evidence(exported(mailboxes=[*boxes, {**boxes[0], "address": last}])), NOW)

    one, other = judged("zz1@contoso.test"), judged("zz2@contoso.test")
    assert len(one.findings) == MOST_FINDINGS + 1
    assert one.findings[-1].code == "more-findings"
    names = one.grants[Area.MAILBOXES]
    assert len(names) == MOST_NAMES + 1
    assert max(map(len, names)) <= LONGEST_NAME
    assert set(names) != set(other.grants[Area.MAILBOXES])
